"""Where are we: which of the places this is, as far as variables, folders and the process show. Asks nobody."""

from __future__ import annotations

import getpass
import os
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import UnknownPlace
from cave_setup.models import DEMO_HOME_MARK, Environment
from cave_setup.places import ANYWHERE, PLACES, place_names
from cave_setup.signs import Disk, Process, Scene, Seen, disk_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cave_setup.models import FrontEnd
    from cave_setup.places import Place

_LONGEST_NAME = 120  # characters that the server has room for in the list of keys (docs/wire.md section 4)
_SYSTEMS = {"darwin": "macOS", "linux": "Linux", "win32": "Windows", "emscripten": "WebAssembly"}


def detect(variables: Mapping[str, str], root: Path = Path("/"), process: Process | None = None) -> Environment:
    """Say where we are: the first place of the table of which something is seen.

    Parameters
    ----------
    variables : mapping
        The environment variables, as `os.environ` has them.
    root : Path
        Root of the file system to look at; another one only in tests.
    process : Process, optional
        What else is known of this process; by default nothing is.

    Returns
    -------
    Environment

    """
    scene = Scene(variables, root, process or Process())
    seen, place = next((seen, place) for place in PLACES if (seen := place.sign(scene)))
    disk = _disk(place, scene)
    persists = place.home_persists
    if disk.is_lost:
        persists = False
    elif persists is None and disk.is_own:
        persists = True  # somebody has put a disk there, for what is to be kept
    return _environment(place, persists, scene, seen)


def choose(
    key: str,
    variables: Mapping[str, str],
    root: Path = Path("/"),
    process: Process | None = None,
    *,
    home_persists: bool | None = None,
) -> Environment:
    """Take a person's word for where we are.

    Parameters
    ----------
    key : str
        One of `cave_setup.models.EnvironmentKey`; empty for the one that is found.
    variables, root, process
        As in `detect`.
    home_persists : bool, optional
        The person's word on the home folder, too; by default it is as is usual in that place.

    Returns
    -------
    Environment
        Folders that others see in the place which this is by its signs stay out of bounds. Variables that only a
        platform itself sets are looked at only where its signs are seen.

    Raises
    ------
    UnknownPlace
        If there is no such key.

    """
    scene = Scene(variables, root, process or Process())
    found = detect(variables, root, process)
    place = _row(key.strip().lower() or found.key, found)
    if place is None:
        raise UnknownPlace(*words.no_such_place(list(place_names())))
    usual = found.home_persists if place.key == found.key else place.home_persists
    persists = usual if home_persists is None else home_persists
    chosen = _environment(place, persists, scene, Seen(""))
    shared = dict.fromkeys([*chosen.shared_folders, *found.shared_folders])
    disk = _disk(place, scene)
    return replace(
        chosen,
        certainty="chosen",
        # A platform's own names mean a token only there; elsewhere they are somebody's secrets for something else.
        secret_variables=place.secret_variables if place.key == found.key else ANYWHERE,
        shared_folders=tuple(shared),
        home_disk=disk.kind if persists and disk.is_lost else "",
    )


def _row(key: str, found: Environment) -> Place | None:
    """Give the row of a place, and of several the one that was found here or else the plain one."""
    rows = [place for place in PLACES if place.key == key]
    return next((place for place in rows if place.name == found.name), rows[-1] if rows else None)


def _environment(place: Place, persists: bool | None, scene: Scene, seen: Seen) -> Environment:  # noqa: FBT001 - a fact
    keeping = place.keeping
    if keeping in {"files", "session"} and persists is not None:
        keeping = "files" if persists else "session"
    return Environment(
        key=place.key,
        name=place.name,
        detail=_SYSTEMS.get(scene.process.system, scene.process.system),
        home_persists=persists,
        secret_variables=place.secret_variables,
        variables_first=place.variables_first,
        shared_folders=place.shared_folders,
        keeping=keeping,
        platform=place.platform,
        home=_home(place, persists, scene),
        seen=seen.what,
        certainty="certain" if seen.is_certain else "likely",
        front_end=_front_end(scene),
    )


def _disk(place: Place, scene: Scene) -> Disk:
    """Say what tokens are saved on: of several folders, the one that is lost, or of which the least is known."""
    home = scene.process.home
    mark = scene.root / str(home).lstrip("/") / DEMO_HOME_MARK
    if not place.judged_by_disk or os.path.exists(mark):  # noqa: PTH110 - it never raises
        return Disk(home)  # a demo's home is lost in any case, and acts one that is not
    disks = [disk_of(folder, scene) for folder in scene.process.tokens or (home,)]
    return min(disks, key=lambda disk: (not disk.is_lost, disk.is_own))


def _home(place: Place, persists: bool | None, scene: Scene) -> str:  # noqa: FBT001 - a fact
    """Say what becomes of the home folder, or of the token's where that lies on another disk; empty if as usual."""
    disk = _disk(place, scene)
    folder = str(disk.folder) if disk.at != disk_of(scene.process.home, scene).at and disk.kind else ""
    if disk.is_lost and persists is False and place.home_persists is not False:
        return words.home_on(disk.kind, folder)
    if folder and persists:
        return words.kept_in(folder)
    return place.home if persists == place.home_persists else ""


def _front_end(scene: Scene) -> FrontEnd:
    """Say what draws the notebook, as far as that shows in the kernel; which Jupyter it is, only the page knows."""
    if scene.variables.get("COLAB_RELEASE_TAG"):
        return "colab"
    is_vscode = scene.process.names or any(scene.variables.get(name) for name in ("VSCODE_PID", "VSCODE_CWD"))
    return "vscode" if is_vscode and "ipykernel" in scene.process.modules else ""


def computer_name(environment: Environment) -> str:
    """Name this computer for the list of keys: ``ada@laptop``; the same at the next run.

    Where every run is a new computer the host's name is a new one, too, and says nothing.
    """
    if environment.home_persists is False and environment.key != "local":
        return environment.name
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without an entry, as in some containers
        user = ""
    parts = (_one_line(part) for part in (user, platform.node().split(".")[0]))
    return "@".join(part for part in parts if part)[:_LONGEST_NAME].strip() or environment.name


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
