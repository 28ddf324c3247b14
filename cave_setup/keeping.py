"""How the token is kept, in the files that caveclient and cloud-volume read or mounted as a secret: judged. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.errors import WouldReplace
from cave_setup.guiding import waiting_slot
from cave_setup.models import Account, Credential, DatastackRecord, Facts, Token, TokenFile, TokenRefused, Verdict

if TYPE_CHECKING:
    from cave_setup.models import Environment, Need, Status


def can_activate(status: Status) -> bool:
    """Whether the files that caveclient and cloud-volume read can be written for this run only."""
    facts = status.facts
    if facts.credential is None or not facts.is_lasting or not isinstance(facts.server.account, Account):
        return False
    return facts.environment.keeping in {"secret", "session"} and bool(
        open_targets(facts) or not are_files_in_place(facts)
    )


def judge_keeping(facts: Facts) -> Verdict:
    """Judge the ``save`` step: where the token is kept, and whether what reads it will find it there."""
    verdict = _by_place(facts)
    if facts.mended:
        verdict = replace(verdict, notes=(words.finished_interrupted(facts.mended), *verdict.notes))
    error = facts.problems.get("save")
    if error is None or (verdict.state == "done" and not _is_mounted(facts)):
        return verdict
    need: Need = "replace" if isinstance(error, WouldReplace) else verdict.need
    return Verdict("problem", error.sentence, error.remedy, need or "retry", verdict.title, verdict.notes)


def _by_place(facts: Facts) -> Verdict:
    credential, environment = facts.credential, facts.environment
    if environment.keeping == "nowhere":
        return Verdict("problem", words.NOT_KEPT_HERE, words.NOT_KEPT_HERE_REMEDY, "retry")
    if facts.store.is_silent and not _is_mounted(facts):
        return Verdict("problem", words.disk_silent(facts.store.folder), words.DISK_SILENT_REMEDY, "retry")
    if credential is None or credential.other_server:
        return Verdict("waiting", words.SAVE_WAIT, title=_title(environment))
    if environment.keeping == "secret" and (environment.keeps_for_a_run or _is_mounted(facts)):
        return _as_secret(facts)
    verdict = _in_files(facts, credential)
    if environment.keeping == "session":
        return replace(verdict, title=words.SAVED_FOR_NOW_TITLE if verdict.state == "done" else _title(environment))
    if environment.keeping == "secret" and verdict.state == "done":
        return replace(verdict, notes=(*verdict.notes, words.secret_serves_all(environment.platform)))
    return verdict


def _title(environment: Environment) -> str:
    """Name the step where it is another one than saving in files that last."""
    if environment.keeps_for_a_run:
        return words.MOUNT_TITLE
    return words.SAVE_FOR_NOW_TITLE if environment.keeping == "session" else ""


def _as_secret(facts: Facts) -> Verdict:
    mounted = facts.mounted if _is_mounted(facts) else None
    in_files = [words.FILES_THIS_RUN] if are_files_in_place(facts) else []
    others = open_targets(facts)
    notes = (*in_files, *([words.readable_by_others(others)] if others else []))
    if mounted and isinstance(facts.server.account, TokenRefused):
        return Verdict("waiting", words.saved_token_dead([mounted.shown]), title=words.MOUNT_TITLE)
    if mounted and mounted.fault:
        sentence = words.secret_is_wrong(mounted.shown, mounted.fault)
        return Verdict("problem", sentence, words.edit_secret(facts.environment.platform), "mount", words.MOUNT_TITLE)
    if mounted:
        return Verdict("done", words.mounted(mounted.shown), title=words.MOUNTED_TITLE, notes=notes)
    state: Literal["todo", "waiting"] = "todo" if facts.is_lasting else "waiting"
    slot = waiting_slot(facts)
    if slot:
        sentence = words.slot_not_arrived(slot.shown, slot.variable)
        return Verdict(state, sentence, words.RESTART_REMEDY, "restart", words.MOUNT_TITLE, notes)
    remedy = words.mount_remedy(facts.environment.platform)
    return Verdict(state, words.MOUNT_SUMMARY, remedy, "mount", words.MOUNT_TITLE, notes)


def _is_mounted(facts: Facts) -> bool:
    return facts.mounted is not None and facts.credential is not None and facts.credential.source == "environment"


def are_files_in_place(facts: Facts) -> bool:
    """Whether caveclient and cloud-volume will read this very token from files."""
    return facts.credential is not None and not _reading_fault(facts, facts.credential.token)


def _in_files(facts: Facts, credential: Credential) -> Verdict:
    token, store = credential.token, facts.store
    fault = _reading_fault(facts, token)
    if not fault:
        if isinstance(facts.server.account, TokenRefused):
            return Verdict("waiting", words.saved_token_dead(_holding(facts, token)), seconds=store.seconds)
        readers = words.READ_BY_BOTH if store.for_cloud_volume else words.READER_CAVECLIENT
        others = [file.shown for file in store.files if _is_open_to_others(file, token)]
        notes = [words.readable_by_others(others)] if others else []
        notes += [words.NO_FILE_FOR_PORT] if store.left_out else []
        found = words.saved(_holding(facts, token), readers)
        return Verdict("done", found, title=words.SAVED_TITLE, notes=tuple(notes), seconds=store.seconds)
    damaged = next((target.now for target in store.targets if target.now and target.now.damage == "unreadable"), None)
    if damaged:
        return Verdict(
            "problem",
            words.file_damaged(damaged.shown, words.DAMAGE["unreadable"]),
            words.DAMAGED_UNREADABLE_REMEDY,
            "retry",
        )
    if not facts.is_lasting:
        return Verdict("waiting", words.SAVE_WAIT)
    if store.obstacle:
        sentence = words.folder_not_writable(store.folder, store.obstacle)
        remedy = words.folder_not_writable_remedy(store.obstacle, store.in_the_way)
        return Verdict("problem", sentence, remedy, "save")
    need = _save_need(facts)
    remedy = words.SAVE_REPLACE_REMEDY if need == "replace" else words.SAVE_REMEDY
    return Verdict("todo", fault, remedy, need, notes=_save_notes(facts, credential))


def _save_need(facts: Facts) -> Need:
    return "replace" if any(target.verdict == "replace" for target in facts.store.targets) else "save"


def _save_notes(facts: Facts, credential: Credential) -> tuple[str, ...]:
    notes = []
    for target in facts.store.targets:
        if target.verdict == "foreign":
            notes.append(words.foreign_default(target.shown, target.other_server))
        elif target.verdict == "repair" and target.now and target.now.damage:
            notes.append(f"{words.file_damaged(target.shown, words.DAMAGE[target.now.damage])}. {words.DAMAGED_REMEDY}")
    if credential.source == "environment":
        notes.append(words.caveclient_reads_files(credential.where))
    return tuple(notes)


def _reading_fault(facts: Facts, token: Token) -> str:
    """Say what keeps caveclient or cloud-volume from reading this token; empty if both will."""
    store = facts.store
    if not any(file.token == token for file in store.files):
        return words.not_saved_yet(store.folder)
    readers: list[tuple[str, TokenFile | None]] = [("caveclient", store.for_caveclient)]
    if isinstance(facts.server.access, DatastackRecord):
        readers.append(("cloud-volume", store.for_cloud_volume))
    for reader, file in readers:
        if file is None:
            return words.would_read_nothing(reader, store.folder)
        if file.token is None:
            return words.would_read_nothing(reader, file.shown)
        if file.token != token:
            return words.would_read_other(reader, file.token.masked, file.shown)
    return ""


def _holding(facts: Facts, token: Token) -> list[str]:
    return [file.shown for file in facts.store.files if file.token == token]


def open_targets(facts: Facts) -> list[str]:
    """List the files that hold this token already, that other people can read, and that a save would close."""
    same = [target for target in facts.store.targets if target.verdict == "same"]
    return [target.shown for target in same if target.now and target.now.mode & 0o077]


def _is_open_to_others(file: TokenFile, token: Token) -> bool:
    return file.token == token and bool(file.mode & 0o077)
