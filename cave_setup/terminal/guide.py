"""``cave-setup guide``: how the token is kept in this place, step by step, and how far that is. Looks and asks only."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.guides import guide_to
from cave_setup.guiding import progress
from cave_setup.report import MARKS, what_stands_in_the_way
from cave_setup.terminal.output import say, show
from cave_setup.terminal.status import exit_code

if TYPE_CHECKING:
    from cave_setup.actions import Setup
    from cave_setup.guides import Guide, GuideStep
    from cave_setup.guiding import Progress
    from cave_setup.models import Status

_WIDTH = 96
_MARKED = re.compile(r"\*\*(.+?)\*\*|`(.+?)`|\*(\w+?)\*")
_LINK = re.compile(r"\[([^]]+)\]\((https://[^)]+)\)")
_STAGE_MARKS = {"done": MARKS["done"], "now": MARKS["current"], "next": MARKS["waiting"]}


def guide(setup: Setup) -> int:
    """Print the guide to the place where we are, and give the exit code.

    Parameters
    ----------
    setup : Setup

    Returns
    -------
    int
        As of ``cave-setup status``.

    """
    found = setup.check()
    here = found.facts.environment
    there = guide_to(here.key)
    if there is None:
        show(words.no_guide(here.name))
    elif here.keeping != "secret":
        show(_to_read(there))
    elif found.ready and found.facts.mounted:
        show(words.guide_done(found.facts.mounted.shown))
    else:
        say(what_stands_in_the_way(found))
        show(_as_text(there, found, setup.server.token_page))
    return exit_code(found)


def _to_read(there: Guide) -> str:
    """Give a guide of which nothing is judged."""
    lines = [f"{there.name}: {there.title}", *_wrapped(there.begin, 2)]
    for number, step in enumerate(there.steps, 1):
        lines += ["", f"  {number}. {step.title}", *(line for text in step.text for line in _wrapped(text, 5))]
    return "\n".join([*lines, *_ending(there)])


def _ending(there: Guide) -> list[str]:
    lines = ["", words.LABEL_GOOD_TO_KNOW]
    for title, text in there.know:
        lines += _wrapped(f"{title}. {text}", 2)
    return [*lines, "", f"{there.labels_as_of}; {there.tried}."]


def _as_text(there: Guide, found: Status, token_page: str) -> str:
    further = {"copy": words.copy_from(token_page), "account": found.facts.platform.account_page or there.account_page}
    stages = progress(found.facts, [step.key for step in there.steps])
    lines = [f"{there.name}: {there.title}", *_wrapped(there.begin, 2)]
    for number, (step, at) in enumerate(zip(there.steps, stages, strict=True), 1):
        lines += ["", *_step(number, step, at, further.get(step.key, ""))]
    return "\n".join([*lines, *_ending(there)])


def _step(number: int, step: GuideStep, at: Progress, further: str) -> list[str]:
    told = step.told(is_repair=at.is_repair)
    lines = [f"  {_STAGE_MARKS[at.stage]} {number}. {told.title}"]
    texts = [*told.text, told.before]
    if told.instead:
        texts += [f"{told.instead.title}:", *told.instead.text]
    for text in [further] if step.key == "copy" else [*texts, further]:
        lines += _wrapped(text, 7)
    for sentence in at.found:
        lines += _wrapped(sentence, 7, first="     > ")
    return lines


def _wrapped(text: str, indent: int, first: str = "") -> list[str]:
    linked = _LINK.sub(lambda found: found[2] if found[2].endswith(found[1]) else f"{found[1]}, {found[2]}", text)
    bare = _MARKED.sub(lambda found: f"“{found[1] or found[2] or found[3]}”", linked)
    margin = " " * indent
    # An address stays whole, so that it can be clicked or copied.
    return textwrap.wrap(
        bare,
        _WIDTH,
        initial_indent=first or margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
