"""A status as the browser gets it: plain data that says what to draw, block by block. Pure; no token, no rule.

The browser knows a few kinds of blocks (a paragraph, a paste field, a row of buttons …) and nothing else, so every
word and every decision stays in Python, where it is tested without a browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cave_setup import words
from cave_setup.models import DEFAULT_SERVER

if TYPE_CHECKING:
    from cave_setup.errors import SetupError
    from cave_setup.models import Candidate, SaveTarget, ServerAddress, Status, Step

Block = dict[str, Any]


@dataclass(frozen=True)
class Situation:
    """What the screen has to show beyond the status: what the person or the wizard is at.

    Parameters
    ----------
    busy : str
        What is being done at this moment; empty if nothing is.
    error : SetupError, optional
        What was wrong with the last thing that the person entered, and in which field.
    error_in : {'', 'paste', 'server', 'wizard'}
    choices : tuple of (str, str)
        Tokens of a pasted text to choose from, masked: a label and a date.
    another : bool
        The person wants to use another token, whatever the state of this one.
    watching : {'', 'terms', 'gave-up'}
        Whether the acceptance of terms is being waited for.
    said : int
        Counts what was said to screen readers, so that the same sentence can be said twice.
    say : str
        The sentence to say.

    """

    busy: str = ""
    error: SetupError | None = None
    error_in: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    another: bool = False
    watching: str = ""
    said: int = 0
    say: str = ""


def view(
    status: Status | None, situation: Situation, server: ServerAddress, datastack: str, pages: dict[str, str]
) -> dict[str, Any]:
    """Say what to draw.

    Parameters
    ----------
    status : Status, optional
        None before the first check has come back.
    situation : Situation
    server, datastack
        What is being set up.
    pages : dict
        Addresses of the server's pages: ``token`` and, where terms are open, ``terms``.

    Returns
    -------
    dict
        JSON-able, and the same for the same arguments.

    """
    focus = _focus(status, situation) if status else None
    return {
        "title": words.PRODUCT,
        "where": _where(situation, server, datastack),
        "pill": _pill(status, situation),
        "banner": words.DEMO_SERVER if status and status.facts.server.is_demo else "",
        "busy": situation.busy,
        "alert": _error_text(situation, "wizard"),
        "steps": _steps(status, situation, pages),
        "focus": focus.key if focus else "",
        "checked": words.checked_at(status.facts.checked_at.astimezone().strftime("%H:%M:%S")) if status else "",
        "footer": _footer(status, situation),
        "say": {"count": situation.said, "text": situation.say},
        "words": {
            "gone": words.KERNEL_GONE,
            "noAnswer": words.NO_ANSWER,
            "copied": words.COPIED,
            "copyFailed": words.COPY_FAILED,
            "tooLarge": words.PASTED_FILE_TOO_LARGE,
        },
    }


def _where(situation: Situation, server: ServerAddress, datastack: str) -> dict[str, Any]:
    return {
        "text": words.where(datastack, server.netloc),
        "server": server.url,
        "datastack": datastack,
        "change": words.BUTTON_CHANGE,
        "apply": words.BUTTON_APPLY,
        "cancel": words.BUTTON_CANCEL,
        "labels": [words.LABEL_SERVER, words.LABEL_DATASTACK],
        "error": _error_text(situation, "server"),
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


def _steps(status: Status | None, situation: Situation, pages: dict[str, str]) -> list[dict[str, Any]]:
    if status is None:
        return [
            _drawn(key, "waiting", title, situation.busy if first else "", "", [], busy=first)
            for first, (key, title) in zip([True] + [False] * 5, words.STEP_TITLES.items(), strict=True)
        ]
    focus = _focus(status, situation)
    return [
        _drawn(
            step.key,
            step.state,
            step.title,
            "" if _says_nothing(step) else step.summary,
            "" if step.seconds is None else words.took(step.seconds),
            _blocks(_At(status, step, situation, pages)) if step is focus else _aside(step),
            busy=bool(situation.busy) and step is focus,
        )
        for step in status.steps
    ]


def _focus(status: Status, situation: Situation) -> Step:
    return status.step("account") if situation.another else status.focus


def _footer(status: Status | None, situation: Situation) -> list[dict[str, Any]]:
    """List what can be done at any time."""
    items = [_button(words.BUTTON_CHECK_AGAIN, {"action": "check"}, "link")]
    if status and status.account and not situation.another:
        items.append(_button(words.BUTTON_ANOTHER, {"action": "another"}, "link"))
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


# --------------------------------------------------------------------------------------------- what a step offers


@dataclass(frozen=True)
class _At:
    """What the open step is drawn from."""

    status: Status
    step: Step
    situation: Situation
    pages: dict[str, str]


def _blocks(at: _At) -> list[Block]:
    """List the blocks of the open at.step: what to do, the controls for it, then what is worth knowing."""
    if at.situation.choices:
        return _choice(at.situation)
    if at.situation.another:
        back = _buttons("back", [_button(words.BUTTON_CANCEL, {"action": "check"}, "link")])
        return [*_sign_in(at), back]
    if at.step.state == "done":
        return _ready(at.status) + _notes(at.step)
    by_need = {
        "sign-in": _sign_in,
        "new-token": _new_token,
        "lasting-key": _new_token,
        "accept-terms": _terms,
        "save": _save,
        "replace": _replace,
        "mount": _mount,
        "change-server": _change_server,
    }
    draw = by_need.get(at.step.need, _retry)
    return draw(at) + _notes(at.step)


def _sign_in(at: _At) -> list[Block]:
    host = at.status.facts.server_address.netloc
    return [
        _list("how", words.sign_in_steps(host)),
        _buttons("go", [_link(words.BUTTON_TOKEN_PAGE, at.pages["token"], "go")]),
        _paste(at.situation),
        _text("private", words.PRIVATE_NOTE.format(host=host), "note"),
        _text("several", words.NO_EXPIRY_NOTE, "note"),
    ]


def _new_token(at: _At) -> list[Block]:
    return [
        _text("remedy", at.step.remedy or ""),
        _buttons("go", [_link(words.BUTTON_TOKEN_PAGE_AGAIN, at.pages["token"], "go")]),
        _paste(at.situation),
    ]


def _terms(at: _At) -> list[Block]:
    link = _link(words.BUTTON_TERMS_PAGE, at.pages.get("terms", ""), "go")
    link["opened"] = "terms"
    blocks = [_text("remedy", at.step.remedy or ""), _buttons("go", [link])]
    if at.situation.watching == "terms":
        blocks.append({"id": "watching", "kind": "waiting", "text": words.WATCHING_TERMS})
    elif at.situation.watching == "gave-up":
        again = _button(words.BUTTON_TERMS_ACCEPTED, {"action": "check"}, "quiet")
        blocks += [_text("gave-up", words.WATCHING_GAVE_UP), _buttons("again", [again])]
    return [*blocks, _text("harmless", words.HARMLESS_ERROR_NOTE, "note")]


def _save(at: _At) -> list[Block]:
    buttons = [_button(words.BUTTON_SAVE, {"action": "save"}, "go")]
    if any(target.verdict == "foreign" for target in at.status.facts.store.targets):
        buttons.append(_button(words.BUTTON_TAKE_DEFAULT, {"action": "save", "default": "replace"}, "link"))
    return [_text("remedy", at.step.remedy or ""), _files(at.status), _buttons("save", buttons)]


def _replace(at: _At) -> list[Block]:
    different = [target for target in at.status.facts.store.targets if target.verdict == "replace"]
    buttons = [_button(words.BUTTON_REPLACE, {"action": "save", "replace": True}, "go")]
    if [target.reader for target in different] == [words.READER_DEFAULT]:
        buttons.append(_button(words.BUTTON_KEEP_DEFAULT, {"action": "save", "default": "keep"}, "quiet"))
    found = [
        words.different_token_there(target.now.token.masked, target.shown)
        for target in different
        if target.now and target.now.token
    ]
    return [_text("found", " ".join(found)), _files(at.status), _buttons("save", buttons)]


def _mount(at: _At) -> list[Block]:
    for_now = _button(words.BUTTON_SAVE_THIS_RUN, {"action": "save"}, "quiet")
    return [_text("remedy", at.step.remedy or ""), _buttons("save", [for_now])]


def _change_server(at: _At) -> list[Block]:
    change = {"label": words.BUTTON_CHANGE_SERVER, "edit": True, "style": "go"}
    again = _button(words.BUTTON_TRY_AGAIN, {"action": "check"}, "link")
    blocks = [_text("remedy", at.step.remedy or ""), _buttons("change", [change, again])]
    if at.step.key == "account":
        blocks.append(_paste(at.situation))
    return blocks


def _retry(at: _At) -> list[Block]:
    blocks = [_text("remedy", at.step.remedy or "")] if at.step.remedy else []
    again = _button(words.BUTTON_TRY_AGAIN, {"action": "check"}, "go")
    return [*blocks, _buttons("again", [again])]


def _choice(situation: Situation) -> list[Block]:
    return [
        {
            "id": "choice",
            "kind": "choice",
            "label": words.LABEL_SEVERAL,
            "options": [{"label": label, "detail": date} for label, date in situation.choices],
            "button": words.BUTTON_USE_THIS,
        },
        _buttons("cancel", [_button(words.BUTTON_CANCEL, {"action": "check"}, "link")]),
    ]


def choices(candidates: tuple[Candidate, ...]) -> tuple[tuple[str, str], ...]:
    """Name the candidates for a person to choose from."""
    return tuple(
        (f"{candidate.description or words.PASTED} {candidate.token.masked}", candidate.created)
        for candidate in candidates
    )


def _ready(status: Status) -> list[Block]:
    if not status.ready:
        return []
    address = status.facts.server_address.url
    code = words.snippet(status.facts.datastack, None if address == DEFAULT_SERVER else address)
    return [
        _text("use", words.USE_IT),
        {"id": "code", "kind": "code", "text": code, "copy": words.BUTTON_COPY},
        _buttons("done", [_button(words.BUTTON_DONE, {"action": "done"}, "go")]),
    ]


# ------------------------------------------------------------------------------------------------------- blocks


def _text(name: str, text: str, tone: str = "") -> Block:
    return {"id": name, "kind": "text", "text": text, "tone": tone}


def _notes(step: Step) -> list[Block]:
    return [_text(f"note-{number}", note, "note") for number, note in enumerate(step.notes)]


def _aside(step: Step) -> list[Block]:
    """Give what is worth knowing of a step that is not open; a problem says its remedy all the same."""
    remedy = [_text("remedy", step.remedy, "note")] if step.state == "problem" and step.remedy else []
    return remedy + _notes(step)


def _list(name: str, items: tuple[str, ...]) -> Block:
    return {"id": name, "kind": "list", "items": list(items)}


def _button(label: str, message: dict[str, Any], style: str) -> dict[str, Any]:
    return {"label": label, "message": message, "style": style}


def _link(label: str, address: str, style: str) -> dict[str, Any]:
    return {"label": label, "href": address, "style": style}


def _buttons(name: str, items: list[dict[str, Any]]) -> Block:
    return {"id": f"buttons-{name}", "kind": "buttons", "items": items}


def _paste(situation: Situation) -> Block:
    return {
        "id": "paste",
        "kind": "paste",
        "label": words.LABEL_PASTE,
        "placeholder": words.HINT_PASTE_PLACE,
        "button": words.BUTTON_PASTE,
        "hint": words.HINT_DROP,
        "choose": words.BUTTON_CHOOSE_FILE,
        "error": _error_text(situation, "paste"),
    }


def _error_text(situation: Situation, field: str) -> str:
    return str(situation.error) if situation.error and situation.error_in == field else ""


def _files(status: Status) -> Block:
    return {
        "id": "files",
        "kind": "files",
        "label": words.LABEL_FILES,
        "rows": [
            {"path": target.shown, "reader": target.reader, "verdict": _verdict(target), "tone": target.verdict}
            for target in status.facts.store.targets
        ],
    }


def _verdict(target: SaveTarget) -> str:
    masked = target.now.token.masked if target.now and target.now.token else ""
    return words.VERDICTS[target.verdict].format(masked=masked, other=target.other_server)
