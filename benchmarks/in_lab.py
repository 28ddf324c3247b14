"""What a person waits for in JupyterLab: from the key to the first picture, and from a click to the answer.

Real JupyterLab, real Chromium; the clock is the page's own.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest.mock import patch

from measured import Measured, gathered
from playwright.sync_api import sync_playwright
from support.chromium import chromium
from support.lab import Lab, running_lab

from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

VBOX, FRAME, WIZARD, LOGIN = (
    "empty `ipywidgets.VBox`",
    "the wizard's frame",
    "the wizard in it",
    "huggingface_hub's `notebook_login`",
)
BUTTON, PRESS, CHECK = (
    "an `ipywidgets.Button` that sets a Label",
    "a click that asks no server",
    "*Check again*, four requests",
)
CELL = "%load_ext cave_setup\n%cave_setup --environment local --server {server}"
# What is shown, and how its being there is told. An empty VBox has no height: for it, being attached has to do.
CELLS = {
    VBOX: ("import ipywidgets\nipywidgets.VBox()", "find('.widget-vbox')"),
    FRAME: (CELL, "find('.cave-setup-begins')?.offsetHeight > 0"),
    WIZARD: (
        CELL,
        "find('.cave-setup')?.offsetHeight > 0",
    ),
    LOGIN: ("from huggingface_hub import notebook_login\nnotebook_login()", "find('center')?.offsetHeight > 0"),
}
BUTTON_CELL = """
import ipywidgets
button, label = ipywidgets.Button(description="Press"), ipywidgets.Label("0")
button.on_click(lambda _: setattr(label, "value", str(int(label.value) + 1)))
ipywidgets.VBox([button, label])
"""
BUSY = "find('.cave-setup .steps').ariaBusy"
REST_SECONDS = 1.0  # so that nothing of the notebook's own beginning is still under way

# Waits for an event, then for the page to be as described, then for the frame in which that is painted.
_ARM = """([event, key, is_so]) => {
    const find = selector => document.querySelector(`.jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea ${selector}`);
    const holds = new Function("find", "memory", `return ${is_so}`);
    const memory = {};
    window.measured = new Promise(done => {
        let began;
        const look = () => {
            if (began === undefined || !holds(find, memory)) return;
            observer.disconnect();
            requestAnimationFrame(() => {
                const { port1, port2 } = new MessageChannel();
                port1.onmessage = () => done(performance.now() - began);
                port2.postMessage(null);
            });
        };
        const observer = new MutationObserver(look);
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        addEventListener(event, seen => { if (!key || seen.key === key) began ??= seen.timeStamp; }, { capture: true });
    });
}"""
_OPEN = """async path => {
    const { commands, shell } = window.jupyterapp;
    const panel = await commands.execute("docmanager:open", { path, factory: "Notebook" });
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    shell.activateById(panel.id);
    await commands.execute("notebook:enter-edit-mode");
}"""


def measure(rounds: int) -> dict[str, list[Measured]]:
    """Measure both in one JupyterLab."""
    with ExitStack() as stack:
        demo = stack.enter_context(DemoServer())
        hub = stack.enter_context(_device_login())
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stack.enter_context(patch.dict("os.environ", {"HF_ENDPOINT": hub}))
        lab = stack.enter_context(running_lab(folder))
        browser = stack.enter_context(chromium(stack.enter_context(sync_playwright())))
        return {
            "In JupyterLab, from Shift+Enter to the first picture": first_paint(browser, lab, demo, rounds),
            "In JupyterLab, from a click to the drawn answer": click_to_answer(browser, lab, demo, rounds),
        }


def first_paint(browser: Browser, lab: Lab, demo: DemoServer, rounds: int) -> list[Measured]:
    """Run each cell in a new browser context and a new kernel; the first round, which compiles, is not counted."""

    def once(name: str) -> float:
        code, is_there = CELLS[name]
        with _opened(browser, lab, "paint.ipynb", code.format(server=demo.address)) as page:
            page.evaluate(_ARM, ["keydown", "Enter", is_there])
            page.keyboard.press("Shift+Enter")
            return float(page.evaluate("measured"))

    for name in CELLS:
        once(name)
    found = gathered(((name, once(name)) for _ in range(rounds) for name in CELLS), "ms")
    return [
        found[VBOX],
        found[FRAME].beside(found[VBOX], goal=1.15),
        found[WIZARD].beside(found[VBOX]),
        found[LOGIN],
        found[FRAME].beside(found[LOGIN], "`notebook_login`"),
        found[WIZARD].beside(found[LOGIN], "`notebook_login`"),
    ]


def click_to_answer(browser: Browser, lab: Lab, demo: DemoServer, rounds: int) -> list[Measured]:
    """Click in turn on a stock button and on two of the wizard's, in one page with one kernel."""
    wizard_cell = f"import os\nos.environ['CAVE_SETUP_SERVER'] = {demo.address!r}\n{CELLS[WIZARD][0].split(chr(10))[0]}"
    cells = (BUTTON_CELL, wizard_cell, "%cave_setup --environment local")
    with _opened(browser, lab, "click.ipynb", *cells) as page:
        for _ in cells:
            page.keyboard.press("Shift+Enter")
        _wait(page, ".cave-setup .steps[aria-busy=false]")
        # What is done on the way back is not timed.
        ways = {
            BUTTON: (
                ".widget-button",
                "(memory.was ??= find('.widget-label').textContent) !== find('.widget-label').textContent",
                "",
            ),
            PRESS: ("[data-does*='\"place\"']", "find('form.choice')", "[data-does*='\"back\"']"),
            CHECK: (
                '[data-does=\'{"action":"check"}\']',
                f"(memory.busy ||= {BUSY} === 'true') && {BUSY} === 'false'",
                "",
            ),
        }

        def once(name: str) -> float:
            selector, is_so, back = ways[name]
            page.evaluate(_ARM, ["click", "", is_so])
            _find(page, selector).click()
            taken = float(page.evaluate("measured"))
            if back:
                _find(page, back).first.click()
            _wait(page, ".cave-setup .steps[aria-busy=false]")
            time.sleep(0.1)
            return taken

        for name in ways:
            once(name)
        found = gathered(((name, once(name)) for _ in range(rounds * 2) for name in ways), "ms")
    return [found[BUTTON], *(found[name].beside(found[BUTTON], "the stock button") for name in (PRESS, CHECK))]


@contextmanager
def _opened(browser: Browser, lab: Lab, name: str, *cells: str) -> Iterator[Page]:
    """Open a notebook in a new browser context, with a new kernel that is at rest; the cursor is in its first cell."""
    context = browser.new_context(viewport={"width": 1180, "height": 1000})
    context.set_default_timeout(60_000)
    page = context.new_page()
    lab.open(page)
    page.evaluate(_OPEN, lab.write(name, *cells))
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached")
    time.sleep(REST_SECONDS)
    yield page
    lab.close_notebook(page)
    context.close()


def _find(page: Page, selector: str) -> Locator:
    return page.locator(f".jp-OutputArea {selector}")


def _wait(page: Page, selector: str) -> None:
    _find(page, selector).first.wait_for()


class _DeviceLogin(BaseHTTPRequestHandler):
    """As much of huggingface.co as `notebook_login` needs until it has drawn; the code runs out after a second."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        begins = self.path == "/oauth/device"
        page = "http://127.0.0.1/device"
        code = {
            "device_code": "x",
            "user_code": "ABCD-EFGH",
            "verification_uri": page,
            "verification_uri_complete": page,
        }
        answer = {**code, "expires_in": 1, "interval": 1} if begins else {"error": "expired_token"}
        body = json.dumps(answer).encode()
        self.send_response(200 if begins else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _device_login() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _DeviceLogin) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
