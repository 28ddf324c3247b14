"""Places other than Code Ocean, acted out: secrets that are handed out, sessions that end, homes out of use."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.platforms import Colab, Kaggle

from cave_setup import Setup, platform_secrets
from cave_setup.errors import FolderIsShared, NotPossibleHere, UnknownPlace
from cave_setup.guides import guide_to, places
from cave_setup.guiding import progress
from cave_setup.report import use_it
from cave_setup.terminal.guide import guide
from integration.conftest import SetUp, authorized, read_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cave_setup.demo import DemoServer
    from cave_setup.models import Status

ON_COLAB = {"COLAB_RELEASE_TAG": "release-colab_20261101"}
ON_KAGGLE = {"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}
ON_BINDER = {"BINDER_LAUNCH_HOST": "https://mybinder.org/", "JUPYTERHUB_USER": "jovyan"}


@pytest.fixture
def run_in(demo: DemoServer) -> Iterator[RunIn]:
    with contextlib.ExitStack() as stack:
        yield RunIn(demo, stack)


class RunIn:
    """Makes a `Setup` in a place that is known by its variables."""

    def __init__(self, demo: DemoServer, stack: contextlib.ExitStack) -> None:
        self._demo, self._stack = demo, stack

    def __call__(self, variables: dict[str, str], **more: str) -> Setup:
        setup = Setup(self._demo.address, variables={**variables, **more})
        self._stack.callback(setup.close)
        return setup


STEPS = {place: [step.key for step in there.steps] for place in places() if (there := guide_to(place))}


def stages(found: Status, **situation: bool) -> str:
    steps = STEPS[found.facts.environment.key]
    letters = {"done": "✓", "now": "→", "next": "·"}
    return "".join(letters[step.stage] for step in progress(found.facts, steps, **situation))


# ------------------------------------------------------------------------------------------------------- Colab


def test_a_secret_of_colab_is_ready_without_a_click(
    run_in: RunIn, ada: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colab = Colab(CAVE_TOKEN=(ada, True))
    colab.install(monkeypatch)
    found = run_in(ON_COLAB).check()
    assert found.ready
    assert found.token is not None
    assert (found.token.source, found.token.where) == ("environment", "Colab's secret CAVE_TOKEN")
    assert found.step("save").summary == "mounted in the environment as Colab's secret CAVE_TOKEN"
    assert colab.asked == ["CAVE_TOKEN"]  # no more is asked for than is needed
    assert not read_secrets(home / ".cloudvolume/secrets")
    assert stages(found) == "✓✓✓"
    code = use_it(found)
    assert 'userdata.get("CAVE_TOKEN")' in code
    compile(code, "cell", "exec")
    assert ada not in repr(found.facts) + str(found.as_dict()) + code


def test_a_notebook_that_may_not_read_its_secret_is_told_where_to_allow_it(
    run_in: RunIn, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Colab(CAVE_TOKEN=(ada, False)).install(monkeypatch)
    found = run_in(ON_COLAB).check()
    assert "Notebook access" in found.step("account").summary
    assert stages(found) == "✓✓→"
    assert ada not in repr(found.facts)


def test_a_notebook_of_colab_without_a_secret_signs_in_and_is_led_to_the_panel(
    run_in: RunIn, ada: str, home: Path, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    colab = Colab(OPENAI_API_KEY=("sk-something", True))
    colab.install(monkeypatch)
    setup = run_in(ON_COLAB)
    assert setup.check().step("account").need == "sign-in"
    assert authorized(demo) == []
    found = setup.use_token(ada)
    assert found.step("save").need == "mount"
    assert "Colab" in (found.step("save").remedy or "")
    assert stages(found) == "→··"
    assert stages(found, copied=True) == "✓→→"
    colab.secrets["CAVE_TOKEN"] = (ada, True)
    assert setup.look_here().ready
    assert not read_secrets(home / ".cloudvolume/secrets")
    setup.activate()
    assert set(read_secrets(home / ".cloudvolume/secrets").values()) == {ada}


def test_where_no_page_of_colab_answers_it_is_asked_once_and_told(
    run_in: RunIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    colab = Colab()
    colab.page_answers = False
    colab.install(monkeypatch)
    found = run_in(ON_COLAB).check()
    assert colab.asked == ["CAVE_TOKEN"]
    assert "has not answered" in found.facts.platform.damage
    assert progress(found.facts, STEPS["colab"])[1].found == (found.facts.platform.damage,)


def test_a_platform_that_hangs_is_waited_for_once_and_asked_by_nobody_else(
    run_in: RunIn, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform_secrets, "SECONDS", 0.05)
    colab = Colab(CAVE_TOKEN=(ada, True))
    colab.hangs = threading.Event()
    colab.install(monkeypatch)
    setup = run_in(ON_COLAB)
    for _ in range(3):
        assert "has not answered" in setup.check().facts.platform.damage
    assert len(colab.asked) == 1
    colab.hangs.set()
    for thread in threading.enumerate():
        if thread.name == "cave-setup-secrets":
            thread.join()
    assert setup.check().ready


def test_who_asks_while_a_slow_platform_is_being_asked_gets_its_turn(
    run_in: RunIn, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    colab = Colab(CAVE_TOKEN=(ada, True))
    colab.hangs = threading.Event()
    colab.install(monkeypatch)
    found: list[bool] = []
    lookers = [threading.Thread(target=lambda: found.append(run_in(ON_COLAB).check().ready)) for _ in range(4)]
    for looker in lookers:
        looker.start()
    while not colab.asked:
        time.sleep(0.01)
    assert len(colab.asked) == 1
    colab.hangs.set()
    for looker in lookers:
        looker.join()
    assert found == [True] * 4


def test_a_wrapped_secret_and_one_of_another_deployment_are_judged_like_variables(
    run_in: RunIn, ada: str, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Colab(CAVE_TOKEN=(f'"{ada}"', True)).install(monkeypatch)
    found = run_in(ON_COLAB).check()
    assert not found.ready
    assert "quotes" in found.step("save").summary
    Colab(CAVE_TOKEN=("cop_abcdefghijklmnop", True)).install(monkeypatch)
    assert "Code Ocean" in run_in(ON_COLAB).check().step("account").summary


def test_colab_without_its_module_is_a_place_like_others(run_in: RunIn, ada: str) -> None:
    assert run_in(ON_COLAB, CAVE_TOKEN=ada).check().ready


def test_nobody_is_asked_for_secrets_elsewhere(
    set_up: SetUp, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    colab, kaggle = Colab(), Kaggle()
    colab.install(monkeypatch)
    kaggle.install(monkeypatch)
    set_up(demo.address).check()
    assert not colab.asked + kaggle.asked


# ------------------------------------------------------------------------------------------------------ Kaggle


def test_a_secret_of_kaggle_is_ready_without_a_click(run_in: RunIn, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kaggle = Kaggle(CAVECLIENT_TOKEN=ada)
    kaggle.install(monkeypatch)
    found = run_in(ON_KAGGLE).check()
    assert found.ready
    assert kaggle.asked == ["CAVE_TOKEN", "CAVECLIENT_TOKEN"]
    assert 'UserSecretsClient().get_secret("CAVECLIENT_TOKEN")' in use_it(found)
    assert stages(found) == "✓✓✓✓"


@pytest.mark.parametrize(
    ("internet", "has_right", "says"),
    [(False, True, "Internet is off"), (True, False, "Start the session again"), (True, True, "")],
)
def test_kaggle_says_why_it_hands_out_no_secret(
    run_in: RunIn,
    monkeypatch: pytest.MonkeyPatch,
    internet: bool,  # noqa: FBT001 - a row of the table
    has_right: bool,  # noqa: FBT001
    says: str,
) -> None:
    kaggle = Kaggle()
    kaggle.internet, kaggle.has_right = internet, has_right
    kaggle.install(monkeypatch)
    found = run_in(ON_KAGGLE).check()
    assert says in found.facts.platform.damage
    assert bool(says) == bool(found.facts.platform.damage)
    assert found.step("account").need == "sign-in"
    assert stages(found) == "✓→··"  # the server answered, so there is internet, whoever may be asking


def test_kaggle_without_internet_is_told_of_the_switch(closed_port: int) -> None:
    with contextlib.closing(Setup(f"http://127.0.0.1:{closed_port}", variables=ON_KAGGLE)) as setup:
        found = setup.check()
    step = found.step("account")
    assert stages(found) == "→→··"
    assert step.state == "problem"
    assert any("Internet" in note for note in step.notes)


# ------------------------------------------------------------------------------------------- sessions and homes


def test_on_binder_a_token_is_saved_until_the_session_ends_and_that_is_ready(
    run_in: RunIn, ada: str, home: Path
) -> None:
    (home / ".cave-setup-demo").touch()
    setup = run_in(ON_BINDER)
    setup.use_token(ada)
    found = setup.save()
    assert found.ready
    assert found.step("environment").title == "Binder"
    assert "gone when this session ends" in found.step("environment").summary
    assert found.step("save").title == "Saved until this session ends"
    assert found.as_dict()["environment"] == {"key": "binder", "name": "Binder", "home_persists": False}


def test_in_codespaces_files_serve_and_a_secret_does_as_well(run_in: RunIn, ada: str, home: Path) -> None:
    (home / ".cave-setup-demo").touch()
    setup = run_in({"CODESPACES": "true"})
    setup.use_token(ada)
    found = setup.save()
    assert found.ready
    assert any("rebuild" in note for note in found.step("save").notes)
    mounted = run_in({"CODESPACES": "true"}, CAVE_TOKEN=ada).check()
    assert mounted.ready
    assert mounted.step("save").title == "Kept as a secret"


def test_on_a_cluster_a_server_out_of_reach_may_be_the_nodes_fault(closed_port: int) -> None:
    with contextlib.closing(Setup(f"http://127.0.0.1:{closed_port}", variables={"SLURM_JOB_ID": "1"})) as setup:
        step = setup.check().step("account")
    assert any("login node" in note for note in step.notes)


def test_python_in_the_browser_is_told_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "emscripten")
    with pytest.raises(NotPossibleHere) as caught:
        Setup(variables={})
    assert "JupyterLite" in (caught.value.remedy or "")


def test_in_the_browser_nothing_can_be_kept(set_up: SetUp, demo: DemoServer, ada: str) -> None:
    setup = set_up(demo.address, on=None)
    setup.use_environment("jupyterlite")
    step = setup.use_token(ada).step("save")
    assert step.state == "problem"
    assert step.remedy


def test_a_person_says_where_this_is_and_the_status_follows(set_up: SetUp, demo: DemoServer, ada: str) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    before = len(demo.requests.entries())
    assert setup.use_environment("colab").step("save").need == "mount"
    assert setup.use_environment("local", home_persists=False).step("save").title == "Save for this session"
    assert setup.use_environment("local").step("save").need == "save"
    with pytest.raises(UnknownPlace):
        setup.use_environment("moon")
    assert setup.environment.key == "local"
    assert len(demo.requests.entries()) == before  # where this is, no server knows better


@pytest.mark.parametrize("nonsense", [5, True, b"colab", ["colab"], Path("colab"), None])
def test_what_is_no_name_of_a_place_changes_nothing(set_up: SetUp, demo: DemoServer, nonsense: Any) -> None:
    setup = set_up(demo.address)
    with pytest.raises(UnknownPlace):
        setup.use_environment(nonsense)
    assert setup.check().facts.environment.key == "local"
    if nonsense is not None:  # which leaves it to be found out
        with pytest.raises(UnknownPlace):
            Setup(demo.address, variables={}, environment=nonsense)


def test_nor_does_a_home_folder_that_is_said_to_be_kept_in_other_words(set_up: SetUp, demo: DemoServer) -> None:
    setup = set_up(demo.address)
    words: Any = "no"
    with pytest.raises(UnknownPlace) as caught:
        setup.use_environment("hpc", home_persists=words)
    assert "True or False" in str(caught.value)
    assert setup.check().facts.environment.key == "local"


def test_a_secret_of_something_else_is_not_sent_because_a_platform_was_chosen(demo: DemoServer) -> None:
    theirs = "0123456789abcdef0123456789abd0d8"
    with contextlib.closing(
        Setup(demo.address, variables={"API_SECRET": theirs, "CUSTOM_KEY": theirs}, environment="code-ocean")
    ) as setup:
        assert setup.check().facts.credentials == ()
    assert theirs not in str(demo.requests.entries())


def test_a_capsule_that_is_not_recognised_has_a_way(demo: DemoServer, ada: str) -> None:
    with contextlib.closing(Setup(demo.address, variables={"CAVE_TOKEN": ada}, environment="code-ocean")) as setup:
        assert setup.check().ready


def test_another_place_is_drawn_by_the_same_front_end(set_up: SetUp, demo: DemoServer) -> None:
    setup = set_up(demo.address)
    setup.drawn_by("lab")
    assert "JupyterLab" in setup.use_environment("hpc").step("environment").summary


def test_the_shared_folders_of_a_place_chosen_by_mistake_are_forgotten(demo: DemoServer, ada: str, home: Path) -> None:
    here = {"CAVE_SETUP_ENVIRONMENT": "local", "CLOUD_VOLUME_DIR": str(home / "shared")}
    with contextlib.closing(Setup(demo.address, variables=here)) as setup:
        setup.use_token(ada)
        setup.use_environment("jupyterhub")
        assert isinstance(setup.save().facts.problems["save"], FolderIsShared)
        setup.use_environment("local")
        assert setup.save().ready


def test_the_place_can_be_said_by_argument_and_by_variable(demo: DemoServer) -> None:
    for setup in (
        Setup(demo.address, variables={}, environment="hpc"),
        Setup(demo.address, variables={"CAVE_SETUP_ENVIRONMENT": "hpc"}),
    ):
        with contextlib.closing(setup):
            assert setup.check().as_dict()["environment"]["key"] == "hpc"
    with pytest.raises(UnknownPlace):
        Setup(demo.address, variables={"CAVE_SETUP_ENVIRONMENT": "moon"})


def test_a_home_that_cannot_be_written_is_found_before_anything_is_promised(
    set_up: SetUp, demo: DemoServer, ada: str, home: Path
) -> None:
    (home / ".cloudvolume").write_text("a file stands in the way")
    setup = set_up(demo.address)
    assert any("the file ~/.cloudvolume stands where" in note for note in setup.check().step("environment").notes)
    found = setup.use_token(ada)
    assert found.step("save").state == "problem"
    assert "the file ~/.cloudvolume stands where" in found.step("save").summary
    assert "Move ~/.cloudvolume away" in (found.step("save").remedy or "")
    (home / ".cloudvolume").unlink()
    assert setup.look_here().step("save").state == "current"


# ------------------------------------------------------------------------------------------------ in a terminal


@pytest.mark.parametrize("place", places())
def test_every_guide_can_be_read_in_a_terminal(
    place: str, set_up: SetUp, demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = set_up(demo.address)
    setup.use_environment(place)
    guide(setup)
    printed = capsys.readouterr().out
    there = guide_to(place)
    assert there is not None
    for number, step in enumerate(there.steps, 1):
        assert f"{number}. {step.title}" in printed
    assert there.tried in printed
    assert not re.search(r"\]\(|\*\w|`", printed)  # nothing of Markdown is left
    assert (there.account_page or "") in printed
    assert "?:" not in printed
    others = [way for step in there.steps for way in [step.instead] if way]
    assert all(way.title in printed for way in others)


def test_what_is_to_be_copied_in_a_terminal_stands_whole_on_lines_of_its_own(
    set_up: SetUp, demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    guide(set_up(demo.address), "container")
    guide(set_up(demo.address), "hpc")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    mount = '--mount type=bind,source="$HOME/.cloudvolume/secrets",target=/root/.cloudvolume/secrets,readonly'
    for copied in (mount, "chmod 700 ~/.cloudvolume/secrets", "chmod 600 ~/.cloudvolume/secrets/*.json"):
        assert copied in lines
    assert any('“--user "$(id -u)"”' in line for line in lines)


def test_the_guide_to_another_place_is_read_and_nothing_is_asked(
    set_up: SetUp, demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guide(set_up(demo.address), "code-ocean") == 0
    printed = capsys.readouterr().out
    assert "  2. Open your Code Ocean account" in printed
    assert f"{demo.address}/sticky_auth/settings/tokens" in printed
    assert "clipboard" not in printed
    assert demo.requests.entries() == []


def test_the_guide_to_the_place_where_this_is_is_judged_whoever_names_it(
    run_in: RunIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Colab().install(monkeypatch)
    assert guide(run_in(ON_COLAB), "colab") == 1
    assert "→ 1. Copy the token" in capsys.readouterr().out
