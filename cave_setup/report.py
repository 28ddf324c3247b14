"""A status as plain text: for the terminal, and for notebooks without widgets. Draws only; nothing is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.models import DEFAULT_SERVER

if TYPE_CHECKING:
    from cave_setup.models import Status, Step, TokenFile

MARKS = {"done": "✓", "current": "→", "problem": "!", "waiting": "·"}


def use_it(status: Status, *, names_token: bool = True) -> str:
    """Give the lines of code that use what was set up; without ``names_token`` those that leave it to the files."""
    facts = status.facts
    address = facts.server_address.url
    is_mounted = names_token and facts.credential is not None and facts.credential.source == "environment"
    mounted = facts.mounted if is_mounted else None
    return words.snippet(
        facts.datastack,
        None if address == DEFAULT_SERVER else address,
        mounted.name if mounted else "",
        mounted.platform if mounted else "",
    )


def what_stands_in_the_way(status: Status) -> str:
    """Say in a line or two what keeps the set-up from being ready."""
    step = status.focus
    return "\n".join([f"{words.PRODUCT}: {step.title}: {step.summary}", *([step.remedy] if step.remedy else [])])


def what_to_do(step: Step) -> list[str]:
    """Give what a step that needs somebody says below its line: its remedy, and what is worth knowing."""
    if step.state not in {"current", "problem"}:
        return []
    return [*([step.remedy] if step.remedy else []), *step.notes]


def comes_back(before: TokenFile | None) -> str:
    """Say what becomes of a file if the save that changed it is taken back."""
    if before is None:
        return words.UNDO_REMOVES
    return words.undo_brings_back(before.token.masked) if before.token else words.UNDO_RESTORES


def as_text(status: Status) -> str:
    """Give the status as lines of text: a mark, the title, what was found, and the remedy below where there is one."""
    lines = [f"{words.PRODUCT} · {words.where(status.facts.datastack, status.facts.server_address.netloc)}"]
    if status.facts.server.is_demo:
        lines.append(f"  {words.DEMO_SERVER}")
    for step in status.steps:
        lines.append(f"  {MARKS[step.state]} {step.title}: {step.summary}")
        lines += [f"      {sentence}" for sentence in what_to_do(step)]
    return "\n".join(lines)
