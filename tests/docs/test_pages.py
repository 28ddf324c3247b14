"""What the README and the pages say can be done: code runs, commands parse, names and files exist."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from support.capsule import Capsule

import cave_setup
from cave_setup.magic import CaveSetupMagics
from cave_setup.models import Token
from cave_setup.terminal.main import command_line
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from cave_setup.demo import DemoServer

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name != "decisions"),
]
RECORDS = sorted((ROOT / "docs/decisions").glob("*.md"))  # of their day; they are not rewritten
TEXTS = [*PAGES, *RECORDS, *sorted((ROOT / "cave_setup/guides").glob("*/guide.yaml"))]
_FENCED = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_INLINE = re.compile(r"`([^`\n]+)`")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def fenced(path: Path, language: str) -> list[str]:
    found = _FENCED.finditer(path.read_text(encoding="utf-8"))
    return [textwrap.dedent(one["code"]) for one in found if one["language"] == language]


def inline(path: Path) -> list[str]:
    return _INLINE.findall(_FENCED.sub("", path.read_text(encoding="utf-8")))


# ------------------------------------------------------------------------------------------------------ Python


@dataclass(frozen=True)
class Scene:
    """Whom a block of code is written for, and how it shows that it worked.

    Parameters
    ----------
    saved : bool
        Ada's key is in the files of this home already.
    mounted : bool
        It arrives as a secret, in a capsule.
    proof : str
        True after the block has run.

    """

    proof: str
    saved: bool = False
    mounted: bool = False


MAGIC = Scene("'cave_setup' in get_ipython().magics_manager.lsmagic()['line']", saved=True)
ACTIVATED = Scene(
    "__import__('pathlib').Path('~/.cloudvolume/secrets/cave-secret.json').expanduser().exists()", mounted=True
)
# Every block of Python, by its page and a line of it.
SCENES = {
    ("README.md", "%cave_setup"): MAGIC,
    ("README.md", "setup.sign_in()"): Scene("status.ready and cave_setup.Setup().check().ready"),
    ("README.md", "cave_setup.activate()"): ACTIVATED,
    ("docs/index.md", "%cave_setup"): MAGIC,
    ("docs/index.md", "setup.rotate()"): Scene("setup.found().ready and cave_setup.Setup().check().ready", saved=True),
    ("docs/places/code-ocean.md", "CAVEclient("): Scene("len(client.materialize.get_versions()) == 12", mounted=True),
    ("docs/places/code-ocean.md", "cave_setup.activate()"): ACTIVATED,
}
BLOCKS = [(shown(page), code) for page in PAGES for code in fenced(page, "python")]

# Runs a cell and then its proof, as a notebook would; the server's address for caveclient stands in its own file.
_CELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for code in sys.argv[1:]:
    shell.run_cell(code).raise_error()
assert shell.user_ns["proven"] is True
"""
_BROWSER = (
    "import sys; sys.path.insert(0, {tests!r}); from integration.test_login import walk; walk(sys.argv[1], {who!r})"
)


def scene_of(page: str, code: str) -> Scene:
    [scene] = [scene for (where, line), scene in SCENES.items() if where == page and line in code]
    return scene


def test_every_scene_is_played() -> None:
    played = [next(key for key in SCENES if key[0] == page and key[1] in code) for page, code in BLOCKS]
    assert sorted(played) == sorted(SCENES)


@pytest.mark.parametrize(("page", "code"), BLOCKS, ids=[f"{page}-{number}" for number, (page, _) in enumerate(BLOCKS)])
def test_a_block_of_python_runs_and_does_what_it_says(
    page: str, code: str, demo: DemoServer, home: Path, tmp_path: Path
) -> None:
    scene = scene_of(page, code)
    ada = demo.world.key_of("ada@example.org")
    if scene.saved:
        TokenStore(home).save(Token(ada), cave_setup.Setup(demo.address).server_address, None)
    servers = home / ".cloudvolume/secrets/cave_datastack_to_server_map.json"
    servers.parent.mkdir(parents=True, exist_ok=True)
    servers.write_text(f'{{"minnie65_public": "{demo.address}"}}')
    browser = tmp_path / "browser.py"
    browser.write_text(_BROWSER.format(tests=str(ROOT / "tests"), who="nia@example.org"))
    variables = {
        **os.environ,
        "CAVE_SETUP_SERVER": demo.address,
        "BROWSER": f"{sys.executable} {browser} %s",
        **(Capsule.run(CAVE_TOKEN=ada) if scene.mounted else {}),
    }
    ran = subprocess.run(
        [sys.executable, "-c", _CELL, code, f"proven = {scene.proof}"],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", TEXTS, ids=shown)
def test_every_line_of_the_magic_is_understood(path: Path) -> None:
    lines = [line for code in fenced(path, "python") for line in code.splitlines()]
    for line in [*lines, *inline(path)]:
        if line.startswith("%cave_setup "):
            arguments = CaveSetupMagics.cave_setup.parser.parse_argstring(line.removeprefix("%cave_setup "))
            assert arguments.what in {"wizard", "status"}


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_name_of_the_package_exists(path: Path) -> None:
    trees = [ast.parse(TransformerManager().transform_cell(code)) for code in fenced(path, "python")]
    chains = {ast.unparse(node) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    mentioned = {name for code in inline(path) for name in re.findall(r"cave_setup(?:\.[A-Za-z_]\w*)+", code)}
    for name in mentioned | {chain for chain in chains if re.fullmatch(r"cave_setup(\.\w+)+", chain)}:
        assert pkgutil.resolve_name(name) is not None


# ---------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("path", TEXTS, ids=shown)
def test_every_command_is_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [line for code in fenced(path, "sh") for line in code.splitlines()]
    for line in [*lines, *inline(path)]:
        first, *arguments = _command(line) or [""]
        if first == "make":
            assert set(arguments) <= targets, line
        elif first == "cave-setup" and arguments:
            try:
                command_line().parse_args(arguments)
            except SystemExit as end:
                assert end.code == 0, line  # noqa: PT017 - 0 is --version or --help
        else:
            assert line not in lines or first in {"", "cd", "git", "pip", "python"}, line


def _command(line: str) -> list[str]:
    """Give the words of a command, up to where another begins or a file is read."""
    if not re.match(r"(cave-setup|make|git|cd|pip|python)\b", line):
        return []
    taken: list[str] = []
    for word in shlex.split(line, comments=True):
        if word in {"||", "|", "<", ">", "&&", ";"}:
            break
        taken.append(word)
    return taken


# ------------------------------------------------------------------------------------------------------- links


def test_what_the_readme_links_to_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    assert links
    for link in links:
        if "://" in link:
            assert link.startswith("https://")
        else:
            assert (ROOT / link.split("#")[0]).exists(), link


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_file_of_the_project_that_is_named_is_there(path: Path) -> None:
    roots = [ROOT, ROOT / "cave_setup", ROOT / "tests", ROOT / "docs"]
    for name in inline(path):
        if re.fullmatch(
            r"(cave_setup|tests|docs|notebook|terminal|models|unit|integration|browser|demo)/[\w/.-]+", name
        ):
            assert any((root / name).exists() for root in roots), name


# ------------------------------------------------------------------------------------- docs/architecture.md

ARCHITECTURE = ROOT / "docs/architecture.md"
MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(cave_setup.__path__, "cave_setup.")
    if not name.startswith("cave_setup.demo") and not name.endswith("__main__")
)


def test_every_room_is_drawn_or_named() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    [drawing] = [one["code"] for one in _FENCED.finditer(text) if "__main__" in one["code"]]
    named = set(re.findall(r"\w+", " ".join(inline(ARCHITECTURE)))) | set(re.findall(r"\w+", drawing))
    assert [name for name in MODULES if name.rpartition(".")[2] not in named] == []


def test_rooms_stand_on_the_lines_on_which_the_contract_has_them() -> None:
    contract = re.search(r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert contract is not None
    layers = [set(re.findall(r"\w+", line)) for line in re.findall(r'"(.*)"', contract[1])]
    [drawing] = [one["code"] for one in _FENCED.finditer(ARCHITECTURE.read_text()) if "__main__" in one["code"]]
    lines = (set(re.findall(r"\w+", line)) for line in drawing.splitlines())
    for layer in layers:
        assert any(layer <= line for line in lines), f"{sorted(layer)} stand on no line below that of the layer above"


def test_what_is_named_with_a_dot_is_there() -> None:
    rooms: dict[str, list[object]] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        rooms.setdefault(name.rpartition(".")[2], []).append(module)
        for kind, value in inspect.getmembers(module, inspect.isclass):
            rooms.setdefault(kind, []).append(value)
    for code in inline(ARCHITECTURE):
        for owner, name in re.findall(r"\b(\w+)\.([A-Za-z_]\w*)", code):
            if owner in rooms and name not in {"py", "js", "css", "md", "yaml", "ipynb"}:
                assert any(_has(room, name) for room in rooms[owner]), f"{owner}.{name}"


def _has(room: object, name: str) -> bool:
    if hasattr(room, name) or name in getattr(room, "__annotations__", {}):
        return True
    return isinstance(room, ModuleType) and hasattr(room, "__path__")
