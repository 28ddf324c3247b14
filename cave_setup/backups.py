"""What the last save changed, kept beside it for a week so that it can be taken back. Knows files, nothing of tokens.

A backup is one file for the whole of a save, and is written together with it (`cave_setup.transaction`). Taking it back
begins with renaming it, so that what a crash interrupts then is finished later, as an interrupted save is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup.plain_file import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

KEPT = timedelta(days=7)

_LARGEST = 4_000_000  # bytes; token files have about 50 each
_STAMP = "%Y-%m-%d-%H%M%S"
_NAME = re.compile(r"(?P<begun>\.)?cave-setup\.backup-(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{6})")


@dataclass(frozen=True)
class Before:
    """One file that a save changed.

    Parameters
    ----------
    path : Path
    content : bytes, optional
        What it held before; None if there was no file.
    saved : str
        Digest of what the save wrote.

    """

    path: Path
    content: bytes | None
    saved: str

    @property
    def is_as_saved(self) -> bool:
        """Whether the file still is what the save wrote."""
        return _digest_of(self.path) == self.saved

    @property
    def is_as_before(self) -> bool:
        """Whether the file is what it was before the save."""
        return _digest_of(self.path) == _digest(self.content)


@dataclass(frozen=True)
class Backup:
    """What one save changed; ``saved_at`` is local time."""

    path: Path
    saved_at: datetime
    files: tuple[Before, ...]

    @property
    def can_be_taken_back(self) -> bool:
        """Whether nobody has changed one of the files since."""
        return any(one.is_as_saved for one in self.files) and all(
            one.is_as_saved or one.is_as_before for one in self.files
        )


class Backups:
    """The backups in one folder; of the last save only.

    Parameters
    ----------
    folder : Path
        Where they are kept.
    covers : callable
        Says of a path whether it may be one of the files: what a backup names is not simply believed.
    now : callable
        Gives the local time.

    """

    def __init__(self, folder: Path, covers: Callable[[Path], bool], now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._covers = covers
        self._now = now

    def of(self, contents: Mapping[Path, bytes]) -> dict[Path, bytes]:
        """Give the backup to be written before these new contents; none where there is nothing to keep, or too much."""
        try:
            before = {path: _content(path) for path in contents}
        except ValueError:  # no plain file
            return {}
        if not contents or sum(len(content or b"") for content in before.values()) > _LARGEST:
            return {}
        files = [
            {"path": str(path), "before": _as_text(before[path]), "saved": _digest(content)}
            for path, content in contents.items()
        ]
        name = f"cave-setup.backup-{self._now().strftime(_STAMP)}"
        return {self._folder / name: (json.dumps({"files": files}, indent=1) + "\n").encode()}

    def last(self) -> Backup | None:
        """Give the backup of the last save; None if there is none, or it cannot be read."""
        found = self._found(begun=False)
        return self._read(found[-1]) if found else None

    def begin(self, backup: Backup) -> Backup:
        """Note that this save is being taken back."""
        begun = backup.path.with_name(f".{backup.path.name}")
        os.replace(backup.path, begun)  # noqa: PTH105 - as in `transaction`
        return Backup(begun, backup.saved_at, backup.files)

    def begun(self) -> list[Backup]:
        """List those whose taking back was interrupted."""
        return [backup for path in self._found(begun=True) if (backup := self._read(path))]

    def drop(self, but: Iterable[Path] = ()) -> None:
        """Delete all of them but these."""
        for path in set(self._found(begun=False)) - set(but):
            with contextlib.suppress(OSError):
                path.unlink()

    def drop_old(self) -> None:
        """Delete what is older than a week."""
        for path in self._found(begun=False):
            saved_at = _saved_at(path)
            if saved_at is None or self._now() - saved_at > KEPT:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _found(self, *, begun: bool) -> list[Path]:
        try:
            paths = sorted(self._folder.iterdir())
        except OSError:
            return []
        matches = [(path, _NAME.fullmatch(path.name)) for path in paths]
        return [path for path, match in matches if match and bool(match["begun"]) is begun]

    def _read(self, path: Path) -> Backup | None:
        saved_at = _saved_at(path)
        try:
            data = json.loads(read_plain_file(path, 4 * _LARGEST))
            files = tuple(
                Before(Path(one["path"]), _as_bytes(one["before"]), str(one["saved"])) for one in data["files"]
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        is_ours = all(self._covers(one.path) for one in files)
        return Backup(path, saved_at, files) if saved_at and is_ours else None


def _saved_at(path: Path) -> datetime | None:
    match = _NAME.fullmatch(path.name)
    try:
        return datetime.strptime(match["stamp"], _STAMP) if match else None  # noqa: DTZ007 - local, as in the name
    except ValueError:
        return None


def _content(path: Path) -> bytes | None:
    """Give what is in the file; None if it is not there."""
    try:
        return read_plain_file(path, _LARGEST + 1)
    except FileNotFoundError:
        return None


def _digest_of(path: Path) -> str:
    try:
        return _digest(_content(path))
    except (OSError, ValueError):
        return "cannot be read"


def _digest(content: bytes | None) -> str:
    return hashlib.sha256(content).hexdigest() if content is not None else ""


# As text where it is any, so that a person can read what is kept there.
def _as_text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "surrogateescape")


def _as_bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
