"""What a fresh Python pays: for importing, in memory for the same job, and on the disk. Needs no browser."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from functools import partial
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measured import Measured, gathered, in_turn
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import cave_setup
from cave_setup.demo import DemoServer
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BARE = "bare Python"
IMPORTS = {
    BARE: "pass",
    "`import cave_setup`": "import cave_setup",
    "`import requests`": "import requests",
    "`import ipywidgets`": "import ipywidgets",
    "`import caveclient`": "import caveclient",
}
CHECK, CLIENT = "`cave_setup.Setup().check()`", "`CAVEclient(…).materialize.get_versions()`"
# The same job: find the token's file, be told what it opens, and read the list of versions.
JOBS = {
    BARE: "pass",
    CHECK: "from cave_setup import Setup\nassert Setup(sys.argv[1]).check().ready",
    CLIENT: "from caveclient import CAVEclient\n"
    "assert CAVEclient('minnie65_public', server_address=sys.argv[1]).materialize.get_versions()",
}
# Not getrusage(): its maximum is inherited from the process that started this one.
_PEAK = """
import re, sys
{job}
with open("/proc/self/status") as status:
    print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1024)
"""


def compile_ours() -> None:
    """Do what pip does to an installed package, also where PYTHONDONTWRITEBYTECODE keeps Python from it."""
    compileall.compile_dir(Path(cave_setup.__file__).parent, quiet=1)


def imports(rounds: int) -> list[Measured]:
    """Time a fresh Python with one import; the first round, which finds nothing in the disk's cache, is not counted."""
    pieces = {name: partial(_run, code) for name, code in IMPORTS.items()}
    in_turn(pieces, 1)
    found = in_turn(pieces, rounds)
    goals = {"`import cave_setup`": 2.0}
    return [
        found[BARE],
        *(one.beside(found[BARE], goal=goals.get(name)) for name, one in found.items() if name != BARE),
    ]


def memory(rounds: int, wanted: Iterable[str] = tuple(JOBS)) -> list[Measured]:
    """Measure the most memory that the same job takes in a fresh Python, on Linux."""
    if not Path("/proc/self/status").exists():
        return []
    with DemoServer() as demo, TemporaryDirectory() as home:
        _save_token(demo, home)
        jobs = {name: _PEAK.format(job=JOBS[name]) for name in wanted}
        results = (
            (name, float(_run(code, demo.address, home=home))) for _ in range(rounds) for name, code in jobs.items()
        )
        found = gathered(results, "MB")
    client = found.get(CLIENT)
    return [
        one if one is client or client is None or name == BARE else one.beside(client) for name, one in found.items()
    ]


def disk() -> list[Measured]:
    """Sum up what the installed packages take, each with all that it needs."""
    ours, lab, theirs = _needed("cave-setup"), _needed("jupyterlab") | _needed("ipykernel"), _needed("caveclient")
    client = Measured("caveclient and all that it needs", (_megabytes(theirs),), "MB")
    client_on_lab = Measured("caveclient, on top of JupyterLab", (_megabytes(theirs - lab),), "MB")
    return [
        client,
        Measured("cave_setup and all that it needs", (_megabytes(ours),), "MB").beside(client),
        client_on_lab,
        Measured("cave_setup, on top of JupyterLab", (_megabytes(ours - lab),), "MB").beside(client_on_lab),
    ]


def _run(code: str, *arguments: str, home: str = "") -> str:
    environment = {**os.environ, "HOME": home} if home else None
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _save_token(demo: DemoServer, home: str) -> None:
    setup = cave_setup.Setup(demo.address, store=TokenStore(Path(home)), variables={})
    setup.use_token(demo.world.key_of("ada@example.org"))
    setup.save()
    setup.close()


def _needed(name: str) -> set[str]:
    """Names of a package and of all that pip would install with it here."""
    found: set[str] = set()
    waiting: list[tuple[str, str]] = [(canonicalize_name(name), "")]
    while waiting:
        package, extra = waiting.pop()
        found.add(package)
        for requirement in map(Requirement, metadata.requires(package) or ()):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
                continue
            needed = canonicalize_name(requirement.name)
            waiting += [(needed, wanted) for wanted in ("", *requirement.extras) if wanted or needed not in found]
    return found


def _megabytes(packages: set[str]) -> float:
    return sum(path.stat().st_size for package in packages for path in _files(package)) / 1e6


def _files(package: str) -> Iterator[Path]:
    if package == "cave-setup":  # installed as a link to this folder
        folder = Path(cave_setup.__file__).parent
        yield from (path for path in folder.rglob("*") if path.is_file())
        return
    for file in metadata.files(package) or ():
        path = Path(os.fspath(file.locate()))
        if path.is_file():
            yield path
