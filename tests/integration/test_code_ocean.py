"""Code Ocean acted out: what arrives, what never leaves, what is written for one run, and other people's notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.capsule import API_CREDENTIALS, CUSTOM_KEY, OF_CODE_OCEAN, Capsule

import cave_setup
from cave_setup import Setup, words
from cave_setup.environment import detect
from cave_setup.errors import ServerTimeout
from cave_setup.terminal.status import activate
from integration.conftest import SECRET, assert_shape, authorized, cave_routes, read_secrets, write_secret
from integration.listeners import answers, by_path, says
from integration.test_caveclient import READ, caveclient
from integration.test_login import ANY_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup import Status
    from cave_setup.demo import DemoServer
    from cave_setup.models import Token
    from integration.conftest import Listen, Remote, SetUp

Look = "Callable[..., Setup]"
GOOD = SECRET.reveal()


@pytest.fixture
def capsule(home: Path) -> Capsule:
    return Capsule(home)


@pytest.fixture
def run(set_up: SetUp, capsule: Capsule) -> Callable[..., Setup]:
    """Begin a run of the capsule with these secrets mounted."""

    def begin(address: str, datastack: str | None = None, **secrets: str) -> Setup:
        variables = capsule.run(**secrets)
        return set_up(address, datastack, detect(variables), **variables)

    return begin


def said(status: Status) -> str:
    """All that a person is told."""
    assert_shape(status.as_dict())
    return "\n".join(f"{step.summary} {step.remedy or ''} {' '.join(step.notes)}" for step in status.steps)


# -------------------------------------------------------------------------------------------------- what arrives


@pytest.mark.parametrize("name", ["CAVE_TOKEN", "API_SECRET", "API_SECRET_microns", "CUSTOM_KEY", "CUSTOM_KEY_2"])
def test_a_good_secret_is_ready_without_a_click(
    demo: DemoServer, ada: str, home: Path, run: Callable[..., Setup], name: str
) -> None:
    before = sorted(home.rglob("*"))
    status = run(demo.address, **{name: ada}).check()
    assert status.ready
    assert status.step("account").summary.startswith("Ada Lovelace")
    assert name in status.step("save").summary
    assert "12 versions readable" in status.step("ready").summary
    assert status.as_dict()["token"]["where"] == name
    assert sorted(home.rglob("*")) == before


def test_a_name_of_ones_own_is_found_by_the_capsules_list(
    demo: DemoServer, ada: str, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    capsule.attach({**CUSTOM_KEY, "description": "MICrONS", "value": "cave token"})
    status = run(demo.address, **{"cave token": ada}).check()
    assert status.ready
    assert "cave token (“MICrONS”)" in status.step("save").summary


def test_an_older_capsules_list_is_read_as_well(
    demo: DemoServer, ada: str, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    capsule.attach_as_before({**API_CREDENTIALS, "secret": "MY_TOKEN", "key": "MY_NAME"})
    status = run(demo.address, MY_TOKEN=ada, MY_NAME="CAVE_TOKEN").check()
    assert status.ready
    assert "MY_TOKEN (“Cave client credentials”)" in status.step("save").summary


def test_a_secret_of_something_else_that_looks_like_a_token_makes_way_for_the_good_one(
    demo: DemoServer, ada: str, run: Callable[..., Setup]
) -> None:
    setup = run(demo.address, API_SECRET=GOOD, CUSTOM_KEY=ada)
    status = setup.check()
    assert status.ready
    assert status.as_dict()["token"]["where"] == "CUSTOM_KEY"
    assert "····d0d8 (API_SECRET)" in said(status)
    demo.requests.clear()
    assert setup.look_here().ready
    assert demo.requests.entries() == []


def test_where_none_is_known_to_the_server_the_strongest_is_told(demo: DemoServer, run: Callable[..., Setup]) -> None:
    status = run(demo.address, CAVE_TOKEN=GOOD, CUSTOM_KEY=GOOD[::-1]).check()
    assert status.step("account").state == "problem"
    assert "····d0d8 (CAVE_TOKEN)" in status.step("account").summary


def test_a_sign_in_token_as_a_secret_is_found_out(demo: DemoServer, run: Callable[..., Setup]) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    status = run(demo.address, CAVE_TOKEN=demo.world.sign_in(user, 604800.0).text).check()
    assert not status.ready
    assert status.step("token").state == "problem"
    assert "stops working" in status.step("token").summary


# ------------------------------------------------------------------------------------------------ what never leaves

WRONG = {
    "Code Ocean's own": ("cop_0123456789abcdef0123456789abcdef", "Code Ocean's own access tokens"),
    "40 hex": (f"{GOOD}01234567", "40 characters"),
    "empty": ("", "empty"),
    "only a newline": ("\n", "empty"),
    "words around it": (f"token={GOOD}", "no CAVE token"),
    "in an address": (f"https://hooks.example.org/{GOOD}", "no CAVE token"),
    "the list of keys": (json.dumps([{"token": GOOD}]), "no CAVE token"),
    "the fields the wrong way round": ("CAVE_TOKEN", "wrong way round"),
    "another deployment's download": (
        json.dumps({"token": GOOD, "middle_auth_url": "global.em.brain.allentech.org/auth"}),
        "is for global.em.brain.allentech.org",
    ),
}


@pytest.mark.parametrize("name", ["CAVE_TOKEN", "API_SECRET", "CUSTOM_KEY"])
@pytest.mark.parametrize(("value", "says_so"), WRONG.values(), ids=WRONG)
def test_a_wrong_secret_gets_its_sentence_and_goes_nowhere(
    listen: Listen, run: Callable[..., Setup], name: str, value: str, says_so: str
) -> None:
    there = listen(answers("neuroglance_auth -- version 2.30.3", content_type="text/html"))
    status = run(there.address, **{name: value}).check()
    assert says_so in status.step("account").summary
    assert name in status.step("account").summary
    assert status.token is None
    assert [request.path for request in there.requests] == ["/auth/version"]
    assert "authorization" not in there.heard.lower()
    for piece in (GOOD, value.strip()):
        assert not piece or piece not in there.heard


@pytest.mark.parametrize(
    ("name", "description"), [("API_SECRET_v1dd", "anything"), ("API_SECRET", "CAVE V1DD"), ("H01_TOKEN", "H01")]
)
def test_a_secret_named_for_another_deployment_is_not_sent_here(
    listen: Listen, capsule: Capsule, run: Callable[..., Setup], name: str, description: str
) -> None:
    there = listen(answers("neuroglance_auth -- version 2.30.3", content_type="text/html"))
    capsule.attach({**CUSTOM_KEY, "value": name, "description": description})
    status = run(there.address, **{name: GOOD}).check()
    assert f"{name} (“{description}”) is for global." in said(status)
    assert status.step("account").need == "sign-in"
    assert "authorization" not in there.heard.lower()
    assert GOOD not in there.heard


def test_a_microns_secret_goes_to_no_other_deployment_on_the_network(remote: Remote, run: Callable[..., Setup]) -> None:
    remote.routes["/auth/version"] = answers("neuroglance_auth -- version 2.30.3", content_type="text/html")
    status = run(remote.address, API_SECRET_microns=GOOD).check()
    assert "API_SECRET_microns is for global.daf-apis.com" in said(status)
    assert "authorization" not in remote.cave.heard.lower()
    assert run(remote.address, CAVE_TOKEN=GOOD).check().ready  # of unknown origin: it goes to the chosen server
    assert remote.cave.requests[-1].header("Authorization") == f"Bearer {GOOD}"
    assert GOOD not in remote.heard_in_clear


WRAPPED = {
    "a newline": ("{}\n", "line breaks"),
    "quotes": ('"{}"', "quotes"),
    "the download": ('{{"token": "{}", "description": "x"}}', "the rest of the file"),
}


@pytest.mark.parametrize(("value", "says_so"), WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_secret_is_verified_and_told_since_code_would_trip_over_it(
    listen: Listen, run: Callable[..., Setup], value: str, says_so: str
) -> None:
    data = listen(says([1, 2, 3]))
    there = listen(by_path(cave_routes(data.address)))
    status = run(there.address, CUSTOM_KEY=value.format(GOOD)).check()
    assert status.step("account").state == "done"
    assert status.step("save").state == "problem"
    assert says_so in status.step("save").summary
    assert "the token alone" in (status.step("save").remedy or "")
    assert not status.ready
    sent = {request.header("Authorization") for request in there.requests}
    assert sent == {f"Bearer {GOOD}"}


# ------------------------------------------------------------------------------ attached, restarted, with and without


def test_from_attaching_to_the_run_that_has_it(
    demo: DemoServer, ada: str, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    setup = run(demo.address)
    setup.use_token(ada)
    assert setup.found().step("save").need == "mount"
    capsule.attach(CUSTOM_KEY)
    demo.requests.clear()
    status = setup.look_here()
    assert demo.requests.entries() == []
    assert status.step("save").need == "restart"
    assert "“CAVE TOKEN” arrives as CUSTOM_KEY, but this run started before" in status.step("save").summary

    kernel_restarted = run(demo.address).check()
    assert "a kernel restart is not enough" in kernel_restarted.step("account").summary
    assert kernel_restarted.step("account").need == "restart"
    assert run(demo.address, CUSTOM_KEY=ada).check().ready


def test_a_collaborator_without_a_secret_of_their_own_is_told(
    demo: DemoServer, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    capsule.attach(CUSTOM_KEY)
    assert "attach one of your own" in said(run(demo.address).check())


def test_the_address_of_the_platform_can_be_given_where_it_is_not_known(
    demo: DemoServer, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    (capsule.folder / ".git/config").unlink()
    setup = run(demo.address)
    assert setup.check().facts.platform.account_page == ""
    with pytest.raises(cave_setup.SetupError, match="Code Ocean"):
        setup.use_account_page("my capsule")
    setup.use_account_page("https://codeocean.example.org/capsule/1")
    assert setup.check().facts.platform.account_page == "https://codeocean.example.org/account"


def test_rotating_says_which_secret_has_the_old_key(demo: DemoServer, ada: str, run: Callable[..., Setup]) -> None:
    setup = run(demo.address, CAVE_TOKEN=ada)
    setup.check()
    assert "it is in CAVE_TOKEN, which cannot be changed from here" in said(setup.rotate())


# ----------------------------------------------------------------------------------------------- for this run only


def test_activating_writes_the_files_and_they_are_private(
    demo: DemoServer, ada: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    status = run(demo.address, CAVE_TOKEN=ada).activate()
    assert status.ready
    assert words.FILES_THIS_RUN in status.step("save").notes
    assert set(read_secrets(secrets).values()) == {ada}
    assert len(read_secrets(secrets)) == 3
    assert {path.stat().st_mode & 0o077 for path in secrets.glob("*.json")} == {0}


def test_activating_twice_asks_for_nothing_and_writes_nothing(
    demo: DemoServer, ada: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    run(demo.address, CAVE_TOKEN=ada).activate()
    before = {path: path.stat().st_mtime_ns for path in secrets.glob("*.json")}
    assert run(demo.address, CAVE_TOKEN=ada).activate().ready
    assert {path: path.stat().st_mtime_ns for path in secrets.glob("*.json")} == before


def test_activating_a_wrapped_secret_writes_the_token_alone_and_still_tells(
    demo: DemoServer, ada: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    status = run(demo.address, CAVE_TOKEN=f'"{ada}"\n').activate()
    assert set(read_secrets(secrets).values()) == {ada}
    assert status.step("save").state == "problem"
    assert "quotes" in status.step("save").summary


def test_a_different_token_of_the_image_is_asked_about(
    demo: DemoServer, ada: str, grace: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    write_secret(secrets, "cave-secret.json", grace)
    status = run(demo.address, CAVE_TOKEN=ada).activate()
    assert status.step("save").state == "problem"
    assert status.step("save").need == "replace"
    assert f"····{grace[-4:]}" in status.step("save").summary
    assert read_secrets(secrets) == {"cave-secret.json": grace}
    assert run(demo.address, CAVE_TOKEN=ada).activate(replace=True).ready
    assert set(read_secrets(secrets).values()) == {ada}


def test_where_files_last_nothing_is_written_and_saving_is_offered(
    demo: DemoServer, ada: str, home: Path, set_up: SetUp
) -> None:
    status = set_up(demo.address, CAVE_TOKEN=ada).activate()
    assert list(home.iterdir()) == []
    assert status.step("save").need == "save"
    assert any("read files only" in note for note in status.step("save").notes)


def test_where_it_is_not_known_whether_files_last_nothing_is_written(
    demo: DemoServer, ada: str, home: Path, set_up: SetUp
) -> None:
    place = replace(detect({}), home_persists=None)
    set_up(demo.address, None, place, CAVE_TOKEN=ada).activate()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize("persists", [True, None])
def test_why_nothing_is_written_for_this_run_is_said_as_far_as_it_is_known(
    demo: DemoServer,
    ada: str,
    set_up: SetUp,
    capsys: pytest.CaptureFixture[str],
    persists: bool | None,  # noqa: FBT001 - a row of the table
    has_token: bool,  # noqa: FBT001
) -> None:
    place = replace(detect({}), home_persists=persists)
    variables = {"CAVE_TOKEN": ada} if has_token else {}
    assert activate(set_up(demo.address, None, place, **variables), replace=False) == 1
    told = capsys.readouterr().err
    assert told.startswith(words.FILES_LAST_HERE[persists])
    assert (words.SAVE_INSTEAD in told) == has_token


@pytest.mark.parametrize("folder", ["capsule/scratch/cloudvolume", "capsule/code", "linked"])
def test_no_token_is_written_where_other_people_look(
    demo: DemoServer, ada: str, home: Path, capsule: Capsule, run: Callable[..., Setup], folder: str
) -> None:
    (home / "linked").symlink_to(capsule.folder / "data")
    setup = run(demo.address, CAVE_TOKEN=ada, CLOUD_VOLUME_DIR=str(home / folder))
    status = setup.activate()
    assert status.step("save").state == "problem"
    assert "other people get to see" in status.step("save").summary
    assert not [path for path in home.rglob("*") if path.is_file() and ada in path.read_text(errors="replace")]


def test_where_nothing_can_be_written_that_is_said_and_the_secret_is_still_told(
    demo: DemoServer, ada: str, home: Path, run: Callable[..., Setup]
) -> None:
    (home / ".cloudvolume").write_text("a file where the folder should be")
    status = run(demo.address, CAVE_TOKEN=ada).activate()
    assert status.step("save").state == "problem"
    assert (
        "Nothing can be saved in ~/.cloudvolume/secrets: the file ~/.cloudvolume stands where"
        in status.step("save").summary
    )
    assert (home / ".cloudvolume").read_text() == "a file where the folder should be"
    assert run(demo.address, CAVE_TOKEN=ada).check().ready


def test_a_server_that_is_down_is_not_a_bad_secret(closed_port: int, secrets: Path, run: Callable[..., Setup]) -> None:
    status = run(f"http://127.0.0.1:{closed_port}", CAVE_TOKEN=GOOD).activate()
    assert "refused" in said(status)
    assert "does not know the token" not in said(status)
    assert read_secrets(secrets) == {}


# --------------------------------------------------------------------------------- the function, and the command line


@pytest.fixture
def in_capsule(capsule: Capsule, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make this very process a run of the capsule."""

    def begin(**secrets: str) -> None:
        for name, value in capsule.run(**secrets).items():
            monkeypatch.setenv(name, value)

    return begin


def test_one_line_in_the_first_cell(
    demo: DemoServer,
    ada: str,
    secrets: Path,
    in_capsule: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_capsule(API_SECRET=ada)
    assert cave_setup.activate(demo.address).ready
    assert set(read_secrets(secrets).values()) == {ada}
    assert capsys.readouterr() == ("", "")


def test_one_line_in_the_first_cell_says_what_stands_in_the_way(
    demo: DemoServer, in_capsule: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    in_capsule(API_SECRET="cop_0123456789abcdef")
    assert not cave_setup.activate(demo.address).ready
    out, err = capsys.readouterr()
    assert out == ""
    assert "Code Ocean's own access tokens" in err


def shell(capsule: Capsule, line: str, home: Path, **secrets: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the file ``run``, as a pipeline does: nobody is there."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, **capsule.run(**secrets), "HOME": str(home), "PATH": tools},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


READ_WITH_CAVECLIENT = (
    'python -c "from caveclient import CAVEclient; import sys; '
    "print(CAVEclient('minnie65_public', server_address=sys.argv[1]).materialize.get_versions()[-1])\" "
)


@pytest.mark.parametrize(
    ("verb", "secrets", "code", "says_so"),
    [
        ("status", {"CAVE_TOKEN": "{ada}"}, 0, "mounted in the environment as CAVE_TOKEN"),
        ("activate", {"CAVE_TOKEN": "{ada}"}, 0, "in files, too, for this run"),
        ("status", {}, 1, "Sign in"),
        ("activate", {}, 1, words.NOT_FOR_THIS_RUN),
        ("status", {"API_SECRET": "cop_0123456789abcdef"}, 1, "Code Ocean's own access tokens"),
        ("activate", {"CAVE_TOKEN": '"{ada}"'}, 1, "quotes"),
        ("activate", {"CAVE_TOKEN": GOOD}, 1, "does not know the token ····d0d8"),
    ],
)
def test_lines_in_the_file_run(  # noqa: PLR0913, PLR0917 - a row of the table
    demo: DemoServer,
    ada: str,
    home: Path,
    capsule: Capsule,
    verb: str,
    secrets: dict[str, str],
    code: int,
    says_so: str,
) -> None:
    given = {name: value.format(ada=ada) for name, value in secrets.items()}
    done = shell(capsule, f"cave-setup {verb} --server {demo.address}", home, **given)
    assert done.returncode == code, done.stderr
    assert says_so in done.stdout + done.stderr
    assert not ANY_TOKEN.search(done.stdout + done.stderr)


def test_lines_in_the_file_run_say_when_the_server_could_not_be_asked(
    closed_port: int, home: Path, capsule: Capsule
) -> None:
    for verb in ("status", "activate"):
        done = shell(capsule, f"cave-setup {verb} --server http://127.0.0.1:{closed_port}", home, CAVE_TOKEN=GOOD)
        assert done.returncode == 3, verb


def test_a_reproducible_run_goes_on_only_with_a_token(demo: DemoServer, ada: str, home: Path, capsule: Capsule) -> None:
    line = f"cave-setup activate --server {demo.address} || exit 1; {READ_WITH_CAVECLIENT} {demo.address}"
    assert shell(capsule, line, home).returncode == 1
    done = shell(capsule, line, home, CUSTOM_KEY=ada)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].isdigit()


def test_many_processes_of_a_pipeline_activate_at_once(
    demo: DemoServer, ada: str, home: Path, secrets: Path, capsule: Capsule
) -> None:
    one = f"cave-setup activate --server {demo.address}"
    with ThreadPoolExecutor() as processes:
        done = list(processes.map(lambda _: shell(capsule, one, home, CAVE_TOKEN=ada), range(4)))
    assert [process.returncode for process in done] == [0] * 4, done
    assert set(read_secrets(secrets).values()) == {ada}


def test_on_a_laptop_the_line_writes_nothing_and_says_why(demo: DemoServer, ada: str, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cave_setup", "activate", "--server", demo.address],
        env={**os.environ, "CAVE_TOKEN": ada},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert words.FILES_LAST_HERE[True] in done.stderr
    assert "read files only" in done.stdout
    assert list(home.iterdir()) == []


def test_the_guide_in_a_terminal_knows_how_far_it_is(demo: DemoServer, home: Path, capsule: Capsule) -> None:
    capsule.attach(OF_CODE_OCEAN)
    line = f"cave-setup guide --server {demo.address}"
    first = shell(capsule, line, home, API_SECRET="cop_0123456789abcdef")
    assert first.returncode == 1
    for told in (
        "→ 1. Copy the token",
        f"{demo.address}/sticky_auth/settings/tokens",
        "https://codeocean.example.org/account",
        "Roles and Secrets",
        "Custom Key",
        "API_SECRET (“Code Ocean API”): This is one of Code Ocean's own",
        "Set Environment Variable Names",
        "not “Hold”",
        "simulated; not yet run on the real Code Ocean",
    ):
        assert " ".join(told.split()) in " ".join(first.stdout.split()), told
    assert "**" not in first.stdout
    assert "`" not in first.stdout
    capsule.attach(CUSTOM_KEY)
    restart = shell(capsule, line, home)
    second = restart.stdout
    assert "✓ 4. Attach it to this capsule" in second
    assert "→ 5. Shut down and start again" in second
    assert "Restarting the kernel is not enough" in " ".join(second.split())
    assert "this run started before it was attached" in restart.stderr


def test_without_a_guide_the_terminal_says_what_to_do(demo: DemoServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cave_setup", "guide", "--server", demo.address],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "nothing has to be mounted here" in done.stdout
    assert done.returncode == 1


# ------------------------------------------------------------------------------------ other people's notebooks work


def test_a_notebook_with_plain_caveclient_works_after_activating(
    demo: DemoServer, ada: str, run: Callable[..., Setup]
) -> None:
    run(demo.address, API_SECRET=ada).activate()
    assert len(caveclient(demo, READ)["versions"]) == 12


def test_the_snippet_with_the_variable_works_as_it_is_shown(
    demo: DemoServer, ada: str, home: Path, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    from cave_setup.report import use_it  # noqa: PLC0415

    capsule.attach({**CUSTOM_KEY, "value": "cave token"})
    lines = use_it(run(demo.address, **{"cave token": ada}).check())
    assert 'auth_token=os.environ["cave token"]' in lines
    program = lines.replace("client.materialize.get_versions()", "print(len(client.materialize.get_versions()))")
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "cave token": ada},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "12\n", done.stderr
    assert not (home / ".cloudvolume/secrets/cave-secret.json").exists()


# cloud-volume's way, told in docs/wire.md section 10; the real one is asked as well where it is installed.
AS_CLOUD_VOLUME = """
import json, os, pathlib, sys
host = sys.argv[1]
base = pathlib.Path(os.environ.get("CLOUD_VOLUME_DIR") or pathlib.Path.home() / ".cloudvolume")
names = (f"{host}-cave-secret.json", "cave-secret.json", "chunkedgraph-secret.json")
first = next(path for path in (base / "secrets" / name for name in names) if path.exists())
print(json.loads(first.read_text())["token"])
"""
CLOUD_VOLUME = """
import sys
from cloudvolume.secrets import cave_credentials
print(cave_credentials(sys.argv[1])["token"])
"""


@pytest.mark.parametrize(
    "program",
    [
        AS_CLOUD_VOLUME,
        pytest.param(
            CLOUD_VOLUME,
            marks=pytest.mark.skipif(find_spec("cloudvolume") is None, reason="cloud-volume is not installed"),
        ),
    ],
    ids=["its way", "the real one"],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_notebook_with_cloud_volume_finds_the_token_after_activating(
    demo: DemoServer, ada: str, home: Path, run: Callable[..., Setup], program: str, *, elsewhere: bool
) -> None:
    folder = {"CLOUD_VOLUME_DIR": str(home / "elsewhere")} if elsewhere else {}
    run(demo.address, CUSTOM_KEY=ada, **folder).activate()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, demo.data_address.removeprefix("http://")],
        env={**os.environ, **folder},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == ada, done.stderr


# ------------------------------------------------------------------------------------------------- everywhere else


@pytest.mark.parametrize("name", ["CAVE_TOKEN", "CAVECLIENT_TOKEN"])
def test_a_laptop_with_only_a_variable_is_told_that_files_are_read_and_offered_to_save(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp, name: str
) -> None:
    setup = set_up(demo.address, None, detect({}), **{name: ada})
    status = setup.check()
    assert status.as_dict()["token"]["source"] == "environment"
    assert status.step("save").need == "save"
    assert words.caveclient_reads_files(name) in status.step("save").notes
    assert setup.save().ready
    assert set(read_secrets(secrets).values()) == {ada}


def test_a_laptops_junk_in_a_variable_is_told_and_not_sent(demo: DemoServer, set_up: SetUp) -> None:
    status = set_up(demo.address, CAVE_TOKEN="cop_0123456789abcdef").check()
    assert "CAVE_TOKEN: This is one of Code Ocean's own" in status.step("account").summary
    assert authorized(demo) == []


# ---------------------------------------------------------------------------------- what an adversary found, kept


@pytest.mark.parametrize("also", ["another variable", "pasted", "a file"])
def test_a_token_that_one_variable_names_for_another_deployment_is_not_sent_from_elsewhere_either(
    listen: Listen, secrets: Path, run: Callable[..., Setup], also: str
) -> None:
    there = listen(answers("neuroglance_auth -- version 2.30.3", content_type="text/html"))
    others = {"API_SECRET": GOOD} if also == "another variable" else {}
    setup = run(there.address, API_SECRET_v1dd=GOOD, **others)
    if also == "a file":
        write_secret(secrets, "cave-secret.json", GOOD)
    status = setup.use_token(GOOD) if also == "pasted" else setup.check()
    assert "authorization" not in there.heard.lower()
    assert "global.em.brain.allentech.org" in said(status)


def test_the_same_token_under_two_names_is_this_deployments_if_one_name_is(
    demo: DemoServer, ada: str, run: Callable[..., Setup]
) -> None:
    status = run(demo.address, API_SECRET_v1dd=ada, API_SECRET_microns=ada).check()
    assert status.ready
    assert "API_SECRET_microns" in status.step("save").summary


def test_a_good_file_is_found_where_the_secrets_are_unknown(
    demo: DemoServer, ada: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    write_secret(secrets, "cave-secret.json", ada)
    status = run(demo.address, CUSTOM_KEY=GOOD).check()
    assert status.step("account").state == "done"
    assert status.as_dict()["token"]["source"] == "file"
    assert "····d0d8 (CUSTOM_KEY)" in said(status)
    assert status.step("save").need == "mount"


def test_a_token_of_another_deployments_file_makes_way_for_a_good_secret(
    demo: DemoServer, ada: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    write_secret(secrets, "global.em.brain.allentech.org-cave-secret.json", GOOD)
    status = run(demo.address, CAVE_TOKEN=GOOD, CUSTOM_KEY=ada).check()
    assert status.ready
    assert status.as_dict()["token"]["where"] == "CUSTOM_KEY"


def test_a_clean_copy_of_a_wrapped_secret_counts(demo: DemoServer, ada: str, run: Callable[..., Setup]) -> None:
    status = run(demo.address, CAVE_TOKEN=f'"{ada}"', CUSTOM_KEY=ada).check()
    assert status.ready
    assert status.as_dict()["token"]["where"] == "CUSTOM_KEY"


def test_a_fault_with_the_second_secret_hides_no_refusal_of_the_first(
    demo: DemoServer, ada: str, run: Callable[..., Setup]
) -> None:
    setup = run(demo.address, CAVE_TOKEN=GOOD, CUSTOM_KEY=ada)
    account = setup.server.account

    def answer(token: Token) -> Any:
        if token.reveal() == ada:
            raise ServerTimeout("there")
        return account(token)

    setup.server.account = answer  # type: ignore[method-assign]
    assert "does not know the token ····d0d8 (CAVE_TOKEN)" in setup.check().step("account").summary


def test_a_file_of_this_deployment_counts_more_than_a_variables_name(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    write_secret(secrets, f"{demo.address.removeprefix('http://')}-cave-secret.json", ada)
    status = set_up(demo.address, None, detect({}), FLYWIRE_TOKEN=ada).check()
    assert status.step("account").state == "done"


def test_coming_back_asks_nothing_even_where_no_secret_is_known(demo: DemoServer, run: Callable[..., Setup]) -> None:
    setup = run(demo.address, CAVE_TOKEN=GOOD, CUSTOM_KEY=GOOD[::-1])
    setup.check()
    demo.requests.clear()
    setup.look_here()
    assert demo.requests.entries() == []


def test_a_secret_of_something_else_that_has_not_arrived_does_not_lead_in_circles(
    demo: DemoServer, ada: str, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    capsule.attach({**CUSTOM_KEY, "description": "OpenAI key", "value": "OPENAI_API_KEY"})
    setup = run(demo.address)
    assert setup.check().focus.need == "sign-in"
    assert setup.use_token(ada).step("save").need == "mount"
    capsule.attach({**CUSTOM_KEY, "description": "mine"})
    assert "If it is your CAVE token, shut down and start again" in said(run(demo.address).check())


def test_a_wrong_secret_that_has_arrived_goes_before_one_that_has_not(
    demo: DemoServer, capsule: Capsule, run: Callable[..., Setup]
) -> None:
    capsule.attach(CUSTOM_KEY)
    status = run(demo.address, CAVE_TOKEN="cop_0123456789abcdef").check()
    assert "Code Ocean's own" in status.step("account").summary


def test_rotating_writes_into_no_folder_that_others_see(
    demo: DemoServer, ada: str, home: Path, secrets: Path, run: Callable[..., Setup]
) -> None:
    shared = home / "capsule/scratch/cave-secret.json"
    shared.write_text(json.dumps({"token": ada}))
    secrets.mkdir(parents=True)
    (secrets / "cave-secret.json").symlink_to(shared)
    setup = run(demo.address, CAVE_TOKEN=ada)
    setup.check()
    status = setup.rotate()
    assert json.loads(shared.read_text()) == {"token": ada}
    assert "The key was not replaced" in said(status)
    assert "other people get to see" in said(status)


def test_a_home_inside_of_a_capsule_is_no_place_for_a_token(
    demo: DemoServer, ada: str, home: Path, capsule: Capsule
) -> None:
    inside = capsule.folder / "code"
    done = shell(capsule, f"cave-setup activate --server {demo.address}", inside, CAVE_TOKEN=ada)
    assert done.returncode == 1
    assert "other people get to see" in done.stdout
    assert not [path for path in home.rglob("*") if path.is_file() and ada in path.read_text(errors="replace")]


def test_a_token_file_of_the_image_that_others_can_read_is_closed(
    demo: DemoServer, ada: str, secrets: Path, run: Callable[..., Setup]
) -> None:
    file = write_secret(secrets, "cave-secret.json", ada)
    file.chmod(0o644)
    assert "Other people on this computer can read" in said(run(demo.address, CAVE_TOKEN=ada).check())
    run(demo.address, CAVE_TOKEN=ada).activate()
    assert file.stat().st_mode & 0o777 == 0o600


def test_tokens_that_were_written_into_names_show_nowhere(
    demo: DemoServer, ada: str, home: Path, capsule: Capsule
) -> None:
    capsule.attach({**CUSTOM_KEY, "description": f"CAVE {ada}"})
    odd = json.dumps({"token": ada, "middle_auth_url": f"ada:{ada}@\ud800x/auth"})
    for line in ("status", "status --json", "guide", "activate"):
        done = shell(capsule, f"cave-setup {line} --server {demo.address}", home, CAVE_TOKEN=odd)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert not ANY_TOKEN.search(done.stdout + done.stderr)


def test_a_name_that_the_system_cannot_write_is_not_set(demo: DemoServer, home: Path, capsule: Capsule) -> None:
    capsule.attach({**CUSTOM_KEY, "value": "Schlüssel"})
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell(capsule, f"cave-setup status --server {demo.address}", home, **plain)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_when_there_is_nothing_to_do_the_guide_says_just_that(
    demo: DemoServer, ada: str, home: Path, capsule: Capsule
) -> None:
    done = shell(capsule, f"cave-setup guide --server {demo.address}", home, CAVE_TOKEN=ada)
    assert done.returncode == 0
    assert done.stdout == "The token arrives as CAVE_TOKEN; nothing is left to do here.\n"
