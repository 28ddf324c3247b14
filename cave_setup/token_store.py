"""The token files that CAVE software reads: find them, say who reads which, save and mend. Asks no server.

Sources: caveclient 8.2.1 ``auth.py`` and cloud-volume 12 ``secrets.py`` (docs/wire.md section 10).
"""

from __future__ import annotations

import contextlib
import os
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.backups import Backups
from cave_setup.errors import FolderNotWritable, NothingToUndo, StoreError, WouldReplace
from cave_setup.folders import can_be_a_file_name, exists, home_folder, make_private, make_private_folder, shown
from cave_setup.in_time import InTime
from cave_setup.models import LastSave, SaveTarget, ServerAddress, StoreFacts, Token, TokenFile
from cave_setup.obstacles import Obstacles
from cave_setup.token_files import (
    DEFAULT_FILE,
    LEGACY_FILE,
    content_with_token,
    judged,
    other_server_of,
    read_token_file,
)
from cave_setup.token_readers import for_caveclient, for_cloud_volume
from cave_setup.transaction import leftovers, write_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cave_setup.backups import Backup

_READ_SECONDS = 4.0


class TokenStore:
    """The token files under a home folder.

    Parameters
    ----------
    home : Path, optional
        The home folder; by default the one that caveclient would use (``~``).
    cloud_volume_dir : str, optional
        What cloud-volume takes instead of ``~/.cloudvolume``: the variable ``CLOUD_VOLUME_DIR``.
    now : callable, optional
        Gives the time for the names of files that are moved aside.
    never_in : sequence of str
        Folders that other people get to see; no token is saved there.

    Raises
    ------
    NoHomeFolder
        If none is given and this user has none.

    """

    def __init__(
        self,
        home: Path | None = None,
        cloud_volume_dir: str | None = None,
        now: Callable[[], datetime] = datetime.now,
        never_in: Sequence[str] = (),
    ) -> None:
        self.home = home or home_folder()
        self.folder = self.home / ".cloudvolume" / "secrets"
        # As it stands: cloud-volume expands no “~” in it.
        base = Path(cloud_volume_dir) if cloud_volume_dir else self.home / ".cloudvolume"
        self.cloud_volume_folder = base / "secrets"
        self._read_by_cloud_volume = (self.cloud_volume_folder, self.home / ".neuroglancer" / "secrets")
        self._now = now
        self._never_in = tuple(never_in)
        self._obstacles = Obstacles(
            self.home, self.folder, self.cloud_volume_folder, self._never_in, is_half_done=self._is_half_saved
        )
        self._backups = Backups(self.folder, self._is_ours, now)
        self._in_time = InTime(_READ_SECONDS)

    def keep_out_of(self, folders: Sequence[str]) -> None:
        """Save no token in these folders of a place, which other people get to see; those of another are forgotten."""
        self._obstacles.shared = (*self._never_in, *folders)

    # ------------------------------------------------------------------------------------------------ reading

    def read(
        self,
        server: ServerAddress,
        data_server: ServerAddress | None,
        token: Token | None,
        instead_of: Token | None = None,
    ) -> StoreFacts:
        """Read all token files and say what each reader will take for this server.

        Parameters
        ----------
        server, data_server : ServerAddress
            The deployment, and the server of the chosen datastack once that is known.
        token : Token, optional
            The token that a save would write; without one there are no targets.
        instead_of : Token, optional
            The sign-in token that it takes the place of, wherever that stands.

        Returns
        -------
        StoreFacts
            In any case: a disk that does not answer in time is called silent.

        """
        with contextlib.suppress(TimeoutError):
            return self._in_time(lambda: self._read(server, data_server, token, instead_of))
        return StoreFacts(self._shown(self.folder), is_silent=True)

    def _read(
        self,
        server: ServerAddress,
        data_server: ServerAddress | None,
        token: Token | None,
        instead_of: Token | None = None,
    ) -> StoreFacts:
        began = time.perf_counter()
        files = {path: read_token_file(path, self._shown(path)) for path in self._existing()}
        targets = () if token is None else self._targets(files, server, data_server, token, instead_of)
        obstacle, in_the_way = self._obstacles.seen(server)
        return StoreFacts(
            folder=self._shown(self.folder),
            files=tuple(files.values()),
            for_caveclient=for_caveclient(files, self.folder, server),
            for_cloud_volume=for_cloud_volume(files, self._read_by_cloud_volume, data_server) if data_server else None,
            targets=targets,
            left_out="" if can_be_a_file_name(server.file_name) else server.file_name,
            obstacle=obstacle,
            in_the_way=in_the_way,
            last_save=self._last_save(),
            seconds=time.perf_counter() - began,
        )

    def _existing(self) -> list[Path]:
        # A link to nowhere is no file, for caveclient as for us; a save makes the file that it points to.
        return [path for path in self._named() if exists(path)]

    def _named(self) -> list[Path]:
        folders = dict.fromkeys([self.folder, *self._read_by_cloud_volume])
        found = []
        for folder in folders:
            with contextlib.suppress(OSError):
                found += sorted(path for path in folder.iterdir() if path.name.endswith((DEFAULT_FILE, LEGACY_FILE)))
        return [path for path in found if not path.name.startswith(".")]

    def _last_save(self) -> LastSave | None:
        last = self._backups.last()
        if last is None or not last.can_be_taken_back:
            return None
        files: list[tuple[str, TokenFile | None]] = []
        for one in last.files:
            name = self._shown(one.path)
            files.append((name, None if one.content is None else judged(one.content, one.path, name)))
        return LastSave(last.saved_at, tuple(files))

    def _is_ours(self, path: Path) -> bool:
        folders = {self.folder, self.cloud_volume_folder}
        return path.parent in folders and path.name.endswith((DEFAULT_FILE, LEGACY_FILE))

    # ------------------------------------------------------------------------------------------------ targets

    def _targets(
        self,
        files: dict[Path, TokenFile],
        server: ServerAddress,
        data_server: ServerAddress | None,
        token: Token,
        instead_of: Token | None,
    ) -> tuple[SaveTarget, ...]:
        """List what a save would write, and what stands there."""
        wanted = {
            self.folder / DEFAULT_FILE: words.READER_DEFAULT,
            self.folder / server.file_name: words.READER_CAVECLIENT,
        }
        if data_server:
            wanted[self.folder / data_server.file_name] = words.READER_CLOUD_VOLUME
        if self.cloud_volume_folder != self.folder:
            wanted[self.cloud_volume_folder / DEFAULT_FILE] = words.READER_CLOUD_VOLUME
            if data_server:
                wanted[self.cloud_volume_folder / data_server.file_name] = words.READER_CLOUD_VOLUME
        own = {address.netloc for address in (server, data_server) if address}
        return tuple(
            self._target(path, reader, files, own, token, instead_of)
            for path, reader in wanted.items()
            if can_be_a_file_name(path.name)
        )

    def _target(
        self,
        path: Path,
        reader: str,
        files: dict[Path, TokenFile],
        own: set[str],
        token: Token,
        instead_of: Token | None,
    ) -> SaveTarget:
        now = files.get(path)
        other = ""
        verdict: Literal["same", "new", "add", "renew", "replace", "repair", "foreign"]
        if now is None:
            verdict = "new"
        elif now.token == token:
            verdict = "same"
        elif now.token is not None and now.token == instead_of:
            verdict = "renew"
        elif now.damage == "no-token":
            verdict = "add"
        elif now.token is None:
            verdict = "repair"
        else:
            if path.name == DEFAULT_FILE:
                other = other_server_of(now.token, tuple(files.values()), own, now.server)
            verdict = "foreign" if other else "replace"
        return SaveTarget(path, self._shown(path), reader, now, verdict, other)

    # ------------------------------------------------------------------------------------------------- saving

    def save(  # noqa: PLR0913 - each is another matter
        self,
        token: Token,
        server: ServerAddress,
        data_server: ServerAddress | None,
        instead_of: Token | None = None,
        *,
        replace: bool = False,
        default: Literal["auto", "keep", "replace"] = "auto",
        is_demo: bool = False,
    ) -> None:
        """Save the token where caveclient and cloud-volume will look for it; all files or none.

        Parameters
        ----------
        token, server, data_server, instead_of
            As in `read`.
        replace : bool
            Replace a different token that stands in one of the files, and not only the one that it takes the place of.
        default : {'auto', 'keep', 'replace'}
            What to do with ``cave-secret.json``: write it unless it holds another deployment's token; leave it
            alone; write it in any case.
        is_demo : bool
            The token is a demo server's, which is not saved into a real home folder, as no other is into a demo's.

        Raises
        ------
        WouldReplace
            If a different token stands in a file and ``replace`` is False. Nothing was changed.
        FolderNotWritable, StoreBusy, DemoTokenRefused, FolderIsShared
            Nothing was changed.
        StoreError
            If the disk does not answer, or what was read back is not what was written.

        """
        before = self.read(server, data_server, token)
        if before.is_silent:
            raise StoreError(words.disk_silent(before.folder), words.DISK_SILENT_REMEDY)
        self._obstacles.refuse_demo(is_demo=is_demo)
        self._obstacles.refuse_shared([target.path for target in before.targets])
        self._obstacles.told(
            lambda: self._save(token, server, data_server, instead_of, replace=replace, default=default)
        )

    def _save(
        self,
        token: Token,
        server: ServerAddress,
        data_server: ServerAddress | None,
        instead_of: Token | None,
        *,
        replace: bool,
        default: Literal["auto", "keep", "replace"],
    ) -> None:
        make_private_folder(self.folder)
        make_private_folder(self.cloud_volume_folder)
        with self._obstacles.locked():
            self._finish_interrupted()
            targets = [
                target
                for target in self._read(server, data_server, token, instead_of).targets
                if not _kept(target, default) and (target.verdict != "foreign" or default == "replace")
            ]
            different = next((target for target in targets if target.verdict == "replace"), None)
            if different and different.now and different.now.token and not replace:
                sentence = words.different_token_there(different.now.token.masked, different.shown)
                raise WouldReplace(sentence, words.SAVE_REPLACE_REMEDY)
            closed = next((target for target in targets if target.now and target.now.damage == "unreadable"), None)
            if closed:
                sentence = words.file_damaged(closed.shown, words.DAMAGE["unreadable"])
                raise FolderNotWritable(sentence, words.DAMAGED_UNREADABLE_REMEDY)
            self._obstacles.refuse_shared([target.path for target in targets])  # as they are now, under the lock
            self._write(targets, token, server)
            after = self._read(server, data_server, token).targets  # another program may write as soon as we are done
        wrong = [target for target in after if target.verdict not in {"same", "foreign"} and not _kept(target, default)]
        if wrong:
            raise StoreError(words.READ_BACK_DIFFERS, words.READ_BACK_REMEDY)

    def _write(self, targets: list[SaveTarget], token: Token, server: ServerAddress) -> None:
        contents: dict[Path, bytes] = {}
        for target in targets:
            if target.verdict == "same":
                make_private(target.path)
                continue
            if target.verdict == "repair":
                self._copy_aside(_real(target.path))
            contents[target.path] = content_with_token(target.path, token, server.netloc)
        backup = self._backups.of(contents)
        write_together({**backup, **{_real(path): content for path, content in contents.items()}})
        if contents:
            self._backups.drop(but=backup)

    def _copy_aside(self, path: Path) -> None:
        """Keep a damaged file under a dated name. It stays in place until the whole one is moved over it."""
        stamp = self._now().strftime("%Y-%m-%d-%H%M%S")
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        write_together({aside: path.read_bytes()})

    def replace_token(self, old: Token, new: Token, server: ServerAddress, *, is_demo: bool = False) -> None:
        """Put a new token into every file that holds the old one; all files or none.

        Parameters
        ----------
        old, new : Token
        server : ServerAddress
            The deployment that both belong to.
        is_demo : bool
            As in `save`.

        Raises
        ------
        FolderNotWritable, StoreBusy, DemoTokenRefused, FolderIsShared
            Nothing was changed.
        StoreError
            If what was read back is not what was written.

        """
        if self._holding(old) == []:
            return
        self._obstacles.refuse_demo(is_demo=is_demo)
        self._obstacles.refuse_shared(self._holding(old))

        def work() -> None:
            make_private_folder(self.folder)  # for the lock: the files may be in other folders
            with self._obstacles.locked():
                self._finish_interrupted()
                paths = dict.fromkeys(_real(path) for path in self._holding(old))
                self._obstacles.refuse_shared(paths)
                write_together({path: content_with_token(path, new, server.netloc) for path in paths})
                self.forget_last_save()
                left = self._holding(old)
            if left:
                raise StoreError(words.READ_BACK_DIFFERS, words.READ_BACK_REMEDY)

        self._obstacles.told(work)

    def undo(self) -> None:
        """Take the last save back: each file that it changed is as it was before, or gone if there was none.

        Raises
        ------
        NothingToUndo
            If there is no save of the last week, or another program has changed one of its files since.
        FolderNotWritable, StoreBusy, FolderIsShared
            Nothing was changed.

        """
        self._obstacles.told(self._undo)

    def _undo(self) -> None:
        if self._backups.last() is None:  # also where there is no folder for a lock
            raise NothingToUndo(words.NOTHING_TO_UNDO)
        with self._obstacles.locked():
            self._finish_interrupted()
            last = self._backups.last()
            if last is None or not last.can_be_taken_back:
                raise NothingToUndo(words.CHANGED_SINCE, words.CHANGED_SINCE_REMEDY)
            self._obstacles.refuse_shared([one.path for one in last.files if one.content is not None])
            begun = self._backups.begin(last)
            try:
                self._take_back(begun)
            except OSError:
                begun.path.replace(last.path)
                raise

    def _take_back(self, begun: Backup) -> None:
        files = [one for one in begun.files if one.is_as_saved]
        write_together({_real(one.path): one.content for one in files if one.content is not None})
        for one in files:
            if one.content is None:
                _real(one.path).unlink(missing_ok=True)
        begun.path.unlink()

    def forget_last_save(self) -> None:
        """Have the last save stand: what it replaced works no longer."""
        self._backups.drop()

    def may_hold(self, token: Token) -> bool:
        """Whether a file holds this token, or may come to hold it when an interrupted save is finished."""
        return bool(self._holding(token)) or any(leftovers(self._folders()))

    def _holding(self, token: Token) -> list[Path]:
        return [path for path in self._existing() if read_token_file(path, "").token == token]

    def mend(self) -> tuple[str, ...]:
        """Finish what a crash interrupted. Does nothing where nothing was, or where another program is writing.

        Returns
        -------
        tuple of str
            The files that differed from the others until now, as a person writes them.

        """
        with contextlib.suppress(OSError, StoreError):
            return self._in_time(self._mend)
        return ()

    def _mend(self) -> tuple[str, ...]:
        self._backups.drop_old()
        if not any(leftovers(self._folders())) and not self._backups.begun():
            return ()
        with self._obstacles.locked(seconds=0.0):
            return tuple(map(self._shown, self._finish_interrupted()))

    def _is_half_saved(self) -> bool:
        _, unfinished = leftovers(self._folders())
        return bool(unfinished)

    def _finish_interrupted(self) -> list[Path]:
        for begun in self._backups.begun():
            self._take_back(begun)
        abandoned, unfinished = leftovers(self._folders())
        for path in abandoned:
            path.unlink(missing_ok=True)
        for left in unfinished:
            wanted = read_token_file(left.prepared, "")
            if wanted.token not in {None, read_token_file(left.target, "").token}:
                # Not simply moved: entries added to the target since the crash are kept.
                write_together({left.target: content_with_token(left.target, wanted.token, wanted.server)})
            left.prepared.unlink(missing_ok=True)
        return [left.target for left in unfinished]

    def _folders(self) -> set[Path]:
        """Every folder that a save writes into: also those in which linked files really are, or would be."""
        folders = [self.folder, self.cloud_volume_folder]
        linked = [_real(path).parent for path in self._named() if os.path.islink(path)]  # noqa: PTH114 - it never raises
        return {_real(folder) for folder in [*folders, *linked]}

    def _shown(self, path: Path) -> str:
        return shown(path, self.home)


def _real(path: Path) -> Path:
    """Give the file itself: one that is a link stays one, and what it points to is replaced."""
    return Path(os.path.realpath(path))


def _kept(target: SaveTarget, default: str) -> bool:
    return default == "keep" and target.path.name == DEFAULT_FILE
