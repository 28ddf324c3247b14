"""The tour of the demo: each cell of its notebook, in order, shows what the text above it says; and no other server."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import requests
from integration.listeners import Listener, says

from cave_setup import tour
from cave_setup.demo import DemoServer
from cave_setup.demo.visitor import Visitor
from cave_setup.errors import NotADemo
from cave_setup.models import DEMO_HOME_MARK
from cave_setup.terminal.demo import TOUR

if TYPE_CHECKING:
    from cave_setup.notebook.widget import Wizard

# Where each scene stands: the pill, the step in focus, and what that step says.
SCENES = {
    "newcomer-run": ("1 of 6", "account", "no token for"),
    "returning-run": ("Ready", "ready", "12 versions readable"),
    "terms-run": ("4 of 6", "terms", "MICrONS Public: not accepted yet"),
    "sign-in-token-run": ("Needs you", "token", "is a sign-in token: it stops working in 7 days"),
    "deleted-run": ("Needs you", "account", "does not know the token"),
    "damaged-run": ("4 of 6", "save", "would find no token in"),
    "disagreeing-run": ("4 of 6", "save", "would read another token"),
    "slow-run": ("Ready", "ready", "12 versions readable"),
    "down-run": ("Needs you", "account", "is in trouble (it answered 502)"),
    "portal-run": ("Needs you", "account", "A web page came back"),
    "fine-run": None,
    "code-ocean-run": ("1 of 6", "account", "no token for"),
    "mounted-run": ("Ready", "ready", "12 versions readable"),
}


@pytest.fixture
def cells() -> dict[str, str]:
    notebook = nbformat.read(Path(__file__).parents[2] / "notebooks" / TOUR, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell and give the value of its last line, as IPython does."""
    *first, last = ast.parse(source).body
    exec(compile(ast.Module(first, []), "cell", "exec"), names)
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def settled(wizard: Wizard) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state: dict[str, Any] = wizard.state
        if state["focus"] and not state["busy"]:
            return state
        time.sleep(0.02)
    raise AssertionError(wizard.state["busy"])


def test_each_cell_shows_what_its_text_says(
    cells: dict[str, str], demo: DemoServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAVE_SETUP_SERVER", demo.address)
    cells["slow-run"] = cells["slow-run"].replace("seconds=3", "seconds=0.3")
    names: dict[str, Any] = {}
    seen: dict[str, tuple[str, str, str] | None] = {}
    for key, source in cells.items():
        value = run(source, names)
        if value is None:
            seen[key] = None
            continue
        state = settled(value)
        step = next(step for step in state["steps"] if step["key"] == state["focus"])
        wanted = SCENES[key]
        told = wanted[2] if wanted and wanted[2] in step["summary"] else step["summary"]
        seen[key] = (state["pill"]["text"], state["focus"], told)
        assert state["banner"], "nothing here is real"
        value.close()
    assert seen == SCENES
    assert list(home.iterdir()) == []


def test_the_weather_is_put_right_by_the_next_scene(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAVE_SETUP_SERVER", demo.address)
    tour.bad_weather("error-502").close()
    assert Visitor(demo.address).rules()
    tour.newcomer().close()
    assert Visitor(demo.address).rules() == []


def test_a_scene_goes_with_the_demos_own_home_if_there_is_one(demo: DemoServer, home: Path) -> None:
    assert tour.Scene(demo.address).home.parent != home
    (home / DEMO_HOME_MARK).touch()
    assert tour.Scene(demo.address).home.parent == home


def test_a_scene_goes_with_the_kernel(demo: DemoServer) -> None:
    code = f"from cave_setup import tour; print(tour.Scene({demo.address!r}).home)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert ".cave-setup-scene-" in said
    assert not Path(said.strip()).exists()


def test_terms_are_open_every_time(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAVE_SETUP_SERVER", demo.address)
    for _ in range(2):
        wizard = tour.terms_open()
        settled(wizard)
        assert wizard._setup.accept_terms().ready
        wizard.close()


def test_a_scene_finds_nothing_that_another_has_left(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAVE_SETUP_SERVER", demo.address)
    for scene, keys in [(tour.disagreeing, 2), (tour.returning, 1), (tour.terms_open, 1), (tour.returning, 1)]:
        wizard = scene()
        settled(wizard)
        assert len(wizard._setup.tokens()) == keys
        wizard.close()
    page = requests.get(f"{demo.address}/demo/google", timeout=10).text
    assert (page.count("Ada Lovelace"), page.count("Grace Hopper")) == (1, 1)


@pytest.mark.parametrize("address", ["", "https://global.daf-apis.com", "https://127.0.0.1:1", "no address at all!"])
def test_it_asks_no_server_elsewhere(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAVE_SETUP_SERVER", address)
    monkeypatch.setattr(Visitor, "_ask", lambda *_: pytest.fail("asked"))
    with pytest.raises(NotADemo, match="at a demo server only"):
        tour.newcomer()


def test_it_goes_no_further_where_something_else_listens() -> None:
    with Listener(says({"rules": []})) as other, pytest.raises(NotADemo, match="cave-setup demo"):
        tour.Scene(other.address)


def test_it_goes_no_further_where_nothing_listens() -> None:
    with DemoServer() as gone:
        address = gone.address
    with pytest.raises(NotADemo):
        tour.Scene(address)
