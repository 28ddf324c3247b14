"""A status as the browser gets it: plain data that says what to draw, block by block. Pure; no token, no rule.

The browser knows a few kinds of blocks (a paragraph, a paste field, a row of buttons …) and nothing else, so every
word and every decision stays in Python, where it is tested without a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cave_setup import words
from cave_setup.notebook import blocks, picker
from cave_setup.notebook.at import At
from cave_setup.notebook.offers import aside, offers
from cave_setup.notebook.undoing import last_save_to_offer

if TYPE_CHECKING:
    from cave_setup.models import ServerAddress, Status, Step
    from cave_setup.notebook.blocks import Block
    from cave_setup.notebook.situation import Pages, Situation


def view(
    status: Status | None, situation: Situation, server: ServerAddress, datastack: str, pages: Pages
) -> dict[str, Any]:
    """Say what to draw.

    Parameters
    ----------
    status : Status, optional
        None before the first check has come back.
    situation : Situation
    server, datastack
        What is being set up.
    pages : Pages
        Addresses of the server's pages.

    Returns
    -------
    dict
        JSON-able, and the same for the same arguments.

    """
    focus = _focus(status, situation) if status else None
    return {
        "title": words.PRODUCT,
        "where": picker.form(status, situation, server, datastack),
        "pill": _pill(status, situation),
        "banner": words.DEMO_SERVER if status and status.facts.server.is_demo else "",
        "busy": situation.busy,
        "alert": situation.error_text("wizard"),
        "steps": _steps(status, situation, pages),
        "focus": focus.key if focus else "",
        "checked": words.checked_at(status.facts.checked_at.astimezone().strftime("%H:%M:%S")) if status else "",
        "footer": _footer(status, situation),
        "askFirst": {"label": words.LABEL_ASK_FIRST, "on": situation.ask_first},
        "signingIn": bool(situation.sign_in.rung),
        "say": {"count": situation.said, "text": situation.say},
        "words": {
            "gone": words.KERNEL_GONE,
            "noAnswer": words.NO_ANSWER,
            "copied": words.COPIED,
            "copyFailed": words.COPY_FAILED,
            "tooLarge": words.PASTED_FILE_TOO_LARGE,
            "copiedToken": words.COPIED_TOKEN,
            "revealed": words.REVEALED,
            "revealedLabel": words.LABEL_REVEALED,
        },
    }


def _pill(status: Status | None, situation: Situation) -> dict[str, str]:
    if status is None:
        return {"text": words.PILL_LOOKING, "tone": ""}
    if status.ready:
        return {"text": words.PILL_READY, "tone": "ok"}
    if _focus(status, situation).state == "problem" and not situation.busy:
        return {"text": words.PILL_PROBLEM, "tone": "bad"}
    done = sum(step.state == "done" for step in status.steps)
    return {"text": words.steps_done(done, len(status.steps)), "tone": ""}


def _steps(status: Status | None, situation: Situation, pages: Pages) -> list[dict[str, Any]]:
    if status is None:
        return [
            _drawn(key, "waiting", title, situation.busy if first else "", "", [], busy=first)
            for first, (key, title) in zip([True] + [False] * 5, words.STEP_TITLES.items(), strict=True)
        ]
    focus = _focus(status, situation)
    states = {step.key: step.state for step in status.steps}
    if situation.guide:  # what the person is at, though it comes after signing in
        states.update({"account": "waiting", "save": "current"})
    return [
        _drawn(
            step.key,
            states[step.key],
            step.title,
            "" if _says_nothing(step) else step.summary,
            "" if step.seconds is None else words.took(step.seconds),
            (offers if step is focus else aside)(At(status, step, situation, pages)),
            busy=bool(situation.busy) and step is focus,
        )
        for step in status.steps
    ]


def _focus(status: Status, situation: Situation) -> Step:
    if situation.place:
        return status.step("environment")
    if situation.keys:
        return status.step("token")
    if situation.guide or situation.undo:
        return status.step("save")
    return status.step("account") if situation.another else status.focus


def _footer(status: Status | None, situation: Situation) -> list[dict[str, Any]]:
    """List what can be done at any time."""
    items = [blocks.button(words.BUTTON_CHECK_AGAIN, {"action": "check"}, "link")]
    if status and status.account and not situation.another:
        items.append(blocks.button(words.BUTTON_ANOTHER, {"action": "another"}, "link"))
    if status and status.account and isinstance(status.facts.server.keys, tuple) and not situation.keys:
        items.append(blocks.button(words.BUTTON_KEYS, {"action": "keys"}, "link"))
    if status and last_save_to_offer(status) and not situation.undo:
        items.append(blocks.button(words.BUTTON_ASK_UNDO, {"action": "ask-undo"}, "link"))
    return items


def _says_nothing(step: Step) -> bool:
    """Whether a step that waits has found nothing yet: its title is enough then."""
    return step.state == "waiting" and not step.need and step.seconds is None


def _drawn(  # noqa: PLR0913 - it is the row of a table
    key: str, state: str, title: str, summary: str, when: str, blocks: list[Block], *, busy: bool
) -> dict[str, Any]:
    return {
        "key": key,
        "state": state,
        "stateText": words.STATES[state],
        "title": title,
        "summary": summary,
        "when": when,
        "blocks": blocks,
        "busy": busy,
    }
