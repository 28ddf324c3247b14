"""``cave-setup guide``: how the token is kept in this place, step by step, and how far that is. Looks and asks only."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.guides import guide_to
from cave_setup.guiding import progress
from cave_setup.places import place_names
from cave_setup.report import MARKS, what_stands_in_the_way
from cave_setup.terminal import READY
from cave_setup.terminal.output import say, show
from cave_setup.terminal.status import exit_code

if TYPE_CHECKING:
    from cave_setup.actions import Setup
    from cave_setup.guides import Guide, GuideStep
    from cave_setup.guiding import Progress
    from cave_setup.models import EnvironmentKey, Status

_WIDTH = 96
_MARKED = re.compile(r"\*\*(.+?)\*\*|`(.+?)`|\*(\w+?)\*")
_FENCE = "```"
_UNBROKEN = "\xa0"  # in place of a blank at which no line is to end
_LINK = re.compile(r"\[([^]]+)\]\((https://[^)]+)\)")
_STAGE_MARKS = {"done": MARKS["done"], "now": MARKS["current"], "next": MARKS["waiting"]}


def guide(setup: Setup, place: EnvironmentKey | None = None) -> int:
    """Print the guide to the place where we are, and give the exit code.

    Parameters
    ----------
    setup : Setup
    place : EnvironmentKey, optional
        The guide to another place than this one is only there to be read:
        nothing is looked at or asked.

    Returns
    -------
    int
        As of ``cave-setup status``; 0 for another place.

    """
    token_page = setup.server.token_page
    if place and place != setup.environment.key:
        elsewhere = guide_to(place)
        show(_as_text(elsewhere, token_page) if elsewhere else words.no_guide(place_names()[place]))
        return READY
    found = setup.check()
    here = found.facts.environment
    there = guide_to(here.key)
    if there is None:
        show(words.no_guide(here.name))
    elif here.keeping != "secret":
        show(_as_text(there, token_page))
    elif found.ready and found.facts.mounted:
        show(words.guide_done(found.facts.mounted.shown))
    else:
        say(what_stands_in_the_way(found))
        show(_as_text(there, token_page, found))
    return exit_code(found)


def _as_text(there: Guide, token_page: str, found: Status | None = None) -> str:
    """Give the guide; with what was found each step is judged, else it is there to be read."""
    account_page = (found.facts.platform.account_page if found else "") or there.account_page
    further = {"copy": words.copy_from(token_page), "account": account_page}
    stages = progress(found.facts, [step.key for step in there.steps]) if found else (None,) * len(there.steps)
    lines = [f"{there.name}: {there.title}", *_wrapped(there.begin, 2)]
    for number, (step, at) in enumerate(zip(there.steps, stages, strict=True), 1):
        lines += ["", *_step(number, step, at, further.get(step.key, ""))]
    lines += ["", words.LABEL_GOOD_TO_KNOW]
    for title, text in there.know:
        lines += _wrapped(f"{title}. {text}", 2)
    return "\n".join([*lines, "", f"{there.labels_as_of}; {there.tried}."])


def _step(number: int, step: GuideStep, at: Progress | None, further: str) -> list[str]:
    told = step.told(is_repair=at.is_repair) if at else step
    lines = [f"  {f'{_STAGE_MARKS[at.stage]} ' if at else ''}{number}. {told.title}"]
    # What the guide says of copying is about the wizard's button.
    for text in [further] if step.key == "copy" else [*told.text, told.before, further]:
        lines += _wrapped(text, 7)
    if told.instead:
        lines.append(f"       {told.instead.title}")
        for text in told.instead.text:
            lines += _wrapped(text, 9)
    for sentence in at.found if at else ():
        lines += _wrapped(sentence, 7, first="     > ")
    return lines


def _wrapped(text: str, indent: int, first: str = "") -> list[str]:
    """Give the lines of a paragraph; what is there to be copied stays as it is."""
    margin = " " * indent
    if text.startswith(_FENCE):
        return [f"{margin}  {line}" for line in text.splitlines()[1:-1]]
    linked = _LINK.sub(lambda found: found[2] if found[2].endswith(found[1]) else f"{found[1]}, {found[2]}", text)
    lines = textwrap.wrap(
        _MARKED.sub(_quoted, linked),
        _WIDTH,
        initial_indent=first or margin,
        subsequent_indent=margin,
        # An address stays whole, so that it can be clicked or copied.
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, " ") for line in lines]


def _quoted(marked: re.Match[str]) -> str:
    label, code, stressed = marked.groups()
    return f"“{code.replace(' ', _UNBROKEN) if code else label or stressed}”"
