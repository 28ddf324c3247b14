"""Collects all that a notebook leaves behind, for a search: files, logs, processes, the kernel, the page, the wire."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from support.traces import SECRETS

if TYPE_CHECKING:
    from types import TracebackType

    from playwright.sync_api import ConsoleMessage, Page, WebSocket
    from typing_extensions import Self

    from support.lab import Lab
    from support.searching import Places

PROOFS = {
    "notebook": b"application/vnd.jupyter.widget-state+json",
    "checkpoint": b"%cave_setup",
    "history": b"%cave_setup",
    "home folders": b"saveState",
    "server's log": b"kernel",
    "processes": b"jupyter",
    "kernel": b"cave_setup",
    "page": b"cave-setup",
    "page's storage": b"jupyter",
    "wire": b"comm_open",
}
_ASK_KERNEL = """async expressions => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const asked = { code: "", silent: true, store_history: false, user_expressions: expressions };
    const reply = await kernel.requestExecute(asked).done;
    return JSON.stringify(reply.content.user_expressions);
}"""
# What every widget would give to a notebook that is saved, and what a person can have printed.
_OF_THE_KERNEL = {
    "widgets": "repr([one.get_state() for one in __import__('ipywidgets').widgets.widget._instances.values()])",
    "variables": "repr(get_ipython().user_ns)",
}
_DRAWN = """() => {
    const parts = [];
    const visit = (root) => {
        parts.push(root.outerHTML ?? root.innerHTML);
        for (const node of root.querySelectorAll("*")) {
            if (typeof node.value === "string") parts.push(node.value);
            if (node.shadowRoot) visit(node.shadowRoot);
        }
    };
    visit(document.documentElement);
    return [location.href, document.title, ...parts].join("\\n");
}"""
_STORED = """async () => {
    const parts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
    const settled = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    for (const { name } of await indexedDB.databases()) {
        const database = await settled(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
            const kept = database.transaction(store).objectStore(store);
            for (const all of [kept.getAllKeys(), kept.getAll()]) parts.push(JSON.stringify(await settled(all)));
        }
        database.close();
    }
    return parts.join("\\n");
}"""


class Watch:
    """Everything in which a token must not be, from entering a ``with`` block on.

    Parameters
    ----------
    lab : Lab
    page : Page
        Of this Jupyter.
    home : Path
        The kernel's home folder.
    """

    def __init__(self, lab: Lab, page: Page, home: Path) -> None:
        self._lab = lab
        self._page = page
        self._home = home
        self._log_began = 0
        self._console: list[bytes] = []
        self.frames: list[bytes] = []

    def __enter__(self) -> Self:
        self._log_began = self._lab.log.stat().st_size
        self._page.on("console", self._note)
        self._page.on("websocket", self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.remove_listener("console", self._note)
        self._page.remove_listener("websocket", self._listen)

    def _note(self, message: ConsoleMessage) -> None:
        self._console.append(message.text.encode())

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(_as_bytes(frame)))

    def places(self) -> Places:
        """Save the notebook, and give what is everywhere now."""
        self._lab.save(self._page)
        self._page.evaluate("() => window.jupyterapp.shell.currentWidget.context.createCheckpoint().then(() => null)")
        found = {**written(self._lab.folder, self._lab.home, self._home), "processes": processes()}
        found["server's log"] = {"log": self._lab.log.read_bytes()[self._log_began :]}
        found["kernel"] = {name: text.encode() for name, text in self._of_the_kernel().items()}
        found["page"] = {"as drawn": self._page.evaluate(_DRAWN).encode()}
        found["page's storage"] = {"storage": self._page.evaluate(_STORED).encode()}
        found["console"] = {"console": b"\n".join(self._console)}
        found["wire"] = {"frames": b"\n".join(self.frames)}
        return proven(found)

    def _of_the_kernel(self) -> dict[str, str]:
        answers = json.loads(self._page.evaluate(_ASK_KERNEL, _OF_THE_KERNEL))
        return {name: answers[name]["data"]["text/plain"] for name in _OF_THE_KERNEL}


def proven(places: Places) -> Places:
    """Give them, once each is seen to have in it what belongs there: a search of nothing finds nothing."""
    for place, contents in places.items():
        proof = PROOFS.get(place, b"")
        assert any(proof in content for content in contents.values()), f"nothing to search: {place}"
    return places


def written(*folders: Path) -> Places:
    """Give all files of a Jupyter and of a kernel's home, but for those that the token belongs into."""
    places: Places = {"notebook": {}, "checkpoint": {}, "history": {}, "home folders": {}}
    for path in (path for folder in folders for path in folder.rglob("*")):
        if not path.is_file() or SECRETS in path.as_posix():
            continue
        if path.name == "history.sqlite":
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.execute("pragma wal_checkpoint")
        place = (
            *(("history",) if path.name.startswith("history.sqlite") else ()),
            *(("checkpoint",) if path.parent.name == ".ipynb_checkpoints" else ()),
            *(("notebook",) if path.suffix == ".ipynb" else ()),
            "home folders",
        )[0]
        with contextlib.suppress(FileNotFoundError):  # some live for a moment only
            places[place][path.as_posix()] = path.read_bytes()
    return places


def processes() -> dict[str, bytes]:
    """Give the arguments and variables of all processes of this computer."""
    told = {}
    for name in ("cmdline", "environ"):
        for path in Path("/proc").glob(f"[0-9]*/{name}"):
            with contextlib.suppress(OSError):  # it has ended, or is somebody else's
                told[path.as_posix()] = path.read_bytes()
    return told


def _as_bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
