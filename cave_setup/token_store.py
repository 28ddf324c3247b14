"""The token files that CAVE software reads: find them, say who reads which, save and mend. Asks no server.

Sources: caveclient 8.2.1 ``auth.py`` and cloud-volume 12 ``secrets.py`` (docs/wire.md section 10).
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.errors import DemoTokenRefused, FolderIsShared, FolderNotWritable, StoreBusy, StoreError, WouldReplace
from cave_setup.folders import (
    can_be_a_file_name,
    exists,
    file_in_the_way,
    home_folder,
    is_shared,
    make_private,
    make_private_folder,
    obstacle_to_writing,
)
from cave_setup.models import DEMO_HOME_MARK, SaveTarget, ServerAddress, StoreFacts, Token, TokenFile
from cave_setup.token_files import DEFAULT_FILE, LEGACY_FILE, content_with_token, other_server_of, read_token_file
from cave_setup.token_readers import for_caveclient, for_cloud_volume
from cave_setup.transaction import leftovers, write_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


_LOCK_SECONDS = 5.0
_REASONS = {
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.EROFS: "it is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota is used up",
    errno.ENOTDIR: "a file stands where the folder should be",
    errno.EEXIST: "a file stands where the folder should be",
}


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
        self._never_in = self._shared = tuple(never_in)

    def keep_out_of(self, folders: Sequence[str]) -> None:
        """Save no token in these folders of a place, which other people get to see; those of another are forgotten."""
        self._shared = (*self._never_in, *folders)

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

        """
        began = time.perf_counter()
        files = {path: read_token_file(path, self._shown(path)) for path in self._existing()}
        targets = () if token is None else self._targets(files, server, data_server, token, instead_of)
        in_the_way = self._file_in_the_way()
        return StoreFacts(
            folder=self._shown(self.folder),
            files=tuple(files.values()),
            for_caveclient=for_caveclient(files, self.folder, server),
            for_cloud_volume=for_cloud_volume(files, self._read_by_cloud_volume, data_server) if data_server else None,
            targets=targets,
            left_out="" if can_be_a_file_name(server.file_name) else server.file_name,
            obstacle=self._obstacle(server, in_the_way),
            in_the_way=in_the_way,
            seconds=time.perf_counter() - began,
        )

    def _existing(self) -> list[Path]:
        folders = dict.fromkeys([self.folder, *self._read_by_cloud_volume])
        found = []
        for folder in folders:
            with contextlib.suppress(OSError):
                found += sorted(path for path in folder.iterdir() if path.name.endswith((DEFAULT_FILE, LEGACY_FILE)))
        # A link to nowhere is no file, for caveclient as for us; a save makes the file that it points to.
        return [path for path in found if not path.name.startswith(".") and exists(path)]

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
            If what was read back is not what was written.

        """
        self._keep_apart(is_demo=is_demo)
        self._refuse_shared([target.path for target in self.read(server, data_server, token).targets])
        self._in_writable_folder(
            lambda: self._save(token, server, data_server, instead_of, replace=replace, default=default)
        )
        after = self.read(server, data_server, token).targets
        wrong = [target for target in after if target.verdict not in {"same", "foreign"} and not _kept(target, default)]
        if wrong:
            raise StoreError(words.READ_BACK_DIFFERS, words.READ_BACK_REMEDY)

    def _refuse_shared(self, paths: Iterable[Path]) -> None:
        if shared := next((path for path in paths if is_shared(path, self._shared, self.home)), None):
            raise FolderIsShared(words.folder_is_shared(self._shown(shared.parent)), words.FOLDER_IS_SHARED_REMEDY)

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
        with self._locked():
            self._finish_interrupted()
            targets = [
                target
                for target in self.read(server, data_server, token, instead_of).targets
                if not _kept(target, default) and (target.verdict != "foreign" or default == "replace")
            ]
            different = next((target for target in targets if target.verdict == "replace"), None)
            if different and different.now and different.now.token and not replace:
                sentence = words.different_token_there(different.now.token.masked, different.shown)
                raise WouldReplace(sentence, words.SAVE_REPLACE_REMEDY)
            self._refuse_shared([target.path for target in targets])  # as they are now, under the lock
            self._write(targets, token, server)

    def _write(self, targets: list[SaveTarget], token: Token, server: ServerAddress) -> None:
        contents: dict[Path, bytes] = {}
        for target in targets:
            path = Path(os.path.realpath(target.path))  # a linked file stays a link; what it points to is replaced
            if target.verdict == "same":
                make_private(path)
                continue
            if target.verdict == "repair":
                self._copy_aside(path)
            contents[path] = content_with_token(path, token, server.netloc)
        write_together(contents)

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
        self._keep_apart(is_demo=is_demo)
        self._refuse_shared(self._holding(old))

        def work() -> None:
            make_private_folder(self.folder)  # for the lock: the files may be in other folders
            with self._locked():
                self._finish_interrupted()
                paths = dict.fromkeys(Path(os.path.realpath(path)) for path in self._holding(old))
                self._refuse_shared(paths)
                write_together({path: content_with_token(path, new, server.netloc) for path in paths})

        self._in_writable_folder(work)
        if self._holding(old):
            raise StoreError(words.READ_BACK_DIFFERS, words.READ_BACK_REMEDY)

    def may_hold(self, token: Token) -> bool:
        """Whether a file holds this token, or may come to hold it when an interrupted save is finished."""
        return bool(self._holding(token)) or any(leftovers(self._folders()))

    def _holding(self, token: Token) -> list[Path]:
        return [path for path in self._existing() if read_token_file(path, "").token == token]

    def mend(self) -> None:
        """Finish what a crash interrupted. Does nothing where nothing was, or where another program is writing."""
        if not any(leftovers(self._folders())):
            return
        with contextlib.suppress(OSError, StoreError), self._locked(seconds=0.0):
            self._finish_interrupted()

    def _finish_interrupted(self) -> None:
        abandoned, unfinished = leftovers(self._folders())
        for path in abandoned:
            path.unlink(missing_ok=True)
        for left in unfinished:
            wanted = read_token_file(left.prepared, "")
            if wanted.token is not None:
                # Not simply moved: entries added to the target since the crash are kept.
                write_together({left.target: content_with_token(left.target, wanted.token, wanted.server)})
            left.prepared.unlink(missing_ok=True)

    def _folders(self) -> set[Path]:
        """Every folder that a save writes into: also those in which linked files really are."""
        folders = [self.folder, self.cloud_volume_folder]
        linked = [Path(os.path.realpath(path)).parent for path in self._existing()]
        return {Path(os.path.realpath(folder)) for folder in [*folders, *linked]}

    @contextlib.contextmanager
    def _locked(self, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
        from filelock import FileLock, Timeout  # noqa: PLC0415 - takes long to load, and looking needs no lock

        busy = False
        lock = FileLock(self.folder / ".cave-setup.lock", timeout=seconds, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            busy = True
        if busy:
            raise StoreBusy(words.STORE_BUSY, words.STORE_BUSY_REMEDY)
        try:
            yield
        finally:
            lock.release()

    def _in_writable_folder(self, work: Callable[[], None]) -> None:
        """Turn what the file system refuses into a sentence, outside the ``except`` block."""
        try:
            work()
        except OSError as fault:
            reason = _REASONS.get(fault.errno or 0) or (fault.strerror or type(fault).__name__)
        except NotImplementedError:
            reason = "its file system knows no locks"
        else:
            return
        raise self._not_writable(reason)

    def _not_writable(self, reason: str) -> FolderNotWritable:
        in_the_way = self._file_in_the_way()
        if in_the_way and reason != words.OF_A_DEMO:
            reason = words.file_in_the_way(in_the_way)
        return FolderNotWritable(
            words.folder_not_writable(self._shown(self.folder), reason),
            words.folder_not_writable_remedy(reason, in_the_way),
        )

    def _obstacle(self, server: ServerAddress, in_the_way: str) -> str:
        """Say what keeps us from saving, as far as that shows beforehand; empty if nothing does."""
        # No demo is elsewhere than on this computer; what is here says whether it is one only when it is asked.
        if self._is_of_a_demo() and not server.is_loopback:
            return words.OF_A_DEMO
        if in_the_way:
            return words.file_in_the_way(in_the_way)
        return _REASONS.get(obstacle_to_writing(self.folder), "")

    def _file_in_the_way(self) -> str:
        found = filter(None, map(file_in_the_way, (self.folder, self.cloud_volume_folder)))
        return next(map(self._shown, found), "")

    def _keep_apart(self, *, is_demo: bool) -> None:
        """Refuse a demo's token in a real home, and a real one in a home that is thrown away with its demo."""
        if is_demo and self._is_somebodys_own():
            raise DemoTokenRefused(words.DEMO_REFUSED, words.DEMO_REFUSED_REMEDY)
        if not is_demo and self._is_of_a_demo():
            raise self._not_writable(words.OF_A_DEMO)

    def _is_of_a_demo(self) -> bool:
        return exists(self.home / DEMO_HOME_MARK)

    def _is_somebodys_own(self) -> bool:
        """Whether files would go into the real home of the account, or out of one that was made for a demo."""
        if not Path(os.path.realpath(self.cloud_volume_folder)).is_relative_to(os.path.realpath(self.home)):
            return True
        if self._is_of_a_demo():
            return False
        if sys.platform == "win32":
            return True
        import pwd  # noqa: PLC0415 - there is none on Windows

        try:
            account_home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return False
        return os.path.realpath(account_home) == os.path.realpath(self.home)

    def _shown(self, path: Path) -> str:
        try:
            return f"~/{path.relative_to(self.home).as_posix()}"
        except ValueError:
            return str(path)


def _kept(target: SaveTarget, default: str) -> bool:
    return default == "keep" and target.path.name == DEFAULT_FILE
