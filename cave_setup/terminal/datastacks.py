"""``cave-setup datastacks``: the server's datastacks and what stands in the way of each, as text or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import NoTokenToActWith, ServerError
from cave_setup.terminal import COULD_NOT_ASK, LEFT_TO_DO, READY
from cave_setup.terminal.output import say, show

if TYPE_CHECKING:
    from cave_setup.actions import Setup
    from cave_setup.models import DatastackChoice


def datastacks(setup: Setup, *, as_json: bool) -> int:
    """Print the list and give the exit code.

    Parameters
    ----------
    setup : Setup
    as_json : bool
        Print a JSON object.

    Returns
    -------
    int
        0 listed; 1 there is no token that the server accepts; 3 the server could not be asked.

    """
    try:
        listed = setup.datastacks()
    except (NoTokenToActWith, ServerError) as error:
        say(f"cave-setup: {error}")
        return COULD_NOT_ASK if isinstance(error, ServerError) else LEFT_TO_DO
    if as_json:
        rows = [choice.as_dict() for choice in listed]
        show(json.dumps({"server_address": setup.server_address.url, "datastacks": rows}, indent=2))
    else:
        show(_as_text(listed, setup))
    return READY


def _as_text(listed: tuple[DatastackChoice, ...], setup: Setup) -> str:
    width = max((len(choice.name) for choice in listed), default=0)
    lines = [f"{words.PRODUCT} · {words.datastacks_of(setup.server_address.netloc)}"]
    for choice in listed:
        state = words.datastack_state(choice.verdict, choice.terms.name if choice.terms else "")
        lines.append(f"  {'→' if choice.name == setup.datastack else ' '} {choice.name:<{width}}  {state}")
    return "\n".join(lines)
