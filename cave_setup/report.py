"""A status as plain text: for the terminal, and for notebooks without widgets. Draws only; nothing is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup import words

if TYPE_CHECKING:
    from cave_setup.models import Status

MARKS = {"done": "✓", "current": "→", "problem": "!", "waiting": "·"}


def as_text(status: Status) -> str:
    """Give the status as lines of text: a mark, the title, what was found, and the remedy below where there is one."""
    lines = [f"{words.PRODUCT} · {words.where(status.facts.datastack, status.facts.server_address.netloc)}"]
    if status.facts.server.is_demo:
        lines.append(f"  {words.DEMO_SERVER}")
    for step in status.steps:
        lines.append(f"  {MARKS[step.state]} {step.title}: {step.summary}")
        if step.remedy and step.state in {"current", "problem"}:
            lines.append(f"      {step.remedy}")
    return "\n".join(lines)
