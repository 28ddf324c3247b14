"""What the form for server and datastack shows: known deployments, the server's datastacks, what was meant. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cave_setup import words
from cave_setup.models import DEPLOYMENTS, home_of, known_deployment
from cave_setup.notebook import blocks

if TYPE_CHECKING:
    from cave_setup.models import DatastackChoice, Deployment, ServerAddress, Status
    from cave_setup.notebook.blocks import Item
    from cave_setup.notebook.situation import Situation

Row = dict[str, Any]


def form(status: Status | None, situation: Situation, server: ServerAddress, datastack: str) -> dict[str, Any]:
    """Say what is set up, and what the form to change that holds.

    Parameters
    ----------
    status : Status, optional
    situation : Situation
    server, datastack
        What is being set up.

    """
    return {
        "text": words.where(datastack, server.netloc),
        "server": server.url,
        "datastack": datastack,
        "change": words.BUTTON_CHANGE,
        "apply": words.BUTTON_APPLY,
        "cancel": words.BUTTON_CANCEL,
        "labels": [words.LABEL_SERVER, words.LABEL_DATASTACK],
        "error": situation.error_text("server"),
        "instead": _instead(situation),
        "moved": situation.moved,
        "servers": {
            "label": words.LABEL_DEPLOYMENTS,
            "rows": [_deployment(one, server, datastack) for one in DEPLOYMENTS],
        },
        "datastacks": {
            "label": words.datastacks_of(server.netloc),
            "rows": _datastacks(situation, server, datastack),
            "waiting": words.LISTING_DATASTACKS if situation.listing else "",
            "note": _note(status, situation, server),
            "none": words.NO_SUCH_DATASTACK,
            "other": words.DATASTACKS_OF_ANOTHER,
        },
    }


def datastack_with(picked: str, typed: object) -> str:
    """Give the datastack to use at a deployment that was picked: what had been typed before, where that is known."""
    return typed if isinstance(typed, str) and home_of(typed.strip()) is not None else picked


def summary(listed: tuple[DatastackChoice, ...]) -> str:
    """Say in a few words what a list of datastacks holds."""
    return words.datastacks_listed(len(listed), sum(choice.verdict == "open" for choice in listed))


def _instead(situation: Situation) -> list[Item]:
    meant = situation.meant
    if meant is None:
        return []
    use = {"action": "server", "server": meant.server, "datastack": meant.datastack}
    label = words.use_instead(meant.datastack, meant.server.removeprefix("https://"))
    items = [blocks.button(label, use, "quiet")]
    if meant.as_typed:
        typed = {"action": "server", "server": meant.as_typed, "datastack": meant.name_as_typed, "sure": True}
        items.append(blocks.button(words.BUTTON_AS_TYPED, typed, "link"))
    return items


def _deployment(one: Deployment, server: ServerAddress, datastack: str) -> Row:
    """Offer a deployment with its usual datastack, so that nobody ends where the old one does not exist."""
    is_chosen = known_deployment(server.netloc) == one
    usual = datastack if is_chosen else one.datastacks[0]
    address = server.url if is_chosen else one.url
    return _row(one.host, one.data, address, usual, is_chosen=is_chosen)


def _datastacks(situation: Situation, server: ServerAddress, datastack: str) -> list[Row]:
    """Offer the datastacks that the server listed; until it has, those that are known to be there."""
    if situation.listed is None:
        known = known_deployment(server.netloc)
        names = known.datastacks if known else ()
        return [_row(name, "", server.url, name, is_chosen=name == datastack) for name in names]
    rows = [_datastack(choice, server, datastack) for choice in situation.listed]
    return sorted(rows, key=lambda row: not row["chosen"])


def _datastack(choice: DatastackChoice, server: ServerAddress, datastack: str) -> Row:
    note = words.datastack_state(choice.verdict, choice.terms.name if choice.terms else "")
    row = _row(choice.name, note, server.url, choice.name, is_chosen=choice.name == datastack)
    return {**row, "tone": choice.verdict}


def _row(name: str, note: str, server: str, datastack: str, *, is_chosen: bool) -> Row:
    message = {"action": "server", "server": server, "datastack": datastack}
    return {"name": name, "note": note, "tone": "", "chosen": is_chosen, "message": message}


def _note(status: Status | None, situation: Situation, server: ServerAddress) -> str:
    if situation.listing:
        return ""
    if situation.error_in == "datastacks":
        return situation.error_text("datastacks")
    if situation.listed is not None:
        return summary(situation.listed)
    if status is not None and status.account is not None:
        return ""
    return words.DATASTACKS_KNOWN if known_deployment(server.netloc) else words.DATASTACKS_LATER
