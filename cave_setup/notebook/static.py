"""What is in a notebook beside a widget or without one: a summary, and guidance where nothing drew the widget.

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
_LINES = "white-space:pre-wrap;word-break:break-word"

# A wizard may be on its way for two seconds. After them JupyterLab's “Loading widget...” and “model not found” go: the
# guidance below says more. Nothing but classes stands in “:has”, or the browser would judge the whole page anew with
# every element that comes. Where there are no such outputs, the wizard itself says that it lives.
_WHERE_NOTHING_IS_DRAWN = """
@keyframes cave-setup-instead { from, to { position: absolute; visibility: hidden } }
.cave-setup-instead { animation: cave-setup-instead 2s }
.jp-OutputArea-child:not(:has(.cave-setup)):has(+ .jp-OutputArea-child .cave-setup-instead) {
  animation: cave-setup-instead 1s 2s forwards;
}
.jp-OutputArea-child:has(.cave-setup) + .jp-OutputArea-child:has(.cave-setup-instead),
.cave-setup-lives .cave-setup-instead { display: none }
"""


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
    block = f'<pre style="margin:8px 0 0;{_LINES}">{code}</pre>' if status.ready else ""
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
    """Say in a terminal that there will be no wizard, and how to go on."""
    return {"text/plain": _as_text(words.WIZARD_IN_TERMINAL)}


def instead() -> dict[str, Any]:
    """Say how to set up, wherever a stored notebook shows no wizard; beside a wizard that lives it is not to be seen.

    True at any time: it is saved with the notebook.
    """
    html = f"<style>{_WHERE_NOTHING_IS_DRAWN}</style>{_as_html(words.RUN_THIS_CELL)}"
    return {"text/html": html, "text/plain": _as_text(words.RUN_THIS_CELL)}


def front_end_missing(status: Status | None) -> dict[str, Any]:
    """Say why there is no wizard to be seen and how to go on without it."""
    found = as_text(without_email(status)) if status else ""
    return {
        "text/html": _as_html(words.FRONT_END_MISSING, found),
        "text/plain": _as_text(words.FRONT_END_MISSING, found),
    }


def _as_text(sentences: str, found: str = "") -> str:
    ways = [f"{where}\n{code}" for where, code in words.WITHOUT_WIDGETS]
    return "\n\n".join([sentences, *ways, *([found] if found else [])])


def _as_html(sentences: str, found: str = "") -> str:
    ways = "".join(
        f'<div style="margin-top:8px">{escape(where)}</div><pre style="margin:2px 0 0">{escape(code)}</pre>'
        for where, code in words.WITHOUT_WIDGETS
    )
    block = f'<pre style="margin:12px 0 0;{_LINES}">{escape(found)}</pre>' if found else ""
    text = f"<div><b>{words.PRODUCT}</b></div><div>{escape(sentences)}</div>"
    return f'<div class="cave-setup-instead" style="{_BOX}">{text}{ways}{block}</div>'
