"""How far a person has come in a guide: judged from what was observed, step by step. Pure; nothing is ticked off.

A guide's texts and pictures are data (`cave_setup.guides`); here is only what is done, to do now, and to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.secret_variables import speaks_of_cave

if TYPE_CHECKING:
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
    is_wrong : bool
        What was found has to be mended.

    """

    key: str
    stage: Stage
    found: tuple[str, ...] = ()
    is_wrong: bool = False


def waiting_slot(facts: Facts) -> Slot | None:
    """Give the attached secret that seems to be the token and has not arrived, since this run began before it.

    None where a token did arrive, or nothing that may hold one is attached.
    """
    if facts.mounted is not None:
        return None
    late = [slot for slot in facts.platform.slots if not slot.has_arrived and not slot.is_name]
    named = [slot for slot in late if speaks_of_cave(f"{slot.variable} {slot.description}")]
    # One of Code Ocean's own tokens is kept under the same type and name as often as not.
    others = [slot for slot in late if "code ocean" not in slot.description.lower()]
    return next(iter(named or others), None)


def wrong_secrets(facts: Facts) -> tuple[SecretVariable, ...]:
    """List the variables that may be meant to hold the token and do not, or not in a way that software can use."""
    return tuple(found for found in facts.secret_variables if found.fault or found.other_server)


def what_is_wrong(found: SecretVariable, host: str) -> str:
    """Say in a sentence what is wrong with a variable."""
    if found.token and found.other_server:
        return words.secret_of_another_server(found.shown, found.other_server, host)
    return words.secret_is_wrong(found.shown, found.fault)


def progress(
    facts: Facts, *, copied: bool = False, opened: bool = False, has_secret: bool = False
) -> tuple[Progress, ...]:
    """Judge the five steps of mounting a secret.

    Parameters
    ----------
    facts : Facts
    copied, opened : bool
        The token was copied, and the platform's account page opened, from here a moment ago. That is the wizard's own
        doing; the rest is observed.
    has_secret : bool
        The person says that the token is a secret of the account already.

    Returns
    -------
    tuple of Progress

    """
    mounted = facts.mounted
    if mounted is not None and not mounted.fault:
        arrived = (words.secret_arrived(mounted.shown),)
        return tuple(Progress(key, "done", arrived if key == "restart" else ()) for key in _KEYS)
    slot = waiting_slot(facts)
    if slot is not None:
        return (
            *(Progress(key, "done") for key in _KEYS[:3]),
            Progress("attach", "done", (words.slot_attached(slot.shown, slot.variable),)),
            Progress("restart", "now", (words.BEGAN_BEFORE,)),
        )
    wrong = tuple(what_is_wrong(found, facts.server_address.netloc) for found in wrong_secrets(facts))
    if has_secret:
        add = Progress("add", "next", wrong, is_wrong=bool(wrong))
        attach = Progress("attach", "now", (_attached(facts),))
        return (Progress("copy", "next"), Progress("account", "next"), add, attach, Progress("restart", "next"))
    on_the_page: Stage = "now" if copied and opened else "next"
    return (
        Progress("copy", "done" if copied else "now"),
        Progress("account", "done" if opened else "now" if copied else "next"),
        Progress("add", on_the_page, wrong, is_wrong=bool(wrong)),
        Progress("attach", on_the_page, (_attached(facts),)),
        Progress("restart", "next"),
    )


_KEYS = ("copy", "account", "add", "attach", "restart")


def _attached(facts: Facts) -> str:
    platform = facts.platform
    if platform.damage:
        return platform.damage
    if not platform.listed_in:
        return words.SLOTS_NOT_LISTED
    names = list(dict.fromkeys(slot.shown for slot in platform.slots))
    return words.slots_seen(names, platform.listed_in)
