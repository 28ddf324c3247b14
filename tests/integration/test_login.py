"""``cave-setup login`` as a process of its own, with a browser acted out: what it prints, asks, saves, never shows."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
import requests

from cave_setup import Setup, words
from cave_setup.environment import computer_name, detect
from cave_setup.models import Terms
from cave_setup.report import as_text
from cave_setup.terminal import asking
from cave_setup.terminal.asking import Person
from cave_setup.terminal.login import _accepted, login
from integration.conftest import SECRET, read_secrets, write_secret
from integration.test_terminal import COULD_NOT_ASK, LEFT_TO_DO, READY, WRONG_USAGE, command, environment, run, saved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from cave_setup.demo import DemoServer
    from cave_setup.demo.world import User
    from cave_setup.loopback import Loopback
    from cave_setup.models import Status

REFUSED, INTERRUPTED, TERMINATED = 4, 130, 143
SECONDS = 20.0  # that anything may take
ANY_TOKEN = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)

# Makes the terminal on its standard input the one that Ctrl-C comes from.
_IN_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
_WITHOUT_INPUT = "import os, sys; os.close(0); os.execv(sys.argv[1], sys.argv[1:])"


def walk(start: str, email: str = "ada@example.org", *, landing: bool = True) -> str:
    """Sign in as a person's browser does, from any page that leads to the sign-in.

    Returns
    -------
    str
        The address of the page it ends on; without `landing` that page is not opened.

    """
    with requests.Session() as session:
        session.trust_env = False
        google = session.get(start, timeout=10)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(google.url))
        answer = session.post(
            google.url, data={"email": email}, headers={"Origin": origin}, allow_redirects=False, timeout=10
        )
        while answer.is_redirect:
            target = answer.headers["Location"]
            if "/signed-in?" in target and not landing:
                return target
            answer = session.get(target, allow_redirects=False, timeout=10)
            if "/settings/username" in answer.url:
                answer = session.post(
                    answer.url, data={"name": "google"}, headers={"Origin": origin}, allow_redirects=False, timeout=10
                )
        assert answer.status_code == 200
        return answer.url


class Running:
    """The command while it runs, with what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.out = ""
        self._stdout: IO[str] = process.stdout
        self._told = b""
        self._reader: threading.Thread | None = None

    def listen_to(self, descriptor: int) -> None:
        """Take down what comes from there until its end: standard error, or a terminal."""

        def work() -> None:
            with contextlib.suppress(OSError):
                while chunk := os.read(descriptor, 4096):
                    self._told += chunk

        self._reader = threading.Thread(target=work, daemon=True)
        self._reader.start()

    @property
    def told(self) -> str:
        return self._told.decode("utf-8", "replace").replace("\r\n", "\n")

    def hears(self, text: str, times: int = 1) -> None:
        """Wait until this has been said so many times."""
        ends = time.monotonic() + SECONDS
        while self.told.count(text) < times:
            assert time.monotonic() < ends, self.told
            time.sleep(0.02)

    def line(self) -> str:
        """Give the next line of standard output, which is an address, alone."""
        line = self._stdout.readline()
        self.out += line
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\S+\n", line), (line, self.told)
        return line.strip()

    def types(self, text: str) -> None:
        raise NotImplementedError

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; give the exit code, standard output and what a person was told."""
        self.out += self._stdout.read()
        self.process.wait(SECONDS)
        self.finish()
        for text in (self.out, self.told):
            assert not ANY_TOKEN.search(text), "a token was shown"
            assert "Traceback" not in text
            assert "Warning" not in text
        return self.process.returncode, self.out, self.told

    def finish(self) -> None:
        if self._reader is not None:
            self._reader.join(SECONDS)


class Piped(Running):
    """With pipes, as a program starts it."""

    def types(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()


class AtTerminal(Running):
    """In a terminal, as a person starts it."""

    def __init__(self, process: subprocess.Popen[str], master: int, terminal: int) -> None:
        super().__init__(process)
        self.master = master
        self.terminal = terminal
        self.listen_to(master)

    @property
    def shows_what_is_typed(self) -> bool:
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def types(self, text: str) -> None:
        os.write(self.master, text.encode())

    def finish(self) -> None:
        time.sleep(0.05)  # the last words are on their way through the terminal
        assert self.shows_what_is_typed


def _popen(arguments: Sequence[str], **how: Any) -> subprocess.Popen[str]:
    how = {"env": environment(), "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8", **how}
    return subprocess.Popen(arguments, **how)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    with process:
        try:
            yield
        finally:
            if process.poll() is None:
                process.kill()


@contextlib.contextmanager
def piped(
    demo: DemoServer, *options: str, stdin: int | IO[str] = subprocess.PIPE, by: Sequence[str] = (), **variables: str
) -> Iterator[Piped]:
    """Start ``cave-setup login`` with pipes, without a browser unless the options say otherwise."""
    wanted = options if "--browser" in options or "--with-token" in options else ("--no-browser", *options)
    words_of_it = [*by, *command("login", "--server", demo.address, *(one for one in wanted if one != "--browser"))]
    process = _popen(words_of_it, stdin=stdin, stderr=subprocess.PIPE, env=environment(**variables))
    with _ended(process):
        running = Piped(process)
        assert process.stderr is not None
        running.listen_to(process.stderr.fileno())
        yield running
        running.finish()


@contextlib.contextmanager
def at_terminal(demo: DemoServer, *options: str, **variables: str) -> Iterator[AtTerminal]:
    """Start ``cave-setup login`` in a terminal; only its standard output goes elsewhere."""
    master, terminal = pty.openpty()
    shown = () if "--with-token" in options else ("--no-browser",)
    words_of_it = command("login", "--server", demo.address, *shown, *options)
    process = _popen(
        [sys.executable, "-c", _IN_A_TERMINAL, *words_of_it],
        env=environment(**variables),
        stdin=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    try:
        with _ended(process):
            yield AtTerminal(process, master, terminal)
    finally:
        os.close(terminal)
        os.close(master)


def user(demo: DemoServer, email: str) -> User:
    found = demo.world.user_by_email(email)
    assert found is not None
    return found


def keys_of(demo: DemoServer, email: str) -> dict[str, str]:
    """Descriptions of the person's keys, and the keys."""
    return {str(key.description): token.text for key, token in demo.world.keys_of(user(demo, email))}


def here() -> str:
    """What the key of this computer is called."""
    return computer_name(detect(os.environ))


def sign_in_token(demo: DemoServer, email: str = "ada@example.org") -> str:
    return demo.world.sign_in(user(demo, email)).text


def token_in(address: str) -> str:
    found = ANY_TOKEN.findall(address)
    assert len(set(found)) == 1
    return str(found[0])


def assert_saved(demo: DemoServer, secrets: Path, token: str) -> None:
    """The token is in the files that are read for this deployment, and for this person's eyes only."""
    written = read_secrets(secrets)
    assert "cave-secret.json" in written
    assert set(written.values()) == {token}
    assert {file.stat().st_mode & 0o777 for file in secrets.glob("*-secret.json")} == {0o600}
    assert demo.world.token(token) is not None


def assert_nobody_listens(address: str) -> None:
    port = urlsplit(address).port
    assert port is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()


# -------------------------------------------------------------------------------------------- with the browser


def test_a_returning_user_signs_in_and_that_is_all(demo: DemoServer, secrets: Path) -> None:
    with piped(demo) as running:
        running.hears("does not show")  # and nobody has answered anything yet
        start = running.line()
        landed = walk(start)
        code, out, told = running.end()
    assert code == READY
    key = keys_of(demo, "ada@example.org")[here()]
    assert_saved(demo, secrets, key)
    assert demo.world.token(token_in(landed)) is None
    setup = Setup(demo.address)
    assert out == f"{start}\n{as_text(setup.check())}\n"
    setup.close()
    assert words.SIGN_IN_ENDED in told
    assert_nobody_listens(start)


def test_who_is_set_up_is_told_so_and_nothing_else_happens(demo: DemoServer, ada: str, secrets: Path) -> None:
    saved(demo, secrets, ada)
    with piped(demo, "--browser", BROWSER="false %s") as running:
        code, out, told = running.end()
    assert (code, told) == (READY, "")
    assert "12 versions readable" in out
    assert "http" not in out.replace(demo.address, "")
    assert not [entry for entry in demo.requests.entries() if entry.path.startswith("/sticky_auth")]
    assert {entry.method for entry in demo.requests.entries()} == {"GET"}


def test_without_an_answer_about_the_terms_the_key_is_saved_all_the_same(demo: DemoServer, secrets: Path) -> None:
    with piped(demo, stdin=subprocess.DEVNULL) as running:
        walk(running.line(), "mary@example.org")
        code, out, told = running.end()
    assert code == LEFT_TO_DO
    assert_saved(demo, secrets, keys_of(demo, "mary@example.org")[here()])
    assert "not accepted yet" in out
    assert "/sticky_auth/api/v1/tos/2/accept" in told
    assert not user(demo, "mary@example.org").accepted


def test_yes_accepts_no_terms(demo: DemoServer) -> None:
    with piped(demo, "--yes") as running:
        walk(running.line(), "mary@example.org")
        running.types("yes\nyes\n")
        assert running.end()[0] == LEFT_TO_DO
    assert not user(demo, "mary@example.org").accepted


def test_a_newcomer_reads_the_terms_and_accepts_them(demo: DemoServer, secrets: Path) -> None:
    with at_terminal(demo) as running:
        walk(running.line(), "mary@example.org")
        running.hears(words.LOGIN_TERMS_QUESTION)
        assert "cite the MICrONS data" in running.told
        running.types("yes\n")
        code, out, _ = running.end()
    assert code == READY
    assert "mary@example.org" in out
    assert user(demo, "mary@example.org").accepted == {2}
    assert_saved(demo, secrets, keys_of(demo, "mary@example.org")[here()])


def test_with_a_lasting_key_there_only_the_terms_are_left(demo: DemoServer, grace: str, secrets: Path) -> None:
    saved(demo, secrets, grace)
    with at_terminal(demo) as running:
        running.hears(words.LOGIN_TERMS_QUESTION)
        running.types("yes\n")
        code, out, _ = running.end()
    assert code == READY
    assert "http" not in out.replace(demo.address, "")
    assert user(demo, "grace@example.org").accepted == {2}
    assert list(keys_of(demo, "grace@example.org")) == ["Grace's laptop"]


def test_a_token_that_was_only_found_is_saved_if_somebody_says_so(demo: DemoServer, ada: str, secrets: Path) -> None:
    with at_terminal(demo, CAVE_TOKEN=ada) as running:
        running.hears(words.LOGIN_SAVE)
        running.types("y\n")
        assert running.end()[0] == READY
    assert_saved(demo, secrets, ada)


def test_terms_too_long_to_be_shown_whole_are_not_asked_about(demo: DemoServer) -> None:
    demo.world.terms[2] = replace(demo.world.terms[2], text="word " * 12_000)
    with at_terminal(demo) as running:
        walk(running.line(), "grace@example.org")
        code, _, told = running.end()
    assert code == LEFT_TO_DO
    assert "/sticky_auth/api/v1/tos/2/accept" in told
    assert words.LOGIN_TERMS_QUESTION not in told


@pytest.mark.parametrize("answer", ["\n", "y\n", "no\n", "yes, but\n", "\x04"])
def test_nothing_but_yes_accepts(demo: DemoServer, answer: str) -> None:
    with at_terminal(demo, "--yes") as running:
        walk(running.line(), "grace@example.org")
        running.hears(words.LOGIN_TERMS_QUESTION)
        running.types(answer)
        code, _, told = running.end()
    assert code == LEFT_TO_DO
    assert told.count(words.LOGIN_TERMS_QUESTION) == 1
    assert not user(demo, "grace@example.org").accepted


def test_what_was_typed_before_the_terms_were_shown_accepts_nothing(demo: DemoServer) -> None:
    demo.weather.set("latency", "/auth/api/v1/tos", seconds=1.5)
    with at_terminal(demo) as running:
        walk(running.line(), "grace@example.org")
        running.hears(words.SIGN_IN_ENDED)
        running.types("yes\n")
        running.hears(words.LOGIN_TERMS_QUESTION)
        running.types("no\n")
        assert running.end()[0] == LEFT_TO_DO
    assert not user(demo, "grace@example.org").accepted


def test_terms_cannot_give_orders_to_the_terminal(demo: DemoServer) -> None:
    hostile = "I agree \x1b[2J\x1b]0;owned\x07 \x9b31m\x08\u202e to\tall\r\nof it " + "ab" * 16
    demo.world.terms[2] = replace(demo.world.terms[2], text=hostile)
    with at_terminal(demo) as running:
        walk(running.line(), "grace@example.org")
        running.hears(words.LOGIN_TERMS_QUESTION)
        told = running.told
        running.types("no\n")
        running.end()
    assert not set(told) & set("\x1b\x07\x9b\x08\u202e")
    assert "of it" in told
    assert "ab" * 16 not in told


def test_terms_that_cannot_be_shown_are_not_asked_about(demo: DemoServer) -> None:
    demo.weather.set("error-500", "/auth/api/v1/tos")
    with at_terminal(demo) as running:
        walk(running.line(), "grace@example.org")
        code, _, told = running.end()
    assert code == LEFT_TO_DO
    assert words.LOGIN_TERMS_QUESTION not in told
    assert "on the server's page" in told


def test_an_acceptance_that_the_server_does_not_take_is_told(demo: DemoServer, secrets: Path) -> None:
    with at_terminal(demo) as running:
        walk(running.line(), "grace@example.org")
        running.hears(words.LOGIN_TERMS_QUESTION)
        demo.weather.set("error-500", "/sticky_auth")
        running.types("yes\n")
        code, _, told = running.end()
    assert code == LEFT_TO_DO
    assert "is in trouble" in told
    assert_saved(demo, secrets, keys_of(demo, "grace@example.org")[here()])


def test_terms_come_one_after_the_other_and_each_once() -> None:
    first, second = (Terms(number, f"Terms {number}", "data", "https://cave.example/") for number in (2, 3))
    in_the_way = [(first,), (first, second), (second,)]  # the server goes on asking for the first, for a moment
    accepted = []

    def accept(number: int) -> SimpleNamespace:
        accepted.append(number)
        return SimpleNamespace(missing_terms=in_the_way[len(accepted)], facts=SimpleNamespace(problems={}))

    setup = SimpleNamespace(accept_terms=accept, terms_page=lambda terms: terms.url, terms_text=lambda _terms: "Text.")
    person = SimpleNamespace(is_there=True, answer=lambda _question: "yes")
    _accepted(
        cast("Setup", setup), cast("Status", SimpleNamespace(missing_terms=in_the_way[0])), cast("Person", person)
    )
    assert accepted == [2, 3]


def test_signing_in_once_more_uses_the_same_key(demo: DemoServer, secrets: Path) -> None:
    for _ in range(2):
        with piped(demo) as running:
            walk(running.line())
            assert running.end()[0] == READY
        written = read_secrets(secrets)
        shutil.rmtree(secrets)
    mine = [key for key, _ in demo.world.keys_of(user(demo, "ada@example.org")) if key.description == here()]
    assert len(mine) == 1
    assert set(written.values()) == {keys_of(demo, "ada@example.org")[here()]}


@pytest.mark.parametrize("case", ["/dev/null", "closed", "ended", "a file"])
def test_the_end_of_input_is_no_answer(demo: DemoServer, tmp_path: Path, case: str) -> None:
    with contextlib.ExitStack() as stack:
        stdin: int | IO[str] = subprocess.PIPE if case == "ended" else subprocess.DEVNULL
        if case == "a file":
            (tmp_path / "note").write_text("nothing of use\n", encoding="utf-8")
            stdin = stack.enter_context((tmp_path / "note").open(encoding="utf-8"))
        by = [sys.executable, "-c", _WITHOUT_INPUT] if case == "closed" else []
        running = stack.enter_context(piped(demo, stdin=stdin, by=by))
        if running.process.stdin is not None:
            running.process.stdin.close()
        start = running.line()
        time.sleep(0.5)
        assert running.process.poll() is None
        walk(start)
        assert running.end()[0] == READY


def test_the_browser_is_opened(demo: DemoServer, secrets: Path, tmp_path: Path) -> None:
    script = tmp_path / "browser.py"
    tests = str(Path(__file__).parents[1])
    script.write_text(
        f"import sys\nsys.path.insert(0, {tests!r})\nfrom integration.test_login import walk\nwalk(sys.argv[1])\n",
        encoding="utf-8",
    )
    with piped(demo, "--browser", stdin=subprocess.DEVNULL, BROWSER=f"{sys.executable} {script} %s") as running:
        running.line()
        code, _, _ = running.end()
    assert code == READY
    assert_saved(demo, secrets, keys_of(demo, "ada@example.org")[here()])


def test_a_browser_that_cannot_be_opened_is_no_reason_to_end(demo: DemoServer) -> None:
    with piped(demo, "--browser", BROWSER="false %s") as running:
        start = running.line()
        time.sleep(0.3)
        walk(start)
        assert running.end()[0] == READY


def test_a_sign_in_that_brings_a_token_which_the_server_does_not_know(demo: DemoServer, secrets: Path) -> None:
    with piped(demo) as running:
        landing = running.line().replace("/start", f"/signed-in?token={SECRET.reveal()}")
        assert requests.get(landing, timeout=5).status_code == 200
        code, out, _ = running.end()
    assert code == REFUSED
    assert words.SIGN_IN_REFUSED in out
    assert read_secrets(secrets) == {}


def test_a_key_that_could_not_be_made_leaves_no_sign_in_behind(demo: DemoServer, secrets: Path) -> None:
    with piped(demo) as running:
        start = running.line()
        demo.weather.set("error-500", "/auth/api/v1/user/token")
        landed = walk(start)
        code, out, _ = running.end()
    assert code == COULD_NOT_ASK
    assert "is in trouble" in out
    assert demo.world.token(token_in(landed)) is None
    assert read_secrets(secrets) == {}


def test_where_the_server_cannot_be_asked_nobody_is_asked_to_sign_in(closed_port: int) -> None:
    done = run("login", "--no-browser", "--server", f"http://127.0.0.1:{closed_port}")
    assert (done.returncode, done.stderr) == (COULD_NOT_ASK, "")
    assert "it refused or cut the connection" in done.stdout


# ------------------------------------------------------------------------------------------------- with a paste


def download(demo: DemoServer, token: str) -> str:
    """What the token page's download button gives, in several lines and without an end of line."""
    return json.dumps({"token": token, "middle_auth_url": f"{urlsplit(demo.address).netloc}/auth"}, indent=2)


@pytest.mark.parametrize("form", ["token", "quotes", "download"])
def test_a_pasted_token_does_not_show(demo: DemoServer, ada: str, secrets: Path, form: str) -> None:
    text = {"quotes": f'  "{ada}" ', "download": download(demo, ada)}.get(form, ada)
    with at_terminal(demo) as running:
        start = running.line()
        assert not running.shows_what_is_typed
        running.types(f"{text}\n")
        code, _, told = running.end()
    assert code == READY
    assert ada[:8] not in told
    assert_saved(demo, secrets, ada)
    assert_nobody_listens(start)


def test_the_rest_of_a_paste_answers_nothing(demo: DemoServer, grace: str) -> None:
    with at_terminal(demo) as running:
        running.line()
        running.types(f"{grace}\nyes")  # the last line lacks its end, which the answer below would give it
        running.hears(words.LOGIN_TERMS_QUESTION)
        running.types("\n")
        assert running.end()[0] == LEFT_TO_DO
    assert not user(demo, "grace@example.org").accepted


def test_a_token_can_come_through_a_pipe(demo: DemoServer, ada: str, secrets: Path) -> None:
    with piped(demo) as running:
        running.line()
        running.types(f"{ada}\n")
        assert running.end()[0] == READY
    assert_saved(demo, secrets, ada)


def test_a_wrong_paste_is_explained_and_the_next_one_counts(demo: DemoServer, ada: str, secrets: Path) -> None:
    with at_terminal(demo) as running:
        running.line()
        running.types("ada@example.org\n")
        running.hears(words.PASTED_EMAIL)
        running.types("\n")
        running.hears(words.PASTED_NOTHING)
        running.types("<html>\nleft over")  # what is left of a paste does not get into the next one
        running.hears(words.PASTED_HTML)
        running.types(f"{ada}\n")
        assert running.end()[0] == READY
    assert_saved(demo, secrets, ada)


def test_of_several_tokens_just_one_is_wanted(demo: DemoServer, ada: str, secrets: Path) -> None:
    both = [{"token": ada, "description": "laptop"}, {"token": SECRET.reveal(), "description": "old \x1b[2J one"}]
    with at_terminal(demo) as running:
        running.line()
        running.types(f"{json.dumps(both)}\n")
        running.hears(words.LOGIN_SEVERAL_REMEDY)
        assert f"····{ada[-4:]}  laptop" in running.told
        assert "····d0d8  old [2J one" in running.told
        running.types(f"{ada}\n")
        assert running.end()[0] == READY
    assert_saved(demo, secrets, ada)


def test_the_end_of_input_at_a_terminal_leaves_the_browser(demo: DemoServer) -> None:
    with at_terminal(demo) as running:
        start = running.line()
        running.types("\x04")
        time.sleep(0.3)
        walk(start)
        assert running.end()[0] == READY


def test_a_browser_on_another_computer(demo: DemoServer, secrets: Path) -> None:
    with at_terminal(demo) as running:
        start = running.line()
        running.types(f" {start.removeprefix('http://')} \n")
        running.hears("Nobody has signed in yet.")
        second = running.line()
        assert second.startswith(f"{demo.address}/sticky_auth/api/v1/authorize?redirect=")
        landed = walk(second, landing=False)
        running.types(f"{landed}\n")
        code, _, told = running.end()
    assert code == READY
    assert "[Y/n]" not in told
    assert demo.world.token(token_in(landed)) is None
    assert_saved(demo, secrets, keys_of(demo, "ada@example.org")[here()])


def test_the_page_after_a_sign_in_can_be_pasted_at_once(demo: DemoServer, secrets: Path) -> None:
    with piped(demo) as running:
        landed = walk(running.line(), landing=False)
        running.types(f"{landed}\n")
        assert running.end()[0] == READY
    assert demo.world.token(token_in(landed)) is None
    assert_saved(demo, secrets, keys_of(demo, "ada@example.org")[here()])


def test_a_refused_token_is_code_4(demo: DemoServer, secrets: Path) -> None:
    with piped(demo) as running:
        running.line()
        running.types(f"{SECRET.reveal()}\n")
        code, out, _ = running.end()
    assert code == REFUSED
    assert "does not know the token" in out
    assert read_secrets(secrets) == {}


@pytest.mark.parametrize(("answer", "is_made"), [("\n", True), ("y\n", True), ("n\n", False), ("\x04", False)])
def test_a_pasted_sign_in_token_is_asked_about(demo: DemoServer, secrets: Path, answer: str, *, is_made: bool) -> None:
    token = sign_in_token(demo)
    with at_terminal(demo) as running:
        running.line()
        running.types(f"{token}\n")
        running.hears("[Y/n]")
        running.types(answer)
        code, out, _ = running.end()
    assert code == (READY if is_made else LEFT_TO_DO)
    assert (demo.world.token(token) is None) == is_made
    assert (here() in keys_of(demo, "ada@example.org")) == is_made
    assert bool(read_secrets(secrets)) == is_made
    assert is_made or words.SIGN_IN_TOKEN_REMEDY in out


# ----------------------------------------------------------------------------------------- what stands there already


@pytest.mark.parametrize("options", [(), ("--yes",)], ids=["without --yes", "with --yes"])
def test_a_different_token_is_replaced_only_if_somebody_says_so(
    demo: DemoServer, secrets: Path, options: tuple[str, ...]
) -> None:
    saved(demo, secrets, SECRET.reveal())
    with piped(demo, *options, stdin=subprocess.DEVNULL) as running:
        walk(running.line())
        code, out, _ = running.end()
    key = keys_of(demo, "ada@example.org")[here()]
    if options:
        assert code == READY
        assert_saved(demo, secrets, key)
    else:
        assert code == LEFT_TO_DO
        assert set(read_secrets(secrets).values()) == {SECRET.reveal()}
        assert words.SAVE_REPLACE_REMEDY in out or "stands there already" in out


@pytest.mark.parametrize(("answer", "is_replaced"), [("y\n", True), ("\n", False), ("\x04", False)])
def test_a_different_token_is_shown_and_asked_about(
    demo: DemoServer, ada: str, secrets: Path, answer: str, *, is_replaced: bool
) -> None:
    write_secret(secrets, "cave-secret.json", SECRET.reveal())
    with at_terminal(demo) as running:
        running.line()
        running.types(f"{ada}\n")
        running.hears("Replace it? [y/N]")
        assert "····d0d8, stands in ~/.cloudvolume/secrets/cave-secret.json" in running.told
        running.types(answer)
        code, _, _ = running.end()
    assert code == (READY if is_replaced else LEFT_TO_DO)
    assert set(read_secrets(secrets).values()) == {ada if is_replaced else SECRET.reveal()}


@pytest.mark.parametrize("options", [(), ("--yes",)], ids=["without --yes", "with --yes"])
def test_a_damaged_file_is_asked_about(demo: DemoServer, ada: str, secrets: Path, options: tuple[str, ...]) -> None:
    secrets.mkdir(parents=True)
    (secrets / "cave-secret.json").write_text("{", encoding="utf-8")
    with piped(demo, *options) as running:
        running.line()
        running.types(f"{ada}\n")
        code, _, _ = running.end()
    assert code == (READY if options else LEFT_TO_DO)
    if not options:
        assert (secrets / "cave-secret.json").read_text(encoding="utf-8") == "{"
        assert len(list(secrets.iterdir())) == 1
    else:
        assert set(read_secrets(secrets).values()) == {ada}


@pytest.mark.parametrize(("answer", "is_saved"), [("y\n", True), ("\n", False)])
def test_where_nothing_is_kept_saving_is_asked_about(
    demo: DemoServer, ada: str, secrets: Path, answer: str, *, is_saved: bool
) -> None:
    with at_terminal(demo, CO_CAPSULE_ID="1", CAVE_SETUP_ENVIRONMENT="") as running:
        running.line()
        running.types(f"{ada}\n")
        running.hears("Save for this run only? [y/N]")
        running.types(answer)
        code, out, _ = running.end()
    assert code == LEFT_TO_DO
    assert words.mount_remedy("Code Ocean") in out
    assert bool(read_secrets(secrets)) == is_saved


# ---------------------------------------------------------------------------------------------------- --with-token


def with_token(demo: DemoServer, text: str | bytes, *options: str) -> tuple[int, str, str]:
    """Run ``cave-setup login --with-token`` on this input."""
    done = subprocess.run(
        command("login", "--with-token", "--server", demo.address, *options),
        env=environment(),
        check=False,
        capture_output=True,
        input=text.encode() if isinstance(text, str) else text,
        timeout=30,
    )
    out, told = done.stdout.decode(), done.stderr.decode()
    assert not ANY_TOKEN.search(out + told)
    assert "Traceback" not in told
    assert "http://127.0.0.1" not in out
    assert not [entry for entry in demo.requests.entries() if "authorize" in entry.path]
    return done.returncode, out, told


@pytest.mark.parametrize("form", ["token", "no end of line", "download", "code"])
def test_a_token_is_taken_from_standard_input(demo: DemoServer, ada: str, secrets: Path, form: str) -> None:
    text = {"no end of line": ada, "download": download(demo, ada), "code": f"client.auth.save_token(token='{ada}')"}
    code, out, told = with_token(demo, text.get(form, f"{ada}\n"))
    assert (code, told) == (READY, "")
    assert "12 versions readable" in out
    assert_saved(demo, secrets, ada)


WITHOUT_A_TOKEN: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", words.PASTED_NOTHING),
    "an address": ("ada@example.org\n", words.PASTED_EMAIL),
    "no text": (b"\xff\xfe\x00\x80", words.PASTED_SOMETHING_ELSE),
}


@pytest.mark.parametrize(("text", "sentence"), WITHOUT_A_TOKEN.values(), ids=WITHOUT_A_TOKEN)
def test_text_without_a_token_is_code_2(demo: DemoServer, text: str | bytes, sentence: str) -> None:
    code, out, told = with_token(demo, text)
    assert (code, out) == (WRONG_USAGE, "")
    assert sentence in told


def test_several_tokens_are_code_2_and_listed(demo: DemoServer, ada: str, secrets: Path) -> None:
    code, out, told = with_token(demo, f"{ada}\n{SECRET.reveal()}\n", "--yes")
    assert (code, out) == (WRONG_USAGE, "")
    assert f"····{ada[-4:]}" in told
    assert "····d0d8" in told
    assert read_secrets(secrets) == {}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_token_that_the_server_refuses_is_code_4(demo: DemoServer, secrets: Path, end: str) -> None:
    code, out, _ = with_token(demo, f"{SECRET.reveal()}{end}")
    assert code == REFUSED
    assert "does not know the token" in out
    assert "Cleaned" not in out  # every pipe ends in a line break
    assert read_secrets(secrets) == {}


def test_a_server_that_cannot_be_asked_is_code_3(demo: DemoServer, ada: str, secrets: Path) -> None:
    demo.weather.set("error-500")
    assert with_token(demo, ada)[0] == COULD_NOT_ASK
    assert read_secrets(secrets) == {}


def test_with_yes_a_sign_in_token_has_a_key_made(demo: DemoServer, secrets: Path) -> None:
    token = sign_in_token(demo)
    code, _, told = with_token(demo, token, "--yes")
    assert code == READY
    assert words.SIGN_IN_ENDED in told
    assert demo.world.token(token) is None
    assert_saved(demo, secrets, keys_of(demo, "ada@example.org")[here()])


def test_without_yes_a_sign_in_token_is_left_alone(demo: DemoServer, secrets: Path) -> None:
    token = sign_in_token(demo)
    code, out, _ = with_token(demo, token)
    assert code == LEFT_TO_DO
    assert words.SIGN_IN_TOKEN_REMEDY in out
    assert demo.world.token(token) is not None
    assert here() not in keys_of(demo, "ada@example.org")
    assert read_secrets(secrets) == {}


def test_a_different_token_needs_yes(demo: DemoServer, ada: str, secrets: Path) -> None:
    saved(demo, secrets, SECRET.reveal())
    code, out, _ = with_token(demo, ada)
    assert code == LEFT_TO_DO
    assert words.SAVE_REPLACE_REMEDY in out
    assert set(read_secrets(secrets).values()) == {SECRET.reveal()}
    assert with_token(demo, ada, "--yes")[0] == READY
    assert_saved(demo, secrets, ada)


def test_with_terms_open_the_token_is_saved_all_the_same(demo: DemoServer, grace: str, secrets: Path) -> None:
    code, _, told = with_token(demo, grace, "--yes")
    assert code == LEFT_TO_DO
    assert "/sticky_auth/api/v1/tos/2/accept" in told
    assert_saved(demo, secrets, grace)
    assert not user(demo, "grace@example.org").accepted


def test_closed_input_is_text_without_a_token(demo: DemoServer) -> None:
    with piped(demo, "--with-token", by=[sys.executable, "-c", _WITHOUT_INPUT]) as running:
        code, out, told = running.end()
    assert (code, out) == (WRONG_USAGE, "")
    assert words.PASTED_NOTHING in told


def test_at_a_terminal_the_token_is_asked_for_and_does_not_show(demo: DemoServer, ada: str, secrets: Path) -> None:
    with at_terminal(demo, "--with-token") as running:
        running.hears(words.LOGIN_PASTE_NOW)
        assert not running.shows_what_is_typed
        running.types(f"{download(demo, ada)}\n")
        code, _, told = running.end()
    assert code == READY
    assert ada[:8] not in told
    assert_saved(demo, secrets, ada)


def test_at_a_terminal_the_end_of_input_is_text_without_a_token(demo: DemoServer) -> None:
    with at_terminal(demo, "--with-token") as running:
        running.hears(words.LOGIN_PASTE_NOW)
        running.types("\x04")
        code, _, told = running.end()
    assert code == WRONG_USAGE
    assert words.PASTED_NOTHING in told


# --------------------------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize("has_come", [True, False], ids=["browser came", "browser did not come"])
def test_nobody_signs_in_in_time(demo: DemoServer, capfd: pytest.CaptureFixture[str], *, has_come: bool) -> None:
    class Impatient(Setup):
        def listen(self, *_: object, **__: object) -> Loopback:
            return super().listen(patience=0.5)

    def come(address: str) -> None:
        if has_come:
            requests.get(address, allow_redirects=False, timeout=5)

    setup = Impatient(demo.address)
    code = login(setup, Person(None), come)
    setup.close()
    out, told = capfd.readouterr()
    assert code == LEFT_TO_DO
    assert (words.SIGN_IN_TIMEOUT in told) == has_come
    assert (words.SIGN_IN_UNREACHED in told) != has_come
    assert words.SIGN_IN_TIMEOUT_REMEDY in told
    assert_nobody_listens(out.splitlines()[0])


@pytest.mark.parametrize("when", ["waiting", "asked about terms"])
def test_ctrl_c_leaves_the_terminal_as_it_was(demo: DemoServer, when: str) -> None:
    with at_terminal(demo) as running:
        start = running.line()
        if when != "waiting":
            walk(start, "grace@example.org")
            running.hears(words.LOGIN_TERMS_QUESTION)
        began = time.monotonic()
        running.types("\x03")
        code, out, _ = running.end()
    assert (code, out) == (INTERRUPTED, f"{start}\n")
    assert time.monotonic() - began < 5
    assert_nobody_listens(start)


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, TERMINATED), (signal.SIGINT, INTERRUPTED)], ids=["SIGTERM", "SIGINT"]
)
@pytest.mark.parametrize("place", ["terminal", "pipe"])
def test_who_is_told_to_end_ends(demo: DemoServer, number: signal.Signals, expected: int, place: str) -> None:
    with (at_terminal if place == "terminal" else piped)(demo) as running:
        start = running.line()
        began = time.monotonic()
        running.process.send_signal(number)
        code, out, _ = running.end()
    assert (code, out) == (expected, f"{start}\n")
    assert time.monotonic() - began < 5
    assert_nobody_listens(start)


# ------------------------------------------------------------------------------------------------ the command line

MISPLACED: dict[str, tuple[str, ...]] = {
    "verb": (SECRET.reveal(),),
    "login": ("login", SECRET.reveal()),
    "status": ("status", SECRET.reveal().upper()),
    "option": ("login", "--token", SECRET.reveal()),
    "option with =": ("status", f"--json={SECRET.reveal()}"),
    "number": ("demo", "--port", SECRET.reveal()),
    "server": ("login", "--server", SECRET.reveal()),
    "place": ("guide", SECRET.reveal()),
    "datastack": ("login", "--datastack", SECRET.reveal()),
}


@pytest.mark.parametrize("arguments", MISPLACED.values(), ids=MISPLACED)
def test_a_token_on_the_command_line_is_not_repeated(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (WRONG_USAGE, "")
    assert not ANY_TOKEN.search(done.stderr)
    assert done.stderr.strip().endswith(".")
    if arguments[0] == "login" and "--server" not in arguments and "--datastack" not in arguments:
        assert words.NO_TOKEN_ON_COMMAND_LINE in done.stderr


def test_without_a_verb_there_is_the_help() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run("--help").stdout


def test_the_help_of_the_guide_has_the_places() -> None:
    assert "paperspace" in run("guide", "--help").stdout
    assert "nonsense" in run("guide", "nonsense").stderr


def test_the_help_of_login() -> None:
    done = run("login", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("--no-browser", "--with-token", "--yes", "--server", "--datastack"):
        assert option in done.stdout


# ------------------------------------------------------------------------------------------------------- Windows


class Keyboard:
    """Acts out `msvcrt`: keys that have been pressed and not yet read."""

    def __init__(self, keys: str) -> None:
        self.keys = list(keys)

    def kbhit(self) -> bool:
        return bool(self.keys)

    def getwch(self) -> str:
        return self.keys.pop(0)


def on_windows(monkeypatch: pytest.MonkeyPatch, keys: str) -> tuple[Any, Keyboard]:
    """Give a `Person` of Windows at this keyboard; acted out, not run there."""
    keyboard = Keyboard(keys)
    monkeypatch.setitem(sys.modules, "msvcrt", keyboard)
    spec = importlib.util.spec_from_file_location("asking_on_windows", asking.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "win32")
        spec.loader.exec_module(module)
        console = SimpleNamespace(isatty=lambda: True, fileno=lambda: 0)
        return module.Person(console), keyboard


def test_on_windows_keys_are_read_without_showing(monkeypatch: pytest.MonkeyPatch) -> None:
    person, keyboard = on_windows(monkeypatch, f"{{\r{SECRET.reveal()}\r}}\r")
    with person.hidden() as pasted:
        assert pasted.whole() == f"{{\n{SECRET.reveal()}\n}}\n"
        assert pasted.whole() == ""
        keyboard.keys = ["a"]
        assert pasted.whole() == ""  # no Enter yet
        keyboard.keys = ["\x03"]
        with pytest.raises(KeyboardInterrupt):
            pasted.whole()
