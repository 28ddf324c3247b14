"""What is in a notebook beside a widget or without one: a summary, and guidance where nothing drew the widget.

Plain HTML with everything escaped, and the same as text; no script, and nothing that depends on a kernel.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from cave_setup import words
from cave_setup.notebook.beginning import BOX, LINES, guidance_as_html, guidance_as_text
from cave_setup.report import MARKS, as_text, use_it, what_to_do

if TYPE_CHECKING:
    from cave_setup.models import Status


def summary(status: Status) -> dict[str, Any]:
    """Give the six steps as they stand, as a bundle for a notebook's output."""
    when = status.facts.checked_at.astimezone().strftime("%Y-%m-%d %H:%M")
    address = status.facts.server_address
    title = words.SUMMARY_RAN.format(where=words.where(status.facts.datastack, address.netloc), when=when)
    demo = f"<div><b>{escape(words.DEMO_SERVER)}</b></div>" if status.facts.server.is_demo else ""
    rows = "".join(
        f"<div>{MARKS[step.state]}&ensp;<b>{escape(step.title)}</b> {escape(step.summary)}</div>"
        + "".join(f'<div style="margin-inline-start:1.8em">{escape(sentence)}</div>' for sentence in what_to_do(step))
        for step in without_email(status).steps
    )
    code = escape(use_it(status))
    block = f'<pre style="margin:8px 0 0;{LINES}">{code}</pre>' if status.ready else ""
    html = f'<div style="{BOX}"><div style="margin-bottom:6px">{escape(title)}</div>{demo}{rows}{block}</div>'
    return {"text/html": html, "text/plain": as_text(without_email(status))}


def without_email(status: Status) -> Status:
    """Give the status as it may stand in a notebook that is shared."""
    if status.account is None:
        return status
    name = status.account.name
    steps = tuple(replace(step, summary=name) if step.key == "account" else step for step in status.steps)
    return replace(status, steps=steps)


def no_front_end() -> dict[str, Any]:
    """Say in a terminal that there will be no wizard, and how to go on."""
    return {"text/plain": guidance_as_text(words.WIZARD_IN_TERMINAL)}


def front_end_missing(status: Status | None) -> dict[str, Any]:
    """Say why there is no wizard to be seen and how to go on without it."""
    found = as_text(without_email(status)) if status else ""
    return {
        "text/html": guidance_as_html(words.FRONT_END_MISSING, found),
        "text/plain": guidance_as_text(words.FRONT_END_MISSING, found),
    }
