"""What can be seen of the place where we run: variables, folders, file systems, the process. Names no place.

Nothing is asked of anybody. A `Scene` can be made up, so that every place can be tested on one computer.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

from cave_setup.in_time import InTime

# File systems of which nothing is left when the container, or the computer, ends. The last is a folder that Kubernetes
# makes for one pod: its disk has a kind like any other.
_LOST = {"overlay", "aufs", "fuse-overlayfs", "fuse.fuse-overlayfs", "tmpfs", "ramfs", "rootfs", "emptyDir"}
_OF_A_POD = "/kubernetes.io~empty-dir/"
# Docker and Podman throw a volume without a name away with its container, or do not: `--rm` decides.
_NAMELESS = re.compile(r"/volumes/[0-9a-f]{64}/_data(/|$)")
_LINK_SECONDS = 1.0  # a kernel waits for it
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Process:
    """The few facts about this process that are no variables.

    Parameters
    ----------
    home : PurePath
        The home folder, links followed.
    tokens : tuple of PurePath
        The folders that tokens are saved in, links followed; none if they are nowhere but in the home folder.
    system : str
        As `sys.platform`.
    release : str
        Of the operating system's kernel.
    modules, names : frozenset of str
        Of the modules that are loaded, and of the names that the session knows, those that mean something.

    """

    home: PurePath = field(default_factory=lambda: PurePosixPath("/home/nobody"))
    tokens: tuple[PurePath, ...] = ()
    system: str = "linux"
    release: str = ""
    modules: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def this(cls, home: Path, *tokens: Path) -> Process:
        """Look around here."""
        session = vars(sys.modules["__main__"])  # in a kernel that is where the cells' names are
        folders = [home, *tokens]
        with contextlib.suppress(TimeoutError):  # they may be links to a disk that does not answer
            folders = InTime(_LINK_SECONDS)(lambda: [Path(os.path.realpath(folder)) for folder in folders])
        return cls(
            home=folders[0],
            tokens=tuple(folders[1:]),
            system=sys.platform,
            release=platform.release(),
            modules=frozenset({"google.colab", "ipykernel"} & sys.modules.keys()),
            names=frozenset({"__vsc_ipynb_file__"} & session.keys()),
        )


@dataclass(frozen=True)
class Scene:
    """All that there is to be seen: the environment variables, the files below a root, the process."""

    variables: Mapping[str, str]
    root: Path = Path("/")
    process: Process = field(default_factory=Process)


@dataclass(frozen=True)
class Seen:
    """A sign that was seen: what it is, for people, and whether nothing but this place has it."""

    what: str
    is_certain: bool = True


Sign = Callable[[Scene], Seen | None]


def variable(*names: str, value: str = "", certain: bool = True) -> Sign:
    """Make a sign of one of several variables being set, to a value that begins so."""

    def sign(scene: Scene) -> Seen | None:
        for name in names:
            found = scene.variables.get(name, "")
            if found and found.startswith(value):
                return Seen(name, certain)
        return None

    return sign


def variable_with(*names: str, part: str) -> Sign:
    """Make a sign of one of several variables having a word in its value."""

    def sign(scene: Scene) -> Seen | None:
        found = next((name for name in names if part in scene.variables.get(name, "").lower()), None)
        return Seen(found) if found else None

    return sign


def variables_that_begin(prefix: str) -> Sign:
    """Make a sign of any variable of a platform being set, but for a key: that may be used from anywhere."""

    def sign(scene: Scene) -> Seen | None:
        found = next((name for name in sorted(scene.variables) if name.startswith(prefix) and "KEY" not in name), None)
        return Seen(found) if found else None

    return sign


def folder(path: str, *, certain: bool = False) -> Sign:
    """Make a sign of a folder."""
    # Path.is_dir() raises where a folder on the way may not be entered (/root, for everybody but root); this does not.
    return lambda scene: Seen(f"/{path}", certain) if os.path.isdir(scene.root / path) else None  # noqa: PTH112


def file(path: str, *, certain: bool = False) -> Sign:
    """Make a sign of a file."""
    return lambda scene: Seen(f"/{path}", certain) if os.path.isfile(scene.root / path) else None  # noqa: PTH113


def module(name: str) -> Sign:
    """Make a sign of a module being loaded."""
    return lambda scene: Seen(name) if name in scene.process.modules else None


def system(name: str) -> Sign:
    """Make a sign of what Python calls the operating system."""
    return lambda scene: Seen(name) if scene.process.system == name else None


def kernel_of(word: str) -> Sign:
    """Make a sign of a word in the release of the operating system's kernel."""
    return lambda scene: (
        Seen(scene.process.release, is_certain=False) if word in scene.process.release.lower() else None
    )


def home_in(path: str) -> Sign:
    """Make a sign of where the home folder is."""

    def sign(scene: Scene) -> Seen | None:
        home = scene.process.home
        return Seen(str(home), is_certain=False) if PurePosixPath(home).is_relative_to(path) else None

    return sign


def home_in_a_container(scene: Scene) -> Seen | None:
    """Give a sign where the home folder is in a container's own file system."""
    disk = disk_of(scene.process.home, scene)
    # A root folder on 9p is gVisor's; other folders are on it where a virtual computer is lent them.
    is_inside = "overlay" in disk.kind or disk.kind in {"aufs", "emptyDir"} or (disk.kind, disk.at) == ("9p", "/")
    return Seen(disk.kind, is_certain=False) if is_inside else None


def either(*signs: Sign) -> Sign:
    """Make a sign of several: the first that is seen counts."""
    return lambda scene: next((seen for sign in signs if (seen := sign(scene))), None)


def both(first: Sign, second: Sign) -> Sign:
    """Make a sign of two that must be seen together; the second one is what is told of it."""
    return lambda scene: second(scene) if first(scene) else None


def but_not(sign: Sign, unless: Sign) -> Sign:
    """Make a sign that does not count where another one is seen."""
    return lambda scene: None if unless(scene) else sign(scene)


def always(_scene: Scene) -> Seen | None:
    """Give the sign of a place that has none."""
    return Seen("", is_certain=False)


# ---------------------------------------------------------------------------------------------------- folders' disks


@dataclass(frozen=True)
class Disk:
    """What a folder lies on.

    Parameters
    ----------
    folder : PurePath
    kind : str
        Such as ``ext4``; empty where that cannot be seen.
    at : str
        Where it is mounted.
    is_own : bool
        Somebody has put it there: it is neither the root folder's nor a volume without a name.

    """

    folder: PurePath
    kind: str = ""
    at: str = ""
    is_own: bool = False

    @property
    def is_lost(self) -> bool:
        """Whether nothing is left of it when the container or the computer ends."""
        return self.kind in _LOST


def disk_of(folder: PurePath, scene: Scene) -> Disk:
    """Say what a folder lies on, which need not be there yet."""
    try:
        lines = (scene.root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return Disk(folder)
    best = Disk(folder)
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after.split():  # noqa: PLR2004 - the fifth is where it is mounted (man proc)
            continue
        part, at = fields[3], _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4])
        # Of several at the same folder the last one counts.
        if len(at) >= len(best.at) and PurePosixPath(folder).is_relative_to(at):
            kind = "emptyDir" if _OF_A_POD in part else after.split()[0]
            best = Disk(folder, kind, at, is_own=at != "/" and not _NAMELESS.search(part))
    return best
