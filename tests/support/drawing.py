"""The browser side by itself: a page without Jupyter, on which the wizard draws the states of a made-up model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cave_setup
from cave_setup.notebook.widget import Wizard

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOURCE = (Path(cave_setup.__file__).parent / "notebook/wizard.js").read_text(encoding="utf-8")
ADDRESS = "http://localhost/"
PAGE = f"""<!doctype html><meta charset="utf-8"><title>wizard</title><style>{Wizard._css}</style>
<body data-jp-theme-light="true"><textarea id="outside"></textarea><div id="here"></div>"""
START = """async ([source, state]) => {
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const listeners = { "change:state": [], "msg:custom": [] };
    window.sent = []; window.keys = [];
    window.model = {
        state,
        get: () => window.model.state,
        on: (event, listener) => listeners[event].push(listener),
        off: () => { window.wasOff = true; },
        send: (message, _callbacks, buffers) => {
            if (window.gone) throw new Error("Cannot send");
            window.sent.push(buffers ? { ...message, bytes: new TextDecoder().decode(buffers[0]) } : message);
        },
        set: (state) => { window.model.state = state; listeners["change:state"].forEach((listener) => listener()); },
        ask: (message, bytes) => {
            const buffers = bytes === undefined ? [] : [new DataView(new TextEncoder().encode(bytes).buffer)];
            listeners["msg:custom"].forEach((listener) => listener(message, buffers));
        },
    };
    document.addEventListener("keydown", (event) => window.keys.push(event.key), true);
    module.default.initialize({ model });
    window.dispose = module.default.render({ model, el: document.querySelector("#here") });
}"""


def draw(page: Page, state: dict[str, Any], surroundings: str = "") -> None:
    """Draw; `surroundings` is put before the source, and may name things of the page anew."""
    page.evaluate(START, [surroundings + SOURCE, state])


def change(page: Page, state: dict[str, Any]) -> None:
    page.evaluate("state => window.model.set(state)", state)


def draw_open(page: Page, state: dict[str, Any]) -> None:
    """Draw with the form for server and datastack open."""
    draw(page, state)
    page.get_by_role("button", name="Change", exact=True).click()
    change(page, state)


def sent(page: Page) -> list[dict[str, Any]]:
    """Give what was sent to Python, but for the server that the person saw, which goes with each."""
    messages: list[dict[str, Any]] = page.evaluate("() => window.sent.map(({ at, ...message }) => message)")
    return [message for message in messages if message["action"] != "hello"]
