"""Where are we: an ordered table of places, and which of them this is. Looks at variables and folders, asks nobody."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cave_setup.models import Environment, EnvironmentKey

Signs = Callable[[Mapping[str, str], Path], bool]

# Names under which people keep a CAVE token in a variable; no CAVE library reads one (docs/wire.md section 10).
ANYWHERE = ("CAVE_TOKEN", "CAVECLIENT_TOKEN", "FLYWIRE_TOKEN", "CHUNKEDGRAPH_SECRET")
# On Code Ocean a secret arrives under the name of its *type* unless renamed, so these may hold other secrets too:
# `secret_variables` takes none that lacks the form of a token or is named for another deployment.
ON_CODE_OCEAN = (
    *ANYWHERE,
    *("API_SECRET_microns", "API_SECRET_v1dd", "API_SECRET", "API_SECRET_2", "CUSTOM_KEY", "CUSTOM_KEY_2"),
)

_LONGEST_NAME = 120  # characters that the server has room for in the list of keys (docs/wire.md section 4)


@dataclass(frozen=True)
class Place:
    """One row of the table: how a place is recognised and what it means for a token.

    Parameters
    ----------
    key, name, home_persists, secret_variables, variables_first, shared_folders
        As in `cave_setup.models.Environment`.
    signs : callable
        ``signs(variables, root)``: whether this is the place.

    """

    key: EnvironmentKey
    name: str
    signs: Signs
    home_persists: bool | None
    secret_variables: tuple[str, ...] = ANYWHERE
    variables_first: bool = False
    shared_folders: tuple[str, ...] = ()


def _any_variable(*names: str) -> Signs:
    return lambda variables, _root: any(variables.get(name) for name in names)


def _folder(path: str) -> Signs:
    # Path.is_dir() raises where a folder on the way may not be entered (/root, for everybody but root); this does not.
    return lambda _variables, root: os.path.isdir(root / path)  # noqa: PTH112


def _either(*signs: Signs) -> Signs:
    return lambda variables, root: any(sign(variables, root) for sign in signs)


# The first row whose signs are seen wins; order matters, since places are built on top of each other.
PLACES: tuple[Place, ...] = (
    Place(
        key="code-ocean",
        name="Code Ocean capsule",
        signs=_either(_any_variable("CO_CAPSULE_ID", "CO_COMPUTATION_ID", "CO_PIPELINE_ID"), _folder("root/capsule")),
        home_persists=False,
        secret_variables=ON_CODE_OCEAN,
        variables_first=True,
        shared_folders=("~/capsule", "/root/capsule", "/code", "/data", "/scratch", "/results"),
    ),
    Place(
        key="local",
        name="Your own computer",
        signs=lambda _variables, _root: True,
        home_persists=True,
    ),
)


def detect(variables: Mapping[str, str], root: Path = Path("/")) -> Environment:
    """Say where we are.

    Parameters
    ----------
    variables : mapping
        The environment variables, as `os.environ` has them.
    root : Path
        Root of the file system to look at; another one only in tests.

    Returns
    -------
    Environment

    """
    place = next(place for place in PLACES if place.signs(variables, root))
    return Environment(
        key=place.key,
        name=place.name,
        detail=_system_name(),
        home_persists=place.home_persists,
        secret_variables=place.secret_variables,
        variables_first=place.variables_first,
        shared_folders=place.shared_folders,
    )


def computer_name(environment: Environment) -> str:
    """Name this computer for the list of keys: ``ada@laptop``; the same at the next run.

    Where every run is a new computer the host's name is a new one, too, and says nothing.
    """
    if environment.home_persists is False:
        return environment.name
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without an entry, as in some containers
        user = ""
    parts = (_one_line(part) for part in (user, platform.node().split(".")[0]))
    return "@".join(part for part in parts if part)[:_LONGEST_NAME].strip() or environment.name


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _system_name() -> str:
    return {"Darwin": "macOS"}.get(platform.system(), platform.system())
