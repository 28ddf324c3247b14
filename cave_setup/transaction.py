"""Several small private files written as one: each is whole at every moment. Knows nothing of what is in them.

All new contents are first written and synced beside their targets, in order 1 … n, then moved over them in the same
order. So what a crash leaves behind tells how far it came: if number 1 still lies there nothing was replaced (the rest
is thrown away); if it is gone, the others are still to be moved. No journal is needed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cave_setup.plain_file import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_LEFTOVER = re.compile(r"\.cave-setup-(?P<id>[0-9a-f]{8})-(?P<number>[0-9]+)-(?P<name>.+)\.tmp")


@dataclass(frozen=True)
class Leftover:
    """A prepared file that a crash left behind, and the target it was meant for."""

    prepared: Path
    target: Path


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Replace the files by these contents: all of them, or after a failure none.

    Parameters
    ----------
    contents : mapping of Path to bytes
        Files, in one folder or several. They belong to this user alone afterwards (mode 0600).

    Raises
    ------
    OSError
        From the file system. What was replaced already is put back, and what was prepared removed; where even that
        fails, what is prepared stays and is finished later, as after a crash.

    """
    transaction = secrets.token_hex(4)
    before = {target: _content(target) for target in contents}
    prepared: list[tuple[Path, Path]] = []
    replaced: list[Path] = []
    try:
        for number, (target, content) in enumerate(contents.items(), start=1):
            temporary = target.with_name(f".cave-setup-{transaction}-{number}-{target.name}.tmp")
            prepared.append((temporary, target))
            _write_private(temporary, content)
        for temporary, target in prepared:
            os.replace(temporary, target)  # noqa: PTH105 - the one call whose atomicity everything rests on
            replaced.append(target)
    except OSError:
        if _are_put_back({target: before[target] for target in replaced}):
            for temporary, _ in reversed(prepared):  # number 1 last: a crash here must not look like one halfway
                with contextlib.suppress(OSError):
                    temporary.unlink()
        raise
    for folder in {target.parent for target in contents}:
        _sync_folder(folder)


def _content(path: Path) -> bytes | None:
    try:
        return read_plain_file(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path)) from error


def _are_put_back(before: Mapping[Path, bytes | None]) -> bool:
    try:
        for target, content in before.items():
            if content is None:
                target.unlink()
            else:
                write_together({target: content})
    except OSError:
        return False
    return True


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the renames themselves durable; a folder cannot be opened for that everywhere."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def leftovers(folders: Iterable[Path]) -> tuple[list[Path], list[Leftover]]:
    """Find what interrupted writes left. Act on it only while no other program can be writing.

    Parameters
    ----------
    folders : iterable of Path
        All folders that are written together: how far a write came shows only from all of them.

    Returns
    -------
    abandoned : list of Path
        Prepared files of writes that had not replaced anything yet, to be deleted in this order: number 1 is the last.
    unfinished : list of Leftover
        Prepared files of writes that had begun to replace, to be moved to their targets.

    """
    groups: dict[str, dict[int, Leftover]] = {}
    for path, match in (found for folder in folders for found in _matching(folder)):
        group = groups.setdefault(match["id"], {})
        group[int(match["number"])] = Leftover(path, path.with_name(match["name"]))
    abandoned = [group[number].prepared for group in groups.values() if 1 in group for number in sorted(group)[::-1]]
    unfinished = [left for group in groups.values() if 1 not in group for left in group.values()]
    return abandoned, unfinished


def _matching(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    for path in paths:
        if match := _LEFTOVER.fullmatch(path.name):
            yield path, match
