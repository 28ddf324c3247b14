"""How far a person has come in a guide: judged from what was observed, step by step. Pure; nothing is ticked off.

A guide's texts and pictures are data (`cave_setup.guides`); here is only what is done, to do now, and to come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.models import Account, TokenRefused
from cave_setup.secret_variables import is_for_elsewhere, is_of_code_ocean, speaks_of_cave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cave_setup.models import Facts, SecretVariable, Slot

Stage = Literal["done", "now", "next"]


@dataclass(frozen=True)
class Progress:
    """What is known of one step of a guide.

    Parameters
    ----------
    key : str
        As of the guide's step.
    stage : {'done', 'now', 'next'}
    found : tuple of str
        What was observed, as sentences.
    is_repair : bool
        A secret that is there already has to be mended, instead of a new one made.

    """

    key: str
    stage: Stage
    found: tuple[str, ...] = ()
    is_repair: bool = False


def waiting_slot(facts: Facts) -> Slot | None:
    """Give the attached secret that says it is CAVE's and has not arrived, since this run began before it.

    None where a token did arrive, or nothing says so: a secret of something else would send people round in circles.
    """
    if facts.mounted is not None:
        return None
    late = (slot for slot in facts.platform.slots if not slot.has_arrived)
    return next((slot for slot in late if _is_ours(slot, facts)), None)


def _is_ours(slot: Slot, facts: Facts) -> bool:
    text = f"{slot.variable} {slot.description}"
    is_elsewhere = is_for_elsewhere(text, facts.server_address, facts.datastack)
    return speaks_of_cave(text) and not is_elsewhere and not is_of_code_ocean(slot.description)


def doubtful_slots(facts: Facts) -> tuple[Slot, ...]:
    """List attached secrets that have not arrived and may or may not be the token, by their usual names."""
    usual = facts.environment.secret_variables
    late = [slot for slot in facts.platform.slots if not slot.has_arrived and slot.variable in usual]
    return tuple(
        slot
        for slot in late
        if not speaks_of_cave(f"{slot.variable} {slot.description}") and not is_of_code_ocean(slot.description)
    )


def wrong_secrets(facts: Facts) -> tuple[SecretVariable, ...]:
    """List the variables that may be meant to hold the token and do not, or not in a way that software can use."""
    return tuple(found for found in facts.secret_variables if found.fault or found.other_server)


def is_clearly_ours(found: SecretVariable) -> bool:
    """Whether a variable says that it is meant to hold a CAVE token for here."""
    return not found.other_server and speaks_of_cave(f"{found.name} {found.description}")


def what_is_wrong(found: SecretVariable, host: str) -> str:
    """Say in a sentence what is wrong with a variable."""
    if found.token and found.other_server:
        return words.secret_of_another_server(found.shown, found.other_server, host)
    return words.secret_is_wrong(found.shown, found.fault)


def progress(
    facts: Facts, steps: Sequence[str], *, copied: bool = False, opened: bool = False, has_secret: bool = False
) -> tuple[Progress, ...]:
    """Judge the steps of keeping a token as a secret.

    Parameters
    ----------
    facts : Facts
    steps : sequence of str
        The keys of the guide's steps.
    copied, opened : bool
        The token was copied, and the platform's account page opened, from here a moment ago. That is the wizard's own
        doing; the rest is observed.
    has_secret : bool
        The person says that the token is a secret of the account already.

    Returns
    -------
    tuple of Progress

    """
    if facts.environment.key == "code-ocean":
        return _in_a_capsule(facts, copied=copied, opened=opened, has_secret=has_secret)
    return _elsewhere(facts, steps, copied=copied, opened=opened, has_secret=has_secret)


def _elsewhere(
    facts: Facts, steps: Sequence[str], *, copied: bool, opened: bool, has_secret: bool
) -> tuple[Progress, ...]:
    """Judge the steps where the platform has no list of what is attached: little of it shows before it is all done.

    What cannot be observed is to do now, all of it, once what comes before has been done.
    """
    repair, closed = _to_repair(facts), next(filter(_is_closed, facts.secret_variables), None)
    if facts.mounted is not None and not repair:
        return _until(steps, len(steps), words.secret_arrived(facts.mounted.shown))
    if closed is not None and "permit" in steps:
        return _until(steps, steps.index("permit"), "", what_is_wrong(closed, facts.server_address.netloc))
    if has_secret and "add" in steps:
        return _until(steps, steps.index("add") + 1, words.IS_THERE_ALREADY, facts.platform.damage)
    is_online = isinstance(facts.server.account, Account | TokenRefused) or isinstance(facts.server.reachable, str)
    seen = {"copy": copied, "account": opened, "internet": is_online}
    wrong = tuple(what_is_wrong(found, facts.server_address.netloc) for found in wrong_secrets(facts))
    found = tuple(filter(None, (repair or facts.platform.damage, *(() if repair else wrong))))
    judged, waits = [], False
    for key in steps:
        if seen.get(key):
            judged.append(Progress(key, "done"))
            continue
        at_add = found if key == "add" else ()
        judged.append(Progress(key, "next" if waits else "now", at_add, is_repair=key == "add" and bool(repair)))
        waits = waits or key in {"copy", "account"}
    return tuple(judged)


def _until(steps: Sequence[str], count: int, found: str, then: str = "") -> tuple[Progress, ...]:
    """Give so many steps as done, saying what was found at the last of them, and the others as to do now."""
    done = [Progress(key, "done") for key in steps[:count]]
    if found:
        done[-1] = replace(done[-1], found=(found,))
    to_do = [Progress(key, "now") for key in steps[count:]]
    if to_do and then:
        to_do[0] = replace(to_do[0], found=(then,))
    return (*done, *to_do)


def _is_closed(found: SecretVariable) -> bool:
    """Whether the secret is there and this notebook may not read it."""
    return found.fault == words.COLAB_NO_ACCESS


def _in_a_capsule(facts: Facts, *, copied: bool, opened: bool, has_secret: bool) -> tuple[Progress, ...]:
    repair = _to_repair(facts)
    if facts.mounted is not None and not repair:
        return (*_all_done(_KEYS[:4]), Progress("restart", "done", (words.secret_arrived(facts.mounted.shown),)))
    slot = waiting_slot(facts)
    if slot is not None and not repair:
        attach = Progress("attach", "done", (words.slot_attached(slot.shown, slot.variable),))
        return (*_all_done(_KEYS[:3]), attach, Progress("restart", "now"))
    if has_secret and not repair:
        attach = Progress("attach", "now", _attached(facts))
        return (*_all_done(_KEYS[:3], words.IS_THERE_ALREADY), attach, Progress("restart", "next"))
    there: Stage = "now" if copied and opened else "next"
    wrong = tuple(what_is_wrong(found, facts.server_address.netloc) for found in wrong_secrets(facts))
    return (
        Progress("copy", "done" if copied else "now"),
        Progress("account", "done" if opened else "now" if copied else "next"),
        Progress("add", there, (repair,) if repair else wrong, is_repair=bool(repair)),
        Progress("attach", "done") if repair else Progress("attach", there, _attached(facts) if there == "now" else ()),
        Progress("restart", there if repair else "next"),
    )


_KEYS = ("copy", "account", "add", "attach", "restart")


def _all_done(keys: tuple[str, ...], *found: str) -> list[Progress]:
    return [Progress(key, "done", found if key == keys[-1] else ()) for key in keys]


def _to_repair(facts: Facts) -> str:
    """Say what is wrong with the secret that is meant to be the token; empty if there is none, or it is right."""
    host, mounted = facts.server_address.netloc, facts.mounted
    if mounted is not None:
        if facts.credential and facts.credential.other_server:
            return words.secret_of_another_server(mounted.shown, facts.credential.other_server, host)
        if mounted.fault:
            return words.secret_is_wrong(mounted.shown, mounted.fault)
        if isinstance(facts.server.account, TokenRefused):
            return words.secret_refused(mounted.shown, host)
        is_known = isinstance(facts.server.account, Account) and isinstance(facts.server.keys, tuple)
        has_an_end = is_known and not facts.is_lasting
        return words.secret_runs_out(mounted.shown) if has_an_end else ""
    ours = next(filter(is_clearly_ours, facts.secret_variables), None)
    if ours is None:
        return ""
    return words.secret_is_another(ours.shown, ours.token.masked) if ours.token else what_is_wrong(ours, host)


def _attached(facts: Facts) -> tuple[str, ...]:
    platform = facts.platform
    if platform.damage:
        return (platform.damage,)
    names = list(dict.fromkeys(slot.shown for slot in platform.slots))
    return (words.slots_seen(names),) if names else (words.NOTHING_ATTACHED,)
