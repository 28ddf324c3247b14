"""Facts in, status out: what each of the six steps makes of the facts. Pure; no I/O, no clock, nothing remembered.

Each step is judged by itself into a verdict: done, to do, a problem, or not to be judged yet. Only then the first that
is to do becomes the current one. There is no order of screens and no "next": going back needs no code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.errors import ServerError
from cave_setup.guiding import doubtful_slots, is_clearly_ours, waiting_slot, what_is_wrong, wrong_secrets
from cave_setup.keeping import are_files_in_place, judge_keeping
from cave_setup.models import (
    Account,
    Credential,
    DatastackRecord,
    Facts,
    PermissionMissing,
    Status,
    Step,
    Terms,
    TermsOpen,
    TokenRefused,
    TokenStatus,
    UnknownDatastack,
    Verdict,
    deployment_of,
    home_of,
    likely_meant,
)

if TYPE_CHECKING:
    from cave_setup.models import State, StepKey


def plan(facts: Facts) -> Status:
    """Judge the facts.

    Parameters
    ----------
    facts : Facts
        As `cave_setup.observe.observe` gathered them.

    Returns
    -------
    Status
        Always with all six steps.

    """
    verdicts: dict[StepKey, Verdict] = {
        "environment": _environment(facts),
        "account": _account(facts),
        "terms": _terms(facts),
        "token": _token(facts),
        "save": judge_keeping(facts),
    }
    verdicts["ready"] = _ready(facts, verdicts)
    steps = _in_order(verdicts)
    account = facts.server.account
    return Status(
        ready=all(step.state == "done" for step in steps),
        steps=steps,
        token=_token_status(facts),
        account=account if isinstance(account, Account) else None,
        missing_terms=_terms_in_the_way(facts),
        facts=facts,
    )


def follows(status: Status) -> Literal["", "save"]:
    """Say what may follow by itself, without a person being asked.

    Saving does, of a token that a person has just given or had made: that is what it was given for. Not where something
    has to be decided (a different token stands there, a file is damaged, files do not last), and not twice.
    """
    facts, save = status.facts, status.step("save")
    if facts.credential is None or not facts.credential.given or not isinstance(facts.server.account, Account):
        return ""
    if facts.environment.keeps_for_a_run:
        return ""
    is_damaged = any(target.verdict == "repair" for target in facts.store.targets)
    return "save" if save.need == "save" and save.state != "problem" and not is_damaged else ""


def _in_order(verdicts: dict[StepKey, Verdict]) -> tuple[Step, ...]:
    steps = []
    first = True
    for key, verdict in verdicts.items():
        state: State = verdict.state if verdict.state != "todo" else ("current" if first else "waiting")
        first = first and state == "done"
        steps.append(
            Step(
                key=key,
                state=state,
                title=verdict.title or words.STEP_TITLES[key],
                summary=verdict.summary,
                remedy=verdict.remedy,
                need=verdict.need,
                notes=verdict.notes,
                seconds=verdict.seconds,
            )
        )
    return tuple(steps)


def _problem(error: ServerError, seconds: float | None = None) -> Verdict:
    return Verdict("problem", error.sentence, error.remedy, "retry", seconds=seconds)


def _unreachable(facts: Facts, error: ServerError, seconds: float | None) -> Verdict:
    """Say why the server could not be asked, or which one was likely meant instead."""
    meant, problem = likely_meant(facts.server_address.host), _problem(error, seconds)
    if meant:
        return replace(problem, remedy=words.did_you_mean(meant.host), need="change-server")
    # It may be the place, and not the server, that keeps the two apart.
    note = words.NO_INTERNET.get(facts.environment.key)
    return replace(problem, notes=(note,)) if note else problem


# ------------------------------------------------------------------------------------------------ the six steps


def _environment(facts: Facts) -> Verdict:
    environment, store = facts.environment, facts.store
    obstacle = store.obstacle and not are_files_in_place(facts)
    usual = {True: words.HOME_KEPT, False: words.HOME_LOST, None: words.HOME_UNKNOWN}[environment.home_persists]
    what = (environment.detail, words.FRONT_ENDS.get(environment.front_end, ""), environment.home or usual)
    notes = (
        words.known_by(environment.seen) if environment.seen and environment.certainty == "likely" else "",
        words.HOME_QUESTION if environment.home_persists is None and environment.keeping != "secret" else "",
        words.home_said_to_last(environment.home_disk) if environment.home_disk else "",
        words.folder_not_writable(store.folder, store.obstacle) if obstacle else "",
    )
    return Verdict(
        "done", " · ".join(filter(None, what)), title=environment.name, notes=tuple(note for note in notes if note)
    )


def _account(facts: Facts) -> Verdict:
    host = facts.server_address.netloc
    credential, account, seconds = facts.credential, facts.server.account, facts.server.seconds.get("account")
    if (failed := facts.problems.get("account")) is not None:
        return Verdict("problem", failed.sentence, failed.remedy, "sign-in")
    if facts.environment.keeping == "nowhere" and credential is None:
        return Verdict("problem", words.NOT_POSSIBLE_HERE, words.NOT_KEPT_HERE_REMEDY, "retry")
    if credential is None:
        if isinstance(facts.server.reachable, ServerError):
            problem = _unreachable(facts, facts.server.reachable, facts.server.seconds.get("reachable"))
            return replace(problem, notes=(*problem.notes, *_wrong_secrets(facts)))
        return _no_token(facts)
    if credential.other_server:
        other = deployment_of(credential.other_server)
        sentence = words.token_of_another_server(credential.token.masked, credential.where, other)
        return Verdict("problem", sentence, words.token_of_another_server_remedy(other, host), "sign-in")
    notes = _notes_on_credentials(facts)
    if isinstance(account, TokenRefused):
        sentence = words.token_refused(credential.token.masked, credential.where, host)
        return Verdict("problem", sentence, words.TOKEN_REFUSED_REMEDY, "new-token", notes=notes, seconds=seconds)
    if isinstance(account, ServerError):
        return _unreachable(facts, account, seconds)
    if account is None:
        return Verdict("waiting", words.ACCOUNT_NOT_KNOWN)
    who = " · ".join(part for part in (account.name, account.email) if part) or f"account {account.id}"
    return Verdict("done", who, notes=notes, seconds=seconds)


def _no_token(facts: Facts) -> Verdict:
    """Say what there is instead of a token: a secret that has not arrived, a secret that is none, or nothing."""
    host, slot, wrong = facts.server_address.netloc, waiting_slot(facts), _wrong_secrets(facts)
    if slot is not None and not any(map(is_clearly_ours, facts.secret_variables)):
        sentence = words.slot_not_arrived(slot.shown, slot.variable)
        return Verdict("todo", sentence, words.RESTART_REMEDY, "restart", notes=wrong)
    doubtful = tuple(words.slot_in_doubt(one.shown, one.variable) for one in doubtful_slots(facts))
    sentence = words.no_token_in_secrets(host, wrong[0]) if wrong else words.no_token_here(host)
    # Who wonders where the token has gone finds it here.
    damaged = tuple(
        f"{words.file_damaged(file.shown, words.DAMAGE[file.damage])}." for file in facts.store.files if file.damage
    )
    return Verdict("todo", sentence, words.SIGN_IN_REMEDY, "sign-in", notes=wrong[1:] + doubtful + damaged)


def _wrong_secrets(facts: Facts) -> tuple[str, ...]:
    return tuple(what_is_wrong(found, facts.server_address.netloc) for found in wrong_secrets(facts))


def _notes_on_credentials(facts: Facts) -> tuple[str, ...]:
    credential = facts.credential
    if credential is None:
        return ()
    cleaned = (words.cleaned(credential.cleaned),) if credential.cleaned else ()
    others = [words.credential_at(other.token.masked, other.where) for other in facts.credentials[1:]]
    return cleaned + ((words.several_differ(_winner(facts, credential), others),) if others else ())


def _winner(facts: Facts, credential: Credential) -> str:
    """Say whose word counts where several tokens differ."""
    if credential.given:
        return words.GIVEN_WINS
    has_secrets = facts.environment.variables_first
    if credential.source == "file":
        return words.SECRETS_UNKNOWN if has_secrets else words.FILE_WINS
    if not has_secrets or not isinstance(facts.server.account, Account):
        return ""
    has_file = any(other.source == "file" for other in facts.credentials)
    return words.SECRET_WINS if has_file else words.VARIABLE_WINS


def _terms(facts: Facts) -> Verdict:
    account, access = facts.server.account, facts.server.access
    seconds = facts.server.seconds.get("access")
    if not isinstance(account, Account):
        return Verdict("waiting", words.TERMS_WAIT)
    if isinstance(access, ServerError):
        return _problem(access, seconds)
    in_the_way = _terms_in_the_way(facts)
    others = [terms.name for terms in account.missing_terms if terms not in in_the_way]
    notes = (words.terms_of_other_data(others),) if others else ()
    if in_the_way and (failed := facts.problems.get("terms")) is not None:
        return Verdict("problem", failed.sentence, failed.remedy, "accept-terms", notes=notes)
    if in_the_way:
        names = ", ".join(terms.name for terms in in_the_way)
        return Verdict(
            "todo", words.terms_open(names), words.TERMS_REMEDY, "accept-terms", notes=notes, seconds=seconds
        )
    if isinstance(access, UnknownDatastack | TokenRefused) or access is None:
        return Verdict("waiting", words.TERMS_UNKNOWN)
    return Verdict("done", words.terms_accepted(facts.datastack), notes=notes, seconds=seconds)


def _terms_in_the_way(facts: Facts) -> tuple[Terms, ...]:
    """Give the terms that keep the chosen datastack closed.

    A service that still refuses for terms which the account's own list no longer has only remembers an old refusal
    (WIRE section 8): those are accepted.
    """
    account = facts.server.account
    if not isinstance(account, Account):
        return ()
    for answer in (facts.server.access, facts.server.versions):
        if isinstance(answer, TermsOpen):
            return tuple(terms for terms in account.missing_terms if terms.id == answer.terms.id)
    return ()


def _token(facts: Facts) -> Verdict:
    credential, keys = facts.credential, facts.server.keys
    seconds = facts.server.seconds.get("keys")
    if credential is None or not isinstance(facts.server.account, Account):
        return Verdict("waiting", words.TOKEN_WAIT, notes=facts.reports)
    if isinstance(keys, ServerError):
        return _problem(keys, seconds)
    if not isinstance(keys, tuple):
        return Verdict("problem", words.KEYS_UNKNOWN, words.KEYS_UNKNOWN_REMEDY, "retry", seconds=seconds)
    if (failed := facts.problems.get("token")) is not None:
        return Verdict("problem", failed.sentence, failed.remedy, "retry" if facts.is_lasting else "lasting-key")
    if facts.is_lasting:
        description = facts.own_key.description if facts.own_key else ""
        found = words.lasting_key(description, credential.token.masked)
        return Verdict("done", found, notes=facts.reports, seconds=seconds)
    left = facts.server.seconds_left
    duration = words.duration(left if isinstance(left, int) else None)
    sentence = words.sign_in_token(credential.token.masked, duration)
    return Verdict("problem", sentence, words.SIGN_IN_TOKEN_REMEDY, "lasting-key", notes=facts.reports, seconds=seconds)


def _ready(facts: Facts, verdicts: dict[StepKey, Verdict]) -> Verdict:
    access, versions = facts.server.access, facts.server.versions
    seconds = facts.server.seconds.get("versions")
    if not isinstance(facts.server.account, Account):
        return Verdict("waiting", words.READY_WAIT)
    for answer in (access, versions):
        if isinstance(answer, ServerError) and not isinstance(access, ServerError):
            return _problem(answer, seconds)
        if isinstance(answer, PermissionMissing):
            sentence = words.permission_missing(facts.datastack, answer.permission)
            return Verdict("problem", sentence, words.permission_missing_remedy(answer.dataset), "change-server")
        if isinstance(answer, UnknownDatastack):
            sentence = words.unknown_datastack(facts.datastack, facts.server_address.netloc)
            home = home_of(facts.datastack)
            is_elsewhere = home is not None and home.host != deployment_of(facts.server_address.netloc)
            remedy = words.datastack_is_on(facts.datastack, home.host) if home and is_elsewhere else None
            return Verdict("problem", sentence, remedy or words.UNKNOWN_DATASTACK_REMEDY, "change-server")
        if isinstance(answer, TermsOpen) and not _terms_in_the_way(facts):
            return Verdict("todo", words.ACCEPTED_NOT_NOTICED, words.ACCEPTED_NOT_NOTICED_REMEDY, "wait")
        if isinstance(answer, TokenRefused):
            host = access.data_server.netloc if isinstance(access, DatastackRecord) else facts.server_address.netloc
            return Verdict("problem", words.data_server_refused(host), words.DATA_SERVER_REFUSED_REMEDY, "wait")
    if not isinstance(versions, tuple):
        return Verdict("waiting", words.READY_WAIT)
    readable = words.versions_readable(facts.datastack, len(versions))
    open_steps = [
        verdict.title or words.STEP_TITLES[key] for key, verdict in verdicts.items() if verdict.state != "done"
    ]
    if open_steps:
        return Verdict("waiting", f"{readable}; {words.still_to_do(open_steps)}", seconds=seconds)
    return Verdict("done", readable, seconds=seconds)


# -------------------------------------------------------------------------------------------------- the token


def _token_status(facts: Facts) -> TokenStatus | None:
    credential = facts.credential
    if credential is None:
        return None
    kind: Literal["api-key", "sign-in", "unknown"] = "unknown"
    if isinstance(facts.server.account, Account) and isinstance(facts.server.keys, tuple):
        kind = "api-key" if facts.is_lasting else "sign-in"
    left = facts.server.seconds_left
    return TokenStatus(
        source=credential.source,
        where=credential.where,
        masked=credential.token.masked,
        kind=kind,
        expires_in=left if kind == "sign-in" and isinstance(left, int) else None,
    )
