"""What stays in a notebook without a widget: a summary, and guidance where the widget's front end is missing.

Plain HTML with everything escaped, and the same as text; no script, and nothing that depends on a kernel.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from cave_setup import words
from cave_setup.report import MARKS, as_text, use_it, what_to_do

if TYPE_CHECKING:
    from cave_setup.models import Status

_BOX = (
    "max-width:720px;border:1px solid var(--jp-border-color2,#d0d4da);border-radius:10px;padding:14px 18px;"
    "font:14px/1.55 var(--jp-ui-font-family,system-ui,sans-serif)"
)


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
    block = f'<pre style="margin:8px 0 0;white-space:pre-wrap">{code}</pre>' if status.ready else ""
    html = f'<div style="{_BOX}"><div style="margin-bottom:6px">{escape(title)}</div>{demo}{rows}{block}</div>'
    return {"text/html": html, "text/plain": as_text(without_email(status))}


def without_email(status: Status) -> Status:
    """Give the status as it may stand in a notebook that is shared."""
    if status.account is None:
        return status
    name = status.account.name
    steps = tuple(replace(step, summary=name) if step.key == "account" else step for step in status.steps)
    return replace(status, steps=steps)


def no_front_end() -> dict[str, Any]:
    """Say in a terminal that there will be no wizard, and what there is."""
    return {"text/plain": f"{words.PLAIN_TEXT}\n{words.FRONT_END_MISSING_ALTERNATIVE}"}


def front_end_missing(status: Status | None) -> dict[str, Any]:
    """Say why there is no wizard to be seen and how to go on without it."""
    sentences = [words.FRONT_END_MISSING, words.FRONT_END_MISSING_ALTERNATIVE]
    found = f"\n\n{as_text(status)}" if status else ""
    paragraphs = "".join(f'<p style="margin:0 0 8px">{escape(sentence)}</p>' for sentence in sentences)
    block = f'<pre style="margin:0;white-space:pre-wrap">{escape(found.strip())}</pre>' if found else ""
    return {
        "text/html": f'<div style="{_BOX}">{paragraphs}{block}</div>',
        "text/plain": "\n".join(sentences) + found,
    }
