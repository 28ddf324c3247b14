"""`%cave_setup --text` in a real kernel, asked as a notebook's front end asks; in a terminal's IPython as well."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import socket
import sqlite3
import subprocess
import sys
import time
from queue import Empty
from typing import TYPE_CHECKING, Any

import pytest
from integration.test_login import walk
from jupyter_client.manager import KernelManager

from cave_setup import words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_client.blocking.client import BlockingKernelClient

    from cave_setup.demo import DemoServer

SECONDS = 60.0  # that anything may take on a computer that is busy
START = re.compile(r"http://127\.0\.0\.1:(\d+)/\S+/start\b")
ESCAPES = re.compile(r"\x1b|\r")


class Cell:
    """A cell that runs, and a front end that shows its prompts to nobody but the test."""

    def __init__(self, client: BlockingKernelClient, code: str, *, allow_stdin: bool) -> None:
        self.client = client
        self.prompts: list[dict[str, Any]] = []
        self.text = ""
        self.reply: dict[str, Any] = {}
        self._id = client.execute(code, allow_stdin=allow_stdin)

    def asks(self) -> str:
        """Wait for the next prompt, and give all that was printed before it."""
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            self._listen()
            with contextlib.suppress(Empty):
                self.prompts.append(self.client.get_stdin_msg(timeout=0.1)["content"])
                time.sleep(0.2)  # what was printed comes another way
                self._listen()
                return self.text
            assert not self.reply, self.text
        raise AssertionError(f"it asks nothing: {self.text}")

    def answers(self, text: str) -> None:
        self.client.input(text)

    def ends(self) -> str:
        """Wait for its end, and give all that was printed; errors as well."""
        deadline = time.monotonic() + SECONDS
        while not self.reply and time.monotonic() < deadline:
            self._listen(0.1)
        assert self.reply, self.text
        return self.text

    def _listen(self, seconds: float = 0.0) -> None:
        with contextlib.suppress(Empty):
            while True:
                message = self.client.get_iopub_msg(timeout=seconds)
                content = message["content"]
                if message["parent_header"].get("msg_id") != self._id:
                    continue
                if message["msg_type"] == "stream":
                    assert content["name"] == "stdout" or "UsageError" in content["text"], content
                    self.text += content["text"]
                elif message["msg_type"] == "display_data":
                    self.text += "\n".join(content["data"].values())
                elif message["msg_type"] == "error":
                    self.text += "\n".join(content["traceback"])
                elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                    while self.reply.get("parent_header", {}).get("msg_id") != self._id:
                        self.reply = self.client.get_shell_msg(timeout=SECONDS)
                    return


class Kernel:
    """A kernel in a home of its own."""

    def __init__(self, manager: KernelManager, home: Path) -> None:
        self.manager = manager
        self.home = home
        self.client: BlockingKernelClient = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def runs(self, code: str, *, allow_stdin: bool = True) -> Cell:
        return Cell(self.client, code, allow_stdin=allow_stdin)

    def is_at(self, demo: DemoServer, home: Path) -> None:
        settings = {"HOME": str(home), "CAVE_SETUP_SERVER": demo.address}
        self.runs(f"import os; os.environ.update({settings})\n%reload_ext cave_setup").ends()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CAVE", "JUPYTER", "IPYTHON"))}
    manager.start_kernel(env={**kept, "HOME": str(home), "CAVE_SETUP_ENVIRONMENT": "local"})
    made = Kernel(manager, home)
    yield made
    made.client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(running: Kernel, demo: DemoServer, home: Path) -> Kernel:
    running.is_at(demo, home)
    return running


def port_of(text: str) -> int:
    found = START.search(text)
    assert found, text
    return int(found[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_newcomer_is_set_up_by_a_link_and_hidden_answers(kernel: Kernel, demo: DemoServer, home: Path) -> None:
    cell = kernel.runs("%cave_setup --text")
    printed = cell.asks()
    start = START.search(printed)
    assert start, printed
    walk(start[0], "nia@example.org")
    cell.answers("")  # Enter
    assert "I agree" in cell.asks()  # the terms' own text
    cell.answers("yes")
    text = cell.ends()
    assert "✓ Ready" in text
    assert cell.reply["content"]["status"] == "ok"
    assert [prompt["password"] for prompt in cell.prompts] == [True, True]
    assert not ESCAPES.search(text)
    token = demo.world.key_of("nia@example.org")
    assert token in next(home.rglob("*cave-secret.json")).read_text()
    assert token not in text
    assert "nia@example.org" not in text  # notebooks are shared
    kernel.runs("%history -g").ends()  # has what is to be stored written
    stored = sqlite3.connect(next(kernel.home.rglob("history.sqlite")))
    with contextlib.closing(stored):
        assert token not in "\n".join(stored.iterdump())


def test_a_pasted_token_is_saved(kernel: Kernel, demo: DemoServer, home: Path) -> None:
    cell = kernel.runs("%cave_setup --text")
    port = port_of(cell.asks())
    cell.answers("no token at all")
    assert "token" in cell.asks()
    token = demo.world.key_of("ada@example.org")
    cell.answers(f' "{token}" ')
    text = cell.ends()
    assert "✓ Ready" in text
    assert token not in text
    assert token in next(home.rglob("*cave-secret.json")).read_text()
    assert not is_open(port)


def test_who_is_set_up_already_is_asked_nothing(kernel: Kernel, demo: DemoServer) -> None:
    cell = kernel.runs("%cave_setup --text")
    cell.asks()
    cell.answers(demo.world.key_of("ada@example.org"))
    cell.ends()
    again = kernel.runs("%cave_setup --text", allow_stdin=False)
    assert "✓ Ready" in again.ends()
    assert words.NOBODY_CAN_ANSWER not in again.text


def test_stopping_it_leaves_nothing_behind_and_a_sentence(kernel: Kernel, home: Path) -> None:
    cell = kernel.runs("%cave_setup --text")
    port = port_of(cell.asks())
    assert is_open(port)
    kernel.manager.interrupt_kernel()
    text = cell.ends()
    assert words.STOPPED in text
    assert "Traceback" not in text
    assert cell.reply["content"]["status"] == "error"  # so that the cells after it do not run
    assert not is_open(port)
    assert not list(home.rglob("*secret*.json"))
    threads = kernel.runs("import threading; print(sorted(one.name for one in threading.enumerate()))").ends()
    assert "cave-setup" not in threads


def test_where_nobody_can_answer_it_says_so_and_waits_for_nobody(kernel: Kernel) -> None:
    cell = kernel.runs("%cave_setup --text", allow_stdin=False)
    text = cell.ends()
    assert cell.reply["content"]["status"] == "ok"
    assert words.NOBODY_CAN_ANSWER in text
    assert "no token for" in text
    assert not START.search(text)


class Terminal:
    """IPython in a terminal."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.shown = ""

    def shows(self, text: str) -> str:
        ends = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < ends, self.shown
            self.shown += os.read(self.master, 4096).decode("utf-8", "replace").replace("\r\n", "\n")
        return self.shown

    def types(self, text: str) -> None:
        os.write(self.master, f"{text}\n".encode())


@pytest.fixture
def terminal(demo: DemoServer, home: Path) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--ext=cave_setup"]
    environment = {**os.environ, "HOME": str(home), "CAVE_SETUP_SERVER": demo.address, "TERM": "dumb"}
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    ) as process:
        os.close(slave)
        try:
            yield Terminal(master)
        finally:
            process.kill()
    os.close(master)


def test_in_ipython_in_a_terminal_it_asks_as_the_command_does(terminal: Terminal, demo: DemoServer, home: Path) -> None:
    terminal.shows("In [1]:")
    terminal.types("%cave_setup")
    assert "%cave_setup --text" in terminal.shows("In [2]:")
    terminal.types("%cave_setup --text")
    terminal.shows("/start")
    token = demo.world.key_of("ada@example.org")
    terminal.types(token)
    assert token not in terminal.shows("✓ Ready")
    assert token in next(home.rglob("*cave-secret.json")).read_text()
