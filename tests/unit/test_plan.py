"""Facts in, steps out: the whole judgement as a table, and what holds for every row that could be added."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.facts import (
    ADA,
    ARRIVED,
    ATTACHED,
    CAPSULE,
    COP,
    DATA_FILE,
    DEFAULT_FILE,
    FOLDER,
    FOR_V1DD,
    FROM_FILE,
    KEY,
    LAPTOP,
    MICRONS,
    MOUNTED,
    NO_FILES,
    NOTHING_ATTACHED,
    OTHER,
    PASTED,
    RECORD,
    SAVED,
    SECOND,
    SERVER_FILE,
    TOKEN,
    VERSIONS,
    WRAPPED,
    facts,
    nothing_yet,
    pasted,
    target,
    token_file,
)

from cave_setup import errors, words
from cave_setup.environment import choose
from cave_setup.keeping import can_activate
from cave_setup.models import (
    Account,
    ApiKey,
    Credential,
    PermissionMissing,
    StoreFacts,
    TermsOpen,
    TokenRefused,
    UnknownDatastack,
)
from cave_setup.plan import follows, plan
from cave_setup.report import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cave_setup.models import Facts, Need, SecretVariable, Status, StepKey

KEYS: tuple[StepKey, ...] = ("environment", "account", "terms", "token", "save", "ready")
LETTER = {"done": "✓", "current": "→", "problem": "!", "waiting": "·"}
V1DD = "global.em.brain.allentech.org"

REFUSED = TokenRefused()
HANGS = errors.ServerTimeout("minnie.microns-daf.com")
OPEN_ADA = replace(ADA, missing_terms=(MICRONS,))
NO_PERMISSION = PermissionMissing("view", "private_stack")
QUOTED = replace(MOUNTED, where="CUSTOM_KEY")
FULL = {"save": errors.FolderNotWritable("It is full.", "Make room.")}
DEAD = {"account": REFUSED, "keys": REFUSED, "access": REFUSED, "versions": None}
TERMS_OPEN = {"account": OPEN_ADA, "access": TermsOpen(MICRONS), "versions": None}
DIFFERENT = StoreFacts(
    folder=FOLDER,
    files=(token_file(SERVER_FILE, OTHER),),
    for_caveclient=token_file(SERVER_FILE, OTHER),
    targets=(
        target(DEFAULT_FILE, words.READER_DEFAULT),
        target(SERVER_FILE, words.READER_CAVECLIENT, "replace", token_file(SERVER_FILE, OTHER)),
    ),
)
STALE_DEFAULT = StoreFacts(
    folder=FOLDER,
    files=(token_file(DEFAULT_FILE, OTHER), token_file(SERVER_FILE)),
    for_caveclient=token_file(SERVER_FILE),
    for_cloud_volume=token_file(DEFAULT_FILE, OTHER),
    targets=(target(DEFAULT_FILE, words.READER_DEFAULT, "replace", token_file(DEFAULT_FILE, OTHER)),),
)
FOREIGN_DEFAULT = replace(
    NO_FILES, targets=(target(DEFAULT_FILE, words.READER_DEFAULT, "foreign", token_file(DEFAULT_FILE, OTHER), V1DD),)
)


def damaged(damage: Any) -> StoreFacts:
    file = token_file(SERVER_FILE, None, damage=damage)
    verdict = "add" if damage == "no-token" else "repair"
    return StoreFacts(
        folder=FOLDER,
        files=(file,),
        for_caveclient=file,
        targets=(target(SERVER_FILE, words.READER_CAVECLIENT, verdict, file),),
    )


def all_hang(error: errors.ServerError) -> dict[str, Any]:
    return {"account": error, "keys": error, "access": error, "versions": None}


# name: (facts, the six states as letters, what is needed of the step in focus)
TABLE: dict[str, tuple[Facts, str, Need]] = {
    "all done": (facts(), "✓✓✓✓✓✓", ""),
    "nothing yet": (nothing_yet(), "✓→····", "sign-in"),
    "nothing yet, server down": (nothing_yet(reachable=HANGS), "✓!····", "retry"),
    "pasted, all well": (pasted(), "✓✓✓✓→·", "save"),
    "pasted, terms open": (pasted(**TERMS_OPEN), "✓✓→✓··", "accept-terms"),
    "pasted, dead": (pasted(**DEAD), "✓!····", "new-token"),
    "pasted, server hangs": (pasted(**all_hang(HANGS)), "✓!····", "retry"),
    "pasted, a sign-in token": (pasted(keys=(), seconds_left=86400), "✓✓✓!··", "lasting-key"),
    "pasted, a sign-in token of an account with keys": (
        pasted(keys=(ApiKey(9, OTHER, "hub", "", ""),), seconds_left=None),
        "✓✓✓!··",
        "lasting-key",
    ),
    "pasted, another deployment's": (
        pasted(credentials=(replace(PASTED, other_server=V1DD),), **all_hang(None)),  # type: ignore[arg-type]
        "✓!····",
        "sign-in",
    ),
    "pasted, a different one is saved": (pasted(store=DIFFERENT), "✓✓✓✓→·", "replace"),
    "pasted, the default file is another deployment's": (pasted(store=FOREIGN_DEFAULT), "✓✓✓✓→·", "save"),
    "pasted, the file is not JSON": (pasted(store=damaged("not-json")), "✓✓✓✓→·", "save"),
    "pasted, the file has no token": (pasted(store=damaged("no-token")), "✓✓✓✓→·", "save"),
    "pasted, the file cannot be opened": (pasted(store=damaged("unreadable")), "✓✓✓✓!·", "retry"),
    "saved, cloud-volume would read another": (facts(store=STALE_DEFAULT), "✓✓✓✓→·", "replace"),
    "saved, cloud-volume would read nothing": (facts(store=replace(SAVED, for_cloud_volume=None)), "✓✓✓✓→·", "save"),
    "saved in the legacy file only": (
        facts(store=replace(NO_FILES, files=(token_file(f"{FOLDER}/chunkedgraph-secret.json"),))),
        "✓✓✓✓→·",
        "save",
    ),
    "saved, dead": (facts(**DEAD), "✓!····", "new-token"),
    "saved, server down": (facts(**all_hang(errors.ConnectionRefused("h"))), "✓!··✓·", "retry"),
    "saved, terms open": (facts(**TERMS_OPEN), "✓✓→✓✓·", "accept-terms"),
    "saved, terms open at the data server": (
        facts(account=OPEN_ADA, versions=TermsOpen(MICRONS)),
        "✓✓→✓✓·",
        "accept-terms",
    ),
    "saved, other data sets' terms open": (facts(account=replace(ADA, missing_terms=(SECOND,))), "✓✓✓✓✓✓", ""),
    "saved, accepted a moment ago": (facts(access=TermsOpen(MICRONS), versions=None), "✓✓✓✓✓→", "wait"),
    "saved, accepted a moment ago, noticed by half": (facts(versions=TermsOpen(MICRONS)), "✓✓✓✓✓→", "wait"),
    "pasted, accepted a moment ago": (pasted(versions=TermsOpen(MICRONS)), "✓✓✓✓→·", "save"),
    "saved, no permission": (facts(access=NO_PERMISSION, versions=None), "✓✓✓✓✓!", "change-server"),
    "saved, no permission at the data server": (facts(versions=NO_PERMISSION), "✓✓✓✓✓!", "change-server"),
    "saved, unknown datastack": (facts(access=UnknownDatastack("minnie"), versions=None), "✓✓·✓✓!", "change-server"),
    "saved, the data server does not know the token": (facts(versions=REFUSED), "✓✓✓✓✓!", "wait"),
    "saved, the data server hangs": (facts(versions=HANGS), "✓✓✓✓✓!", "retry"),
    "saved, the info service is broken": (facts(access=HANGS, versions=None), "✓✓!✓✓·", "retry"),
    "saved, the list of keys is broken": (facts(keys=HANGS), "✓✓✓!✓·", "retry"),
    "saved, a sign-in token": (facts(keys=(), seconds_left=86400), "✓✓✓!✓·", "lasting-key"),
    "saved, several differ": (
        facts(credentials=(FROM_FILE, Credential(OTHER, "environment", "CAVE_TOKEN"))),
        "✓✓✓✓✓✓",
        "",
    ),
    "capsule, mounted": (
        facts(environment=CAPSULE, store=NO_FILES, credentials=(MOUNTED,), secret_variables=(ARRIVED,)),
        "✓✓✓✓✓✓",
        "",
    ),
    "capsule, pasted": (pasted(environment=CAPSULE), "✓✓✓✓→·", "mount"),
    "capsule, in a file": (facts(environment=CAPSULE), "✓✓✓✓→·", "mount"),
    "capsule, mounted and dead": (
        facts(environment=CAPSULE, store=NO_FILES, credentials=(MOUNTED,), secret_variables=(ARRIVED,), **DEAD),
        "✓!····",
        "new-token",
    ),
    "capsule, nothing yet": (nothing_yet(environment=CAPSULE), "✓→····", "sign-in"),
    "capsule, mounted with quotes": (
        facts(environment=CAPSULE, store=NO_FILES, credentials=(QUOTED,), secret_variables=(WRAPPED,)),
        "✓✓✓✓!·",
        "mount",
    ),
    "capsule, attached and not arrived": (nothing_yet(environment=CAPSULE, platform=ATTACHED), "✓→····", "restart"),
    "capsule, pasted, attached and not arrived": (pasted(environment=CAPSULE, platform=ATTACHED), "✓✓✓✓→·", "restart"),
    "capsule, another secret arrived": (
        nothing_yet(environment=CAPSULE, platform=NOTHING_ATTACHED, secret_variables=(COP, FOR_V1DD)),
        "✓→····",
        "sign-in",
    ),
    "capsule, mounted, the files for this run failed": (
        facts(environment=CAPSULE, store=NO_FILES, credentials=(MOUNTED,), secret_variables=(ARRIVED,), problems=FULL),
        "✓✓✓✓!·",
        "retry",
    ),
    "own computer, in a variable": (pasted(credentials=(MOUNTED,)), "✓✓✓✓→·", "save"),
    "save refused: read-only": (
        pasted(problems={"save": errors.FolderNotWritable("It is read-only.", "Make it writable.")}),
        "✓✓✓✓!·",
        "save",
    ),
    "save refused: a different token": (
        pasted(store=DIFFERENT, problems={"save": errors.WouldReplace("A different one.", "Decide.")}),
        "✓✓✓✓!·",
        "replace",
    ),
    "sign-in failed": (nothing_yet(problems={"account": errors.ServerTimeout("host")}), "✓!····", "sign-in"),
    "sign-in failed, a dead token is there": (
        facts(problems={"account": errors.SignInTimeout("Nobody came.", "Again.")}, **DEAD),
        "✓!····",
        "sign-in",
    ),
    "terms could not be sent": (
        facts(problems={"terms": errors.ServerBroken("host", "500")}, **TERMS_OPEN),
        "✓✓!✓✓·",
        "accept-terms",
    ),
    "terms accepted by now": (facts(problems={"terms": errors.ServerBroken("host", "500")}), "✓✓✓✓✓✓", ""),
    "a lasting key could not be made": (
        pasted(problems={"token": errors.ServerBroken("host", "500")}, keys=(), seconds_left=600_000),
        "✓✓✓!··",
        "lasting-key",
    ),
    "a key could not be replaced": (
        facts(problems={"token": errors.RotationStopped("The old one works.", "Again.")}),
        "✓✓✓!✓·",
        "retry",
    ),
    "save refused, but it is there by now": (
        facts(problems={"save": errors.StoreBusy("Busy.", "Again.")}),
        "✓✓✓✓✓✓",
        "",
    ),
}


def letters(status: Status) -> str:
    return "".join(LETTER[step.state] for step in status.steps)


@pytest.mark.parametrize(("made_up", "states", "need"), TABLE.values(), ids=TABLE)
def test_the_table(made_up: Facts, states: str, need: Need) -> None:
    status = plan(made_up)
    assert letters(status) == states
    assert status.focus.need == need
    assert status.ready == (states == "✓✓✓✓✓✓")


GIVEN = replace(PASTED, given=True)
FOLLOWS: dict[str, tuple[Facts, str]] = {
    "given just now": (facts(store=NO_FILES, credentials=(GIVEN,)), "save"),
    "given, terms open": (facts(store=NO_FILES, credentials=(GIVEN,), **TERMS_OPEN), "save"),
    "given, saved where one reader does not look": (
        facts(
            store=replace(SAVED, for_cloud_volume=None, targets=(target(DATA_FILE, "read by cloud-volume"),)),
            credentials=(replace(FROM_FILE, given=True),),
        ),
        "save",
    ),
    "given, saved": (facts(credentials=(replace(FROM_FILE, given=True),)), ""),
    "found and not given": (facts(store=STALE_DEFAULT), ""),
    "given, in a home that goes with a demo": (
        facts(store=replace(NO_FILES, obstacle=words.OF_A_DEMO), credentials=(GIVEN,)),
        "",
    ),
    "in a variable, not given": (facts(store=NO_FILES, credentials=(MOUNTED,)), ""),
    "a different token there": (facts(store=DIFFERENT, credentials=(GIVEN,)), ""),
    "a damaged file there": (facts(store=damaged("not-json"), credentials=(GIVEN,)), ""),
    "files do not last": (facts(store=NO_FILES, credentials=(GIVEN,), environment=CAPSULE), ""),
    "a sign-in token": (facts(store=NO_FILES, credentials=(GIVEN,), keys=(), seconds_left=600_000), ""),
    "not verified": (facts(store=NO_FILES, credentials=(GIVEN,), account=HANGS), ""),
    "refused": (facts(store=NO_FILES, credentials=(GIVEN,), **DEAD), ""),
    "tried already, in vain": (
        facts(store=NO_FILES, credentials=(GIVEN,), problems={"save": errors.StoreBusy("Busy.", "Again.")}),
        "",
    ),
    "nothing yet": (nothing_yet(), ""),
}


@pytest.mark.parametrize(("made_up", "expected"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_follows_by_itself(made_up: Facts, expected: str) -> None:
    assert follows(plan(made_up)) == expected


# ----------------------------------------------------------------------------------- what each step says and does


def summary(made_up: Facts, key: StepKey) -> str:
    return plan(made_up).step(key).summary


@pytest.mark.parametrize(
    ("made_up", "key", "said"),
    [
        pytest.param(facts(), "environment", "kept", id="home is kept"),
        pytest.param(facts(environment=CAPSULE), "environment", "gone at shutdown", id="home is lost"),
        pytest.param(facts(), "account", "Ada Lovelace · ada@example.org", id="who"),
        pytest.param(facts(account=Account(7, "", "")), "account", "account 7", id="without name and e-mail"),
        pytest.param(facts(), "token", "key “ada-laptop” ····d0d8, no expiry", id="key"),
        pytest.param(facts(keys=(replace(KEY, description=""),)), "token", "key ····d0d8", id="key without a name"),
        pytest.param(facts(keys=(), seconds_left=6 * 86400), "token", "6 days", id="days left"),
        pytest.param(facts(keys=(), seconds_left=HANGS), "token", "at most 7 days", id="days left unknown"),
        pytest.param(facts(**TERMS_OPEN), "terms", "MICrONS Public: not accepted yet", id="open terms"),
        pytest.param(facts(), "save", "3 files in ~/.cloudvolume/secrets", id="three files"),
        pytest.param(facts(**DEAD), "save", "hold the token that the server refused", id="dead and saved"),
        pytest.param(facts(store=STALE_DEFAULT), "save", "cloud-volume would read another token, ····3210", id="stale"),
        pytest.param(facts(), "ready", "minnie65_public: 12 versions readable", id="versions"),
        pytest.param(facts(versions=(1,)), "ready", "1 version readable", id="one version"),
        pytest.param(pasted(), "ready", "still to do: Save on this computer", id="what is left"),
        pytest.param(facts(**DEAD), "account", "global.daf-apis.com does not know the token ····d0d8", id="dead"),
        pytest.param(facts(versions=REFUSED), "ready", "minnie.microns-daf.com", id="which server refused"),
        pytest.param(facts(access=NO_PERMISSION, versions=None), "ready", "may view it", id="which permission"),
        pytest.param(nothing_yet(), "account", "no token for global.daf-apis.com", id="no token"),
    ],
)
def test_a_step_says_what_was_found(made_up: Facts, key: StepKey, said: str) -> None:
    assert said in summary(made_up, key)


def test_a_missing_permission_is_not_blamed_on_the_token() -> None:
    remedy = plan(facts(access=NO_PERMISSION, versions=None)).step("ready").remedy
    assert remedy is not None
    assert "private_stack" in remedy
    assert "token is fine" in remedy


def test_another_deployments_token_names_both_servers_and_was_not_sent() -> None:
    step = plan(pasted(credentials=(replace(PASTED, other_server=V1DD),), **all_hang(HANGS))).step("account")
    assert V1DD in step.summary
    assert "was not sent to global.daf-apis.com" in (step.remedy or "")


def test_who_wonders_where_the_token_has_gone_is_told_of_a_damaged_file() -> None:
    broken = replace(token_file(SERVER_FILE, None), damage="not-json")
    step = plan(nothing_yet(store=replace(NO_FILES, files=(broken,)))).step("account")
    assert step.notes == (f"{SERVER_FILE} is damaged: it is not JSON.",)


def test_whether_the_home_is_kept_is_not_asked_where_the_token_is_a_secret() -> None:
    asked = {
        place: plan(nothing_yet(environment=choose(place, {}, Path("/nowhere"))))
        for place in ("deepnote", "jupyterhub")
    }
    assert [words.HOME_QUESTION in status.step("environment").notes for status in asked.values()] == [False, True]


def test_a_part_of_another_deployment_is_named_by_its_accounts_server() -> None:
    made_up = pasted(credentials=(replace(PASTED, other_server=f"globalv1.{V1DD.removeprefix('global.')}"),))
    assert V1DD in summary(made_up, "account")


def test_tokens_that_differ_are_told_masked_with_their_places() -> None:
    made_up = facts(credentials=(FROM_FILE, Credential(OTHER, "environment", "CAVE_TOKEN")))
    assert any("····3210 (CAVE_TOKEN)" in note for note in plan(made_up).step("account").notes)


def test_what_was_cleaned_off_is_told() -> None:
    assert any("quotes" in note for note in plan(pasted()).step("account").notes)


def test_other_data_sets_terms_are_told_but_not_in_the_way() -> None:
    status = plan(facts(account=replace(ADA, missing_terms=(SECOND,))))
    assert any("Second Public" in note for note in status.step("terms").notes)
    assert status.missing_terms == ()


@pytest.mark.parametrize(
    "answers", [TERMS_OPEN, {"account": OPEN_ADA, "versions": TermsOpen(MICRONS)}], ids=["info", "data"]
)
def test_only_the_chosen_datastacks_terms_are_missing(answers: dict[str, Any]) -> None:
    account = replace(ADA, missing_terms=(SECOND, MICRONS))
    assert plan(facts(**{**answers, "account": account})).missing_terms == (MICRONS,)


def test_a_service_that_has_not_noticed_leaves_no_terms_missing() -> None:
    status = plan(facts(access=TermsOpen(MICRONS), versions=None))
    assert status.missing_terms == ()
    assert status.step("ready").summary == words.ACCEPTED_NOT_NOTICED


def test_a_foreign_default_file_is_told_and_left_alone() -> None:
    notes = plan(pasted(store=FOREIGN_DEFAULT)).step("save").notes
    assert any(V1DD in note and "left alone" in note for note in notes)


@pytest.mark.parametrize("damage", ["not-json", "not-an-object", "not-a-token", "unreadable"])
def test_a_damaged_file_is_named_with_its_fault(damage: str) -> None:
    step = plan(pasted(store=damaged(damage))).step("save")
    told = f"{step.summary} {step.notes}"
    assert SERVER_FILE in told
    assert words.DAMAGE[damage] in told


def test_a_variable_alone_is_told_not_to_be_enough_for_caveclient() -> None:
    assert any("CAVE_TOKEN" in note for note in plan(pasted(credentials=(MOUNTED,))).step("save").notes)


def test_a_file_that_others_can_read_is_told_though_all_is_done() -> None:
    store = replace(SAVED, files=(*SAVED.files[:2], token_file(DATA_FILE, mode=0o644)))
    status = plan(facts(store=store))
    assert status.ready
    assert any(DATA_FILE in note for note in status.step("save").notes)


@pytest.mark.parametrize("secrets", [(COP,), (FOR_V1DD,), (COP, FOR_V1DD)])
def test_a_secret_that_is_no_token_for_here_is_told_where_there_is_none(secrets: tuple[SecretVariable, ...]) -> None:
    step = plan(nothing_yet(environment=CAPSULE, secret_variables=secrets)).step("account")
    for secret in secrets:
        assert secret.name in f"{step.summary} {step.notes}"
    assert "no token for global.daf-apis.com" in step.summary


def test_what_else_is_mounted_is_of_no_interest_once_there_is_a_good_token() -> None:
    status = plan(facts(environment=CAPSULE, credentials=(MOUNTED,), secret_variables=(ARRIVED, COP)))
    assert status.ready
    assert "API_SECRET" not in as_text(status)


def test_files_written_for_this_run_are_told() -> None:
    mounted = {"environment": CAPSULE, "credentials": (MOUNTED,), "secret_variables": (ARRIVED,)}
    assert words.FILES_THIS_RUN in plan(facts(**mounted)).step("save").notes
    assert words.FILES_THIS_RUN not in plan(facts(store=NO_FILES, **mounted)).step("save").notes


@pytest.mark.parametrize(
    ("made_up", "can"),
    [
        (facts(environment=CAPSULE, store=NO_FILES, credentials=(MOUNTED,), secret_variables=(ARRIVED,)), True),
        (pasted(environment=CAPSULE), True),
        (facts(environment=CAPSULE), False),
        (pasted(), False),
        (pasted(environment=replace(CAPSULE, home_persists=None)), True),
        (pasted(environment=replace(LAPTOP, home_persists=None)), False),
        (pasted(environment=CAPSULE, keys=(), seconds_left=60), False),
        (pasted(environment=CAPSULE, **DEAD), False),
        (nothing_yet(environment=CAPSULE), False),
    ],
)
def test_files_for_this_run_are_for_places_where_none_last(made_up: Facts, *, can: bool) -> None:
    assert can_activate(plan(made_up)) is can


@pytest.mark.parametrize(
    ("made_up", "says"),
    [
        (facts(credentials=(FROM_FILE, replace(MOUNTED, token=OTHER))), words.FILE_WINS),
        (
            facts(
                environment=CAPSULE, credentials=(MOUNTED, replace(FROM_FILE, token=OTHER)), secret_variables=(ARRIVED,)
            ),
            words.SECRET_WINS,
        ),
        (pasted(credentials=(replace(PASTED, given=True), replace(FROM_FILE, token=OTHER))), words.GIVEN_WINS),
    ],
)
def test_where_tokens_differ_it_is_told_which_one_counts(made_up: Facts, says: str) -> None:
    notes = " ".join(plan(made_up).step("account").notes)
    assert says in notes
    assert OTHER.masked in notes


def test_a_mounted_secret_is_done_by_its_variable() -> None:
    status = plan(facts(environment=CAPSULE, store=NO_FILES, credentials=(MOUNTED,), secret_variables=(ARRIVED,)))
    assert "CAVE_TOKEN" in status.step("save").summary
    assert status.step("save").title == words.MOUNTED_TITLE


@pytest.mark.parametrize(
    ("made_up", "kind", "expires_in"),
    [
        pytest.param(facts(), "api-key", None, id="listed"),
        pytest.param(facts(keys=(), seconds_left=60), "sign-in", 60, id="not listed"),
        pytest.param(facts(keys=(), seconds_left=HANGS), "sign-in", None, id="not listed, days unknown"),
        pytest.param(facts(keys=HANGS), "unknown", None, id="keys not known"),
        pytest.param(facts(**DEAD), "unknown", None, id="dead"),
        pytest.param(facts(**all_hang(HANGS)), "unknown", None, id="never verified"),
    ],
)
def test_the_kind_of_a_token_is_what_a_server_said(made_up: Facts, kind: str, expires_in: int | None) -> None:
    token = plan(made_up).token
    assert token is not None
    assert (token.kind, token.expires_in) == (kind, expires_in)


@pytest.mark.parametrize(
    "made_up", [facts(**DEAD), facts(**all_hang(HANGS)), nothing_yet()], ids=["dead", "hangs", "none"]
)
def test_nobody_is_named_who_was_not_answered_for(made_up: Facts) -> None:
    assert plan(made_up).account is None


# --------------------------------------------------------------------------------------------- faults of servers

FAULTS = [
    errors.NameLookupFailed,
    errors.ConnectionRefused,
    errors.ServerTimeout,
    errors.TlsFailed,
    errors.ProxyFailed,
    errors.NotJson,
    errors.LoginRedirect,
    errors.ServerBroken,
    errors.UnexpectedAnswer,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize(
    ("answer", "step"),
    [("reachable", "account"), ("account", "account"), ("keys", "token"), ("access", "terms"), ("versions", "ready")],
)
def test_a_fault_of_a_server_is_told_where_it_stands_in_the_way_and_never_as_a_bad_token(
    fault: type[errors.ServerError], answer: str, step: StepKey
) -> None:
    error = fault("minnie.microns-daf.com", "502")
    changes: dict[str, Any] = {answer: error, **({"versions": None} if answer == "access" else {})}
    status = plan(nothing_yet(**changes) if answer == "reachable" else facts(**changes))
    assert not status.ready
    judged = status.step(step)
    assert (judged.state, judged.summary, judged.remedy, judged.need) == (
        "problem",
        error.sentence,
        error.remedy,
        "retry",
    )
    assert not [other for other in status.steps if "does not know the token" in other.summary]


# ----------------------------------------------------------------------------------------------------- invariants

TWO_TERMS = replace(ADA, missing_terms=(SECOND, MICRONS))
ACCOUNTS = [ADA, OPEN_ADA, TWO_TERMS, REFUSED, HANGS]
KEY_LISTS = [(KEY,), (), (ApiKey(9, OTHER, "", "", ""),), REFUSED, HANGS]
ACCESSES = [RECORD, TermsOpen(MICRONS), NO_PERMISSION, UnknownDatastack("x"), REFUSED, HANGS]
VERSION_ANSWERS = [VERSIONS, (), TermsOpen(MICRONS), NO_PERMISSION, UnknownDatastack("x"), REFUSED, HANGS]
STORES = [NO_FILES, SAVED, DIFFERENT, STALE_DEFAULT, FOREIGN_DEFAULT, damaged("unreadable"), damaged("not-json")]
CREDENTIALS: list[tuple[Credential, ...]] = [
    (),
    (FROM_FILE,),
    (PASTED,),
    (MOUNTED, Credential(OTHER, "file", SERVER_FILE)),
    (replace(PASTED, other_server=V1DD),),
]
NOT_WRITABLE = errors.FolderNotWritable("It is read-only.", "Make it writable.")


PLACES: list[tuple[tuple[StoreFacts, tuple[Credential, ...]], dict[str, Any]]] = [
    *(((store, credentials), {}) for store, credentials in itertools.product(STORES, CREDENTIALS)),
    *(((NO_FILES, credentials), {"environment": CAPSULE}) for credentials in CREDENTIALS),
    *(((store, (PASTED,)), {"problems": {"save": NOT_WRITABLE}}) for store in STORES),
    ((NO_FILES, (PASTED,)), {"problems": {"save": NOT_WRITABLE}, "environment": CAPSULE}),
    *(
        ((store, (MOUNTED,)), {"environment": CAPSULE, "secret_variables": secrets, "problems": problems})
        for store in (NO_FILES, SAVED)
        for secrets in ((ARRIVED, COP), (replace(WRAPPED, name="CAVE_TOKEN"),))
        for problems in ({}, {"save": NOT_WRITABLE})
    ),
    *(((NO_FILES, used), {"environment": CAPSULE, "platform": ATTACHED}) for used in ((), (PASTED,))),
    ((NO_FILES, ()), {"environment": CAPSULE, "secret_variables": (COP, FOR_V1DD)}),
]


def every_combination() -> Iterator[Facts]:
    """All facts that can come together: what is asked only after something else needs that first."""
    for (store, credentials), changes in PLACES:
        known: dict[str, Any] = {"store": store, "credentials": credentials, **changes}
        if not credentials or credentials[0].other_server:
            for reachable in ("2.30.3", HANGS):
                yield facts(account=None, keys=None, access=None, versions=None, reachable=reachable, **known)
            continue
        for account, keys, access in itertools.product(ACCOUNTS, KEY_LISTS, ACCESSES):
            for versions in VERSION_ANSWERS if access is RECORD else [None]:
                yield facts(account=account, keys=keys, access=access, versions=versions, **known)


@pytest.fixture(scope="module")
def judged() -> list[tuple[Facts, Status]]:
    """Every combination of facts, and what is made of it."""
    return [(made_up, plan(made_up)) for made_up in every_combination()]


Judged = list[tuple["Facts", "Status"]]


def test_there_are_many_combinations_to_judge(judged: Judged) -> None:
    assert len(judged) > 5_000


def test_there_are_always_six_steps_in_order_and_one_current_at_most(judged: Judged) -> None:
    for made_up, status in judged:
        assert tuple(step.key for step in status.steps) == KEYS
        assert letters(status).count("→") <= 1, made_up


def test_nothing_is_current_before_all_earlier_steps_are_done(judged: Judged) -> None:
    for made_up, status in judged:
        before, current, _ = letters(status).partition("→")
        assert not current or set(before) == {"✓"}, made_up


def test_ready_is_all_six_done_and_nothing_else(judged: Judged) -> None:
    for made_up, status in judged:
        assert status.ready == (letters(status) == "✓✓✓✓✓✓"), made_up


def test_ready_needs_a_live_lasting_token_no_open_terms_and_readable_versions(judged: Judged) -> None:
    ready = [(made_up, status) for made_up, status in judged if status.ready]
    assert ready
    for made_up, status in ready:
        server, credential = made_up.server, made_up.credential
        assert isinstance(server.account, Account)
        assert isinstance(server.keys, tuple)
        assert isinstance(server.versions, tuple)
        assert credential is not None
        assert not credential.other_server
        assert credential.token in [key.token for key in server.keys]
        assert status.missing_terms == ()


def test_every_problem_says_what_it_is_and_what_to_do(judged: Judged) -> None:
    for made_up, status in judged:
        for step in status.steps:
            assert step.title, made_up
            assert step.summary, made_up
            if step.state in {"problem", "current"}:
                assert step.remedy, (step, made_up)
                assert step.need, (step, made_up)


def test_there_is_always_something_to_do_until_all_is_done(judged: Judged) -> None:
    for made_up, status in judged:
        assert status.ready or status.focus.state in {"current", "problem"}, made_up


def test_no_token_is_in_what_is_shown(judged: Judged) -> None:
    secrets = (TOKEN.reveal(), OTHER.reveal())
    for _, status in judged[::7]:
        shown = f"{json.dumps(status.as_dict(), ensure_ascii=False)} {as_text(status)} {status!r}"
        assert not [secret for secret in secrets if secret in shown]


def test_judging_again_gives_the_same(judged: Judged) -> None:
    for made_up, status in judged[::11]:
        assert plan(made_up) == status


# ------------------------------------------------------------------------------------------------- as plain text


def test_the_text_has_a_line_for_each_step_and_the_way_on() -> None:
    text = as_text(plan(nothing_yet()))
    lines = text.splitlines()
    assert "minnie65_public on global.daf-apis.com" in lines[0]
    assert [line.strip()[0] for line in lines if line.strip()[0] in LETTER.values()] == list("✓→····")
    assert words.SIGN_IN_REMEDY in text


def test_the_text_of_a_demo_says_so() -> None:
    assert words.DEMO_SERVER in as_text(plan(facts(is_demo=True)))
    assert words.DEMO_SERVER not in as_text(plan(facts()))


@pytest.mark.parametrize(("obstacle", "remedy"), [("it is read-only", "writable"), (words.OF_A_DEMO, "outside")])
def test_what_keeps_from_saving_has_its_own_remedy(obstacle: str, remedy: str) -> None:
    status = plan(pasted(store=replace(NO_FILES, obstacle=obstacle)))
    assert any(obstacle in note for note in status.step("environment").notes)
    assert (status.step("save").state, remedy in (status.step("save").remedy or "")) == ("problem", True)
