"""The kinds of blocks that the browser can draw, made one by one: plain data, the same kinds as in ``wizard.js``."""

from __future__ import annotations

from typing import Any

from cave_setup import words

Block = dict[str, Any]
Item = dict[str, Any]
Option = tuple[str | int, str, str]  # what it is, a label and a detail


def text(name: str, sentence: str, tone: str = "") -> Block:
    """Make a paragraph; ``tone`` is one of its classes."""
    return {"id": name, "kind": "text", "text": sentence, "tone": tone}


def done(name: str, sentence: str) -> Block:
    """Make a paragraph that says what has just been done, to which the person at work is taken."""
    return {"id": name, "kind": "done", "text": sentence}


def head(name: str, title: str) -> Block:
    """Make a heading over the blocks that follow."""
    return {"id": name, "kind": "head", "text": title}


def waiting(name: str, sentence: str) -> Block:
    """Make a line that says what is waited for."""
    return {"id": name, "kind": "waiting", "text": sentence}


def button(label: str, message: dict[str, Any], style: str) -> Item:
    """Make a button that sends a message."""
    return {"label": label, "message": message, "style": style}


def link(label: str, address: str, style: str, *, opened: str = "", own_window: bool = False) -> Item:
    """Make a link to another page, in a tab of its own.

    Parameters
    ----------
    label, address, style : str
    opened : str
        Tell the kernel under this name that it was opened.
    own_window : bool
        Open a small window that may speak to its opener instead.

    """
    return {"label": label, "href": address, "style": style, "opened": opened, "window": own_window}


def window(label: str, address: str, origins: tuple[str, ...], patience: float, style: str) -> Item:
    """Make a button that opens the sign-in window.

    Parameters
    ----------
    label, address, style : str
    origins : tuple of str
        From which the window may speak.
    patience : float
        Seconds after which its silence is told.

    """
    sign_in = {"address": address, "origins": list(origins), "patience": patience}
    return {"label": label, "signIn": sign_in, "style": style}


def row(name: str, items: list[Item]) -> Block:
    """Make a row of buttons and links."""
    return {"id": f"buttons-{name}", "kind": "buttons", "items": items}


def paste(error: str) -> Block:
    """Make the field to paste or drop a token into."""
    return {
        "id": "paste",
        "kind": "paste",
        "label": words.LABEL_PASTE,
        "placeholder": words.HINT_PASTE_PLACE,
        "button": words.BUTTON_PASTE,
        "hint": words.HINT_DROP,
        "choose": words.BUTTON_CHOOSE_FILE,
        "error": error,
    }


def choice(name: str, label: str, options: list[Option], action: str, confirm: str) -> Block:
    """Make a question with one answer, of which the first is chosen.

    What an answer is goes into its message, and not which one in the list it was: a list may be another one by then.
    """
    return {
        "id": name,
        "kind": "choice",
        "label": label,
        "options": [{"value": value, "label": option, "detail": detail} for value, option, detail in options],
        "action": action,
        "button": confirm,
    }


def terms(terms_id: int, name: str, body: list[Any], page: Item) -> Block:
    """Make the text of terms with the tick without which nothing is accepted, and a link to the server's page."""
    return {
        "id": f"terms-{terms_id}",
        "kind": "terms",
        "terms": terms_id,
        "label": words.terms_text_label(name),
        "body": body,
        "tick": words.LABEL_TICK,
        "button": words.BUTTON_ACCEPT,
        "page": page,
    }


def field(name: str, label: str, hint: str, placeholder: str, action: str, error: str) -> Block:
    """Make a field for a line of text, which is sent with this action."""
    return {
        "id": name,
        "kind": "field",
        "label": label,
        "hint": hint,
        "placeholder": placeholder,
        "action": action,
        "button": words.BUTTON_USE_ADDRESS,
        "error": error,
    }


def copy_token(label: str, style: str) -> Item:
    """Make a button that asks for the token and puts it on the clipboard."""
    return {"label": label, "style": style, "copyToken": True}


def more(name: str, title: str, body: list[Block]) -> Block:
    """Make a title below which more can be opened."""
    return {"id": name, "kind": "more", "title": title, "body": body}


def rich(name: str, tree: list[Any], tone: str = "") -> Block:
    """Make paragraphs of a tree as `cave_setup.notebook.markdown` gives it."""
    return {"id": name, "kind": "rich", "body": tree, "tone": tone}


def picture(name: str, svg: str, alt: str) -> Block:
    """Make a drawing that can be enlarged. It is our own, never a server's."""
    return {
        "id": name,
        "kind": "picture",
        "svg": svg,
        "alt": alt,
        "enlarge": words.BUTTON_ENLARGE,
        "close": words.BUTTON_CLOSE,
    }


def guide_step(number: int, title: str, stage: str, found: tuple[str, ...], tone: str, body: list[Block]) -> Block:
    """Make a step of a guide: open if it is at hand, and can be opened otherwise; below its title what was observed."""
    return {
        "id": f"guide-{number}",
        "kind": "guide",
        "number": str(number),
        "title": title,
        "stage": stage,
        "stageText": words.GUIDE_STAGES[stage],
        "found": list(found),
        "tone": tone,
        "body": body,
    }


def files(name: str, label: str, rows: list[dict[str, str]]) -> Block:
    """Make a list of files, each with who reads it and what becomes of it."""
    return {"id": name, "kind": "files", "label": label, "rows": rows}


def code(source: str) -> Block:
    """Make lines of code with a button to copy them."""
    return {"id": "code", "kind": "code", "text": source, "copy": words.BUTTON_COPY}
