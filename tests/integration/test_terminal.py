"""The command line as a process of its own: what it prints, how it ends, and that it never prints a token."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from cave_setup import Setup
from cave_setup.models import ServerAddress
from integration.conftest import SECRET, assert_shape, authorized, write_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cave_setup.demo import DemoServer

READY, LEFT_TO_DO, WRONG_USAGE, COULD_NOT_ASK = 0, 1, 2, 3

Done = subprocess.CompletedProcess[str]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cave_setup", *arguments]


def environment(**variables: str) -> dict[str, str]:
    # Every warning is shown, so that one in our own code is seen on stderr.
    return {**os.environ, "PYTHONWARNINGS": "default", "PYTHONIOENCODING": "utf-8", **variables}


def run(*arguments: str, **variables: str) -> Done:
    return subprocess.run(
        command(*arguments),
        env=environment(**variables),
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
    )


def saved(demo: DemoServer, secrets: Path, token: str) -> None:
    """Have a token saved as the wizard saves it."""
    for address in (demo.address, demo.data_address):
        write_secret(secrets, ServerAddress(address).file_name, token)


# ------------------------------------------------------------------------------------------------------- status


def test_ready_is_said_and_is_code_0(demo: DemoServer, ada: str, secrets: Path) -> None:
    saved(demo, secrets, ada)
    done = run("status", "--server", demo.address)
    assert (done.returncode, done.stderr) == (READY, "")
    lines = done.stdout.splitlines()
    assert demo.address.removeprefix("http://") in lines[0]
    assert "minnie65_public" in lines[0]
    assert "Demo server: nothing here is real." in lines[1]
    steps = lines[2:]
    assert len(steps) == 6
    assert all(line.startswith("  ✓ ") for line in steps)
    assert "Ada Lovelace · ada@example.org" in done.stdout
    assert "12 versions readable" in steps[-1]
    assert ada not in done.stdout
    assert f"····{ada[-4:]}" in done.stdout


def test_the_json_is_the_status_of_a_setup(demo: DemoServer, ada: str, secrets: Path) -> None:
    saved(demo, secrets, ada)
    done = run("status", "--json", "--server", demo.address)
    assert (done.returncode, done.stderr) == (READY, "")
    printed = json.loads(done.stdout)
    assert_shape(printed)
    setup = Setup(demo.address)
    assert printed == setup.check().as_dict()
    setup.close()
    assert ada not in done.stdout


def test_looking_changes_nothing(demo: DemoServer, home: Path) -> None:
    run("status", "--server", demo.address)
    assert list(home.iterdir()) == []


LEFT_OPEN = ["nothing yet", "terms open", "dead token", "no permission", "unknown datastack", "sign-in token"]


@pytest.mark.parametrize("case", LEFT_OPEN)
def test_whatever_is_left_to_do_is_code_1_and_comes_with_a_remedy(
    demo: DemoServer, ada: str, grace: str, secrets: Path, case: str
) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    token = {
        "nothing yet": None,
        "terms open": grace,
        "dead token": SECRET.reveal(),
        "sign-in token": demo.world.sign_in(user).text,
    }.get(case, ada)
    if token is not None:
        saved(demo, secrets, token)
    stack = {"no permission": "private_stack", "unknown datastack": "nope"}.get(case, "minnie65_public")
    done = run("status", "--json", "--server", demo.address, "--datastack", stack)
    assert (done.returncode, done.stderr) == (LEFT_TO_DO, "")
    printed = json.loads(done.stdout)
    assert_shape(printed)
    assert not printed["ready"]
    assert printed["datastack"] == stack
    assert any(step["remedy"] for step in printed["steps"])
    assert token is None or token not in done.stdout


@pytest.mark.parametrize("case", ["closed port", "no such name", "web page", "data server broken"])
def test_a_server_that_could_not_be_asked_is_code_3_with_the_same_json(
    demo: DemoServer, ada: str, secrets: Path, closed_port: int, case: str
) -> None:
    address = {
        "closed port": f"http://127.0.0.1:{closed_port}",
        "no such name": "https://something.invalid",
    }.get(case, demo.address)
    write_secret(secrets, ServerAddress(address).file_name, ada)
    if case == "web page":
        demo.weather.set("captive-portal")
    if case == "data server broken":
        demo.weather.set("error-500", "/materialize")
    done = run("status", "--json", "--server", address)
    assert (done.returncode, done.stderr) == (COULD_NOT_ASK, "")
    printed = json.loads(done.stdout)
    assert_shape(printed)
    assert printed["token"]["masked"] == f"····{ada[-4:]}"
    assert (printed["account"] is None) == (case != "data server broken")
    assert ada not in done.stdout


def test_a_server_that_could_not_be_asked_is_told_in_words_too(closed_port: int) -> None:
    done = run("status", "--server", f"http://127.0.0.1:{closed_port}")
    assert (done.returncode, done.stderr) == (COULD_NOT_ASK, "")
    assert "! Account: 127.0.0.1:" in done.stdout
    assert "it refused or cut the connection" in done.stdout
    assert "Check again in a minute" in done.stdout


WRONG: dict[str, tuple[str, ...]] = {
    "plain http": ("status", "--server", "http://cave.example"),
    "a datastack as server": ("status", "--server", "minnie65_public"),
    "no datastack": ("status", "--server", "https://something.invalid", "--datastack", "a b"),
    "unknown option": ("status", "--token", "0123456789abcdef0123456789abd0d8"),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_wrong_usage_is_code_2_with_a_sentence(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (WRONG_USAGE, "")
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_variables_choose_the_server_and_the_datastack(demo: DemoServer) -> None:
    done = run("status", "--json", CAVE_SETUP_SERVER=demo.address, CAVE_SETUP_DATASTACK="open_sandbox")
    printed = json.loads(done.stdout)
    assert (printed["server_address"], printed["datastack"]) == (demo.address, "open_sandbox")


def test_a_token_in_a_variable_is_used_and_not_shown(demo: DemoServer, ada: str) -> None:
    done = run("status", "--json", "--server", demo.address, CAVE_TOKEN=ada)
    assert json.loads(done.stdout)["account"]["name"] == "Ada Lovelace"
    assert ada not in done.stdout + done.stderr
    assert len(authorized(demo)) == 4


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "JSON"])
def test_a_terminal_that_knows_only_ascii_gets_an_answer(
    demo: DemoServer, grace: str, secrets: Path, form: tuple[str, ...]
) -> None:
    saved(demo, secrets, grace)
    done = run("status", *form, "--server", demo.address, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (LEFT_TO_DO, "")
    assert done.stdout.isascii()
    assert "Grace Hopper" in done.stdout


def test_json_for_programs_is_whole_also_where_only_ascii_can_be_printed(
    demo: DemoServer, ada: str, secrets: Path
) -> None:
    saved(demo, secrets, ada)
    done = run("status", "--json", "--server", demo.address, PYTHONIOENCODING="ascii")
    printed = json.loads(done.stdout)
    assert printed["token"]["masked"] == f"····{ada[-4:]}"
    assert printed["steps"][1]["summary"] == "Ada Lovelace · ada@example.org"


def test_an_error_can_be_told_in_ascii() -> None:
    done = run("status", "--server", "minnie65_public", PYTHONIOENCODING="ascii", LC_ALL="C", LANG="C")
    assert done.returncode == WRONG_USAGE
    assert "looks like the name of a datastack" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", [(), ("status",), ("demo",)], ids=["program", "status", "demo"])
def test_help_is_given(verb: tuple[str, ...]) -> None:
    done = run(*verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: cave-setup")


# ---------------------------------------------------------------------------------------------- demo --server-only


class ServerProcess:
    """``cave-setup demo --server-only`` and what it announced."""

    def __init__(self, process: subprocess.Popen[str], announced: dict[str, Any]) -> None:
        self.process = process
        self.announced = announced
        self.address = str(announced["server_address"])

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@contextlib.contextmanager
def server_only(*arguments: str, **variables: str) -> Iterator[ServerProcess]:
    with subprocess.Popen(
        command("demo", "--server-only", *arguments),
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            yield ServerProcess(process, json.loads(process.stdout.readline()))
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_server_alone_says_where_it_is_serves_and_ends_when_told(number: signal.Signals) -> None:
    with server_only() as server:
        assert server.address.startswith("http://127.0.0.1:")
        assert requests.get(f"{server.address}/auth/version", timeout=5).text.endswith("version 2.30.3")
        began = time.monotonic()
        code, out, err = server.end(number)
    assert (code, out, err) == (0, "", "")
    assert time.monotonic() - began < 5


def test_the_server_alone_ends_also_while_a_request_hangs() -> None:
    with server_only() as server:
        requests.post(f"{server.address}/demo/weather", json={"kind": "hang"}, headers={"X-CAVE-Demo": "1"}, timeout=5)
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{server.address}/auth/version", timeout=0.3)
        assert server.end(signal.SIGTERM) == (0, "", "")


def test_status_works_against_the_server_alone_with_a_seed(tmp_path: Path, secrets: Path) -> None:
    seed = tmp_path / "seed.json"
    token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaabbbb"
    user = {"email": "zoë@example.org", "name": "Zoë", "accepted_terms": [2], "api_keys": [{"token": token}]}
    seed.write_text(json.dumps({"users": [user]}), encoding="utf-8")
    with server_only("--seed", str(seed), "--port", "0") as server:
        write_secret(secrets, "cave-secret.json", token)
        done = run("status", "--server", server.address)
        code, out, err = server.end(signal.SIGTERM)
    assert (code, out, err) == (0, "", "")
    assert "Zoë · zoë@example.org" in done.stdout
    assert "····bbbb" in done.stdout
    assert token not in done.stdout


def test_a_port_can_be_chosen_and_a_taken_one_is_a_sentence(demo: DemoServer) -> None:
    taken = demo.address.rsplit(":", 1)[1]
    done = run("demo", "--server-only", "--port", taken)
    assert (done.returncode, done.stdout) == (WRONG_USAGE, "")
    assert f"port {taken}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["-1", "99999999999", "http"])
def test_a_port_that_is_none_is_a_sentence(port: str) -> None:
    done = run("demo", "--server-only", "--port", port)
    assert (done.returncode, done.stdout) == (WRONG_USAGE, "")
    assert "port" in done.stderr
    assert "Traceback" not in done.stderr


SEEDS: dict[str, str | None] = {
    "missing": None,
    "no JSON": "{",
    "bad token": '{"users": [{"email": "a@b.c", "api_keys": [{"token": "0123456789ABCDEF0123456789ABCDEF"}]}]}',
}


@pytest.mark.parametrize("content", SEEDS.values(), ids=SEEDS)
def test_a_seed_that_cannot_be_used_is_a_sentence(tmp_path: Path, content: str | None) -> None:
    seed = tmp_path / "seed.json"
    if content is not None:
        seed.write_text(content, encoding="utf-8")
    done = run("demo", "--server-only", "--seed", str(seed))
    assert (done.returncode, done.stdout) == (WRONG_USAGE, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.strip().endswith(".")
    assert "0123456789ABCDEF0123456789ABCDEF" not in done.stderr


# ------------------------------------------------------------------------------------------ demo -- something else

LOOK = (
    "import json, os, pathlib, sys; home = pathlib.Path.home(); "
    "print(json.dumps([sorted(p.name for p in home.iterdir()), os.getcwd() == str(home), dict(os.environ)])); "
    "sys.exit(7)"
)


def test_a_demo_can_be_put_around_another_jupyter_server(home: Path) -> None:
    hub = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "JUPYTERHUB_API_URL": "http://hub/api"}
    done = run("demo", "--", sys.executable, "-c", LOOK, **hub, CAVE_TOKEN=SECRET.reveal())
    assert done.returncode == 7
    files, is_there, variables = json.loads(done.stdout)
    assert is_there
    assert {"CAVE Setup.ipynb", "CAVE Setup demo tour.ipynb", ".cave-setup-demo"} <= set(files)
    # What a hub tells its server arrives, and no token of this person's does.
    assert variables.items() >= hub.items()
    assert variables["CAVE_SETUP_SERVER"].startswith("http://127.0.0.1:")
    assert SECRET.reveal() not in done.stdout + done.stderr
    assert list(home.iterdir()) == []


def test_a_demo_says_what_cannot_be_run() -> None:
    done = run("demo", "--", "/no/such/program")
    assert done.returncode == WRONG_USAGE
    assert "/no/such/program cannot be run: No such file or directory." in done.stderr


def test_on_a_hub_a_demo_alone_says_where_a_browser_finds_it() -> None:
    with server_only(JUPYTERHUB_SERVICE_PREFIX="/user/ada/") as server:
        answer = requests.get(f"{server.address}/auth/version", timeout=5)
        port = server.address.rpartition(":")[2]
        assert answer.headers["X-CAVE-Demo-Browser"] == f"/user/ada/proxy/{port}"


# --------------------------------------------------------------------------------------------------------- undo


def test_the_last_save_is_undone_in_the_terminal(demo: DemoServer, home: Path) -> None:
    with contextlib.closing(Setup(demo.address)) as setup:
        setup.use_token(demo.world.key_of("ada@example.org"))
        assert setup.save().ready
    kept = run("undo", CAVE_SETUP_SERVER=demo.address)  # nobody is there to agree
    assert kept.returncode == READY
    assert "~/.cloudvolume/secrets/cave-secret.json: removed: there was no such file" in kept.stderr
    assert list((home / ".cloudvolume/secrets").glob("*secret.json"))
    done = run("undo", "--yes", CAVE_SETUP_SERVER=demo.address)
    assert done.returncode == LEFT_TO_DO
    assert "The last save was taken back." in done.stderr
    assert not list((home / ".cloudvolume/secrets").glob("*secret.json"))
    again = run("undo", "--yes", CAVE_SETUP_SERVER=demo.address)
    assert again.returncode == WRONG_USAGE
    assert "nothing to take back" in again.stderr
