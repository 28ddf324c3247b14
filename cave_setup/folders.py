"""Folders and files that belong to one user alone: made, looked at, closed to others. Knows nothing of tokens."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import NoHomeFolder

if TYPE_CHECKING:
    from collections.abc import Sequence


def home_folder() -> Path:
    """Give the home folder that caveclient would use (``~``).

    Raises
    ------
    NoHomeFolder
        If there is none, or not as a full path: its files would be found from one folder only.

    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises, and not in the same cases everywhere
    if not home.is_absolute():
        raise NoHomeFolder(words.NO_HOME, words.NO_HOME_REMEDY)
    return home


def shown(path: Path, home: Path) -> str:
    """Give the path as a person writes it: from ``~`` on where it lies in the home folder."""
    try:
        return f"~/{path.relative_to(home).as_posix()}"
    except ValueError:
        return str(path)


def can_be_a_file_name(name: str) -> bool:
    """Whether this system takes the name; Windows takes no colon."""
    return sys.platform != "win32" or ":" not in name


def make_private_folder(folder: Path) -> None:
    """Make the folder and what is missing above it, each for this user alone."""
    missing = []
    while not exists(folder):
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def make_private(path: Path) -> None:
    """Take the file away from everybody else, as far as that can be done."""
    if sys.platform == "win32":
        return  # the profile's own protection holds there
    with contextlib.suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def exists(path: Path) -> bool:
    """Whether something is there, as far as one may look: Path.exists() raises where a folder may not be entered."""
    return os.path.exists(path)  # noqa: PTH110


def file_in_the_way(folder: Path) -> Path | None:
    """Give what stands where the folder, or one that it lies in, should be: a file or a link to nowhere, or None."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder if os.path.lexists(folder) and not os.path.isdir(folder) else None  # noqa: PTH112 - it never raises


def obstacle_to_writing(folder: Path) -> int:
    """Say what keeps files from being made in the folder, or the folder itself if there is none yet.

    Returns
    -------
    int
        As of `errno`; 0 if nothing is seen. A quota shows only in writing.

    """
    while not exists(folder) and folder != folder.parent:
        folder = folder.parent
    if file_in_the_way(folder):
        return errno.ENOTDIR
    if hasattr(os, "statvfs"):
        with contextlib.suppress(OSError):
            disk = os.statvfs(folder)
            free = disk.f_bavail if os.getuid() else disk.f_bfree
            if disk.f_flag & os.ST_RDONLY:
                return errno.EROFS
            if (disk.f_blocks and not free) or (disk.f_files and not disk.f_ffree):
                return errno.ENOSPC
    return 0 if os.access(folder, os.W_OK | os.X_OK) else errno.EACCES


def is_shared(path: Path, folders: Sequence[str], home: Path) -> bool:
    """Whether a file really lies in one of the folders that other people get to see, links followed.

    Where there are such folders, a Code Ocean capsule is one of them, wherever it lies.
    """
    real = Path(os.path.realpath(path))
    named = [str(home) + folder[1:] if folder.startswith("~") else folder for folder in folders]
    in_a_capsule = bool(folders) and any(exists(parent / ".codeocean") for parent in real.parents)
    return in_a_capsule or any(real.is_relative_to(os.path.realpath(folder)) for folder in named)
