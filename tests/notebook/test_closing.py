"""What is left of a wizard that was closed, run again or let alone: no thread, no socket, no open file."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets
import pytest
from integration.conftest import write_secret
from support.stress import STRESS
from support.wizards import focused, send, wait_until

from cave_setup.exchange import READ_SECONDS
from cave_setup.notebook.widget import Wizard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cave_setup.demo import DemoServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts what is open in /proc, as Linux has it")

CYCLES = 200 if STRESS else 40
AT_ONCE = READ_SECONDS / 2  # long before a request that hangs ends by itself


class Held:
    """What this process holds, beside what it held in the beginning."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._files = self._open()

    @staticmethod
    def _open() -> dict[str, str]:
        found = {}
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):  # the folder that has just been listed
                found[link.name] = str(link.readlink())
        return found

    def since(self) -> list[str]:
        threads = [thread.name for thread in threading.enumerate() if thread not in self._threads]
        before = set(self._files.values())
        return threads + [name for name in self._open().values() if name not in before]

    def is_let_go(self, seconds: float = AT_ONCE) -> None:
        """Wait until there is nothing more; what a server holds is let go when it hears that its client has gone."""
        deadline = time.monotonic() + seconds
        while left := self.since():
            assert time.monotonic() < deadline, left
            time.sleep(0.02)


@pytest.fixture
def hung() -> Iterator[str]:
    """A server whose computer takes every connection, and which itself never looks at one."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as bell:
        yield f"http://127.0.0.1:{bell.getsockname()[1]}"


@pytest.fixture
def ready(home: Path, demo: DemoServer) -> str:
    """The demo server, with Ada's key saved on this computer."""
    write_secret(home / ".cloudvolume/secrets", "cave-secret.json", demo.world.key_of("ada@example.org"))
    return demo.address


def is_listening(wizard: Wizard) -> None:
    send(wizard, action="hello", base="", near=True)
    send(wizard, action="no-sign-in", why="chosen")
    wait_until(wizard, lambda state: "/start" in str(state["steps"][1]))


def is_listing(wizard: Wizard) -> None:
    wait_until(wizard, focused("ready"))
    send(wizard, action="datastacks")
    wait_until(wizard, lambda state: bool(state["where"]["datastacks"]["waiting"]))


# What a wizard is at when it is closed, and where that is.
MOMENTS: dict[str, tuple[str, Callable[[Wizard], object]]] = {
    "settled": ("ready", lambda wizard: wait_until(wizard, focused("ready"))),
    "checking": ("ready", lambda wizard: None),
    "listing": ("lists late", is_listing),
    "waiting for a tab": ("nothing", is_listening),
    "at a server that hangs": ("hung", lambda wizard: time.sleep(0.02)),
}


@pytest.mark.timeout(900)  # for `make stress`
@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_of_wizards_that_are_opened_and_closed(
    moment: str, demo: DemoServer, hung: str, home: Path, request: pytest.FixtureRequest
) -> None:
    where, comes_to = MOMENTS[moment]
    address = {"hung": hung, "nothing": demo.address}.get(where) or request.getfixturevalue("ready")
    if where == "lists late":
        demo.weather.set("hang", "/info/api/v2/datastacks")

    def cycle() -> None:
        wizard = Wizard(address)
        comes_to(wizard)
        wizard.close()

    cycle()  # what is loaded and opened once, for good
    time.sleep(0.3)
    held = Held()
    for _ in range(CYCLES):
        cycle()
    held.is_let_go()


def test_closing_waits_for_no_server(hung: str, home: Path) -> None:
    held = Held()
    wizard = Wizard(hung)
    deadline = time.monotonic() + 5
    while not any("socket" in name for name in held.since()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {"cave-setup-worker", "cave-setup-asks-0"} <= set(held.since())  # or there would be nothing to let go
    assert wizard.state["busy"]
    began = time.monotonic()
    wizard.close()
    assert time.monotonic() - began < AT_ONCE
    held.is_let_go()


def test_a_port_that_was_being_opened_while_the_wizard_was_closed_does_not_stay_open(
    demo: DemoServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    wizard = Wizard(demo.address)
    wait_until(wizard, lambda state: not state["busy"])
    at_it, go_on, listen = threading.Event(), threading.Event(), wizard._setup.listen

    def dawdle(*arguments: object) -> object:
        at_it.set()
        go_on.wait(10)
        return listen(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(wizard._setup, "listen", dawdle)
    send(wizard, action="no-sign-in", why="chosen")
    assert at_it.wait(10)
    wizard.close()
    go_on.set()
    held.is_let_go()


def test_wizards_of_a_cell_that_is_run_again_hold_nothing_once_they_have_settled(ready: str) -> None:
    # Nobody closes those: IPython's history and ipywidgets keep them until the kernel ends.
    wait_until(Wizard(ready), focused("ready"))
    time.sleep(0.3)
    held = Held()
    shown = [Wizard(ready) for _ in range(10)]
    for wizard in shown:
        wait_until(wizard, focused("ready"), 30)
    held.is_let_go()
    assert all(wizard.comm is not None for wizard in shown)
    ipywidgets.Widget.close_all()
    assert all(wizard.comm is None for wizard in shown)
    held.is_let_go()


def test_who_looks_again_after_a_rest_is_answered(ready: str, demo: DemoServer) -> None:
    wizard = Wizard(ready)
    wait_until(wizard, focused("ready"))
    demo.requests.clear()
    send(wizard, action="check")
    wait_until(wizard, lambda state: focused("ready")(state) and len(demo.requests.entries()) == 4)
    wizard.close()


def test_a_list_of_a_server_that_was_left_is_not_waited_for(ready: str, demo: DemoServer, hung: str) -> None:
    demo.weather.set("hang", "/info/api/v2/datastacks")
    wizard = Wizard(ready)
    is_listing(wizard)
    wait_until(wizard, lambda _state: "/info/api/v2/datastacks" in [entry.path for entry in demo.requests.entries()])
    send(wizard, action="server", server=hung, datastack="x")
    deadline = time.monotonic() + AT_ONCE
    while any(thread.name == "cave-setup-lists" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    wizard.close()
