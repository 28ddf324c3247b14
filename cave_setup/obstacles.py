"""What keeps a token from being saved: seen beforehand, met on the way, told in a sentence. Writes no token."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import DemoTokenRefused, FolderIsShared, FolderNotWritable, StoreBusy
from cave_setup.folders import exists, file_in_the_way, is_shared, obstacle_to_writing, shown
from cave_setup.models import DEMO_HOME_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cave_setup.models import ServerAddress

_LOCK_SECONDS = 5.0
_POLL_SECONDS = 0.005  # who looks less often waits too long beside programs that save again and again
_REASONS = {
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.EROFS: "it is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota is used up",
    errno.ENOTDIR: "a file stands where the folder should be",
    errno.EEXIST: "a file stands where the folder should be",
    errno.EBUSY: words.LENT_FILE,
    errno.ENOENT: words.LINK_LEADS_NOWHERE,
    errno.ELOOP: words.LINK_LEADS_NOWHERE,
    errno.ENOLCK: words.NO_LOCKS,
}


class Obstacles:
    """What can be in the way in the folders of one `cave_setup.token_store.TokenStore`.

    Parameters
    ----------
    home : Path
    folder, cloud_volume_folder : Path
        Where caveclient and cloud-volume keep their files.
    shared : sequence of str
        Folders that other people get to see.
    is_half_done : callable
        Says whether some of the files hold the new token already.

    """

    def __init__(
        self,
        home: Path,
        folder: Path,
        cloud_volume_folder: Path,
        shared: Sequence[str],
        is_half_done: Callable[[], bool],
    ) -> None:
        self._home = home
        self._folder = folder
        self._cloud_volume_folder = cloud_volume_folder
        self.shared = tuple(shared)
        self._is_half_done = is_half_done

    def seen(self, server: ServerAddress) -> tuple[str, str]:
        """Say what keeps us from saving, as far as that shows beforehand, and the file that stands in the way.

        Returns
        -------
        obstacle, in_the_way : str
            Empty if there is none.

        """
        in_the_way = self._file_in_the_way()
        # No demo is elsewhere than on this computer; what is here says whether it is one only when it is asked.
        if self._is_of_a_demo() and not server.is_loopback:
            return words.OF_A_DEMO, self._shown(in_the_way)
        if in_the_way:
            return self._said_of(in_the_way), self._shown(in_the_way)
        return _REASONS.get(obstacle_to_writing(self._folder), ""), ""

    def refuse_demo(self, *, is_demo: bool) -> None:
        """Refuse a demo's token in a real home, and a real one in a home that is thrown away with its demo.

        Raises
        ------
        DemoTokenRefused, FolderNotWritable

        """
        if is_demo and self._is_somebodys_own():
            raise DemoTokenRefused(words.DEMO_REFUSED, words.DEMO_REFUSED_REMEDY)
        if not is_demo and self._is_of_a_demo():
            raise self._not_writable(words.OF_A_DEMO)

    def refuse_shared(self, paths: Iterable[Path]) -> None:
        """Refuse to write where other people get to see it.

        Raises
        ------
        FolderIsShared

        """
        if seen := next((path for path in paths if is_shared(path, self.shared, self._home)), None):
            sentence = words.folder_is_shared(self._shown(seen.parent))
            raise FolderIsShared(sentence, words.FOLDER_IS_SHARED_REMEDY)

    def told(self, work: Callable[[], None]) -> None:
        """Do the work; what the file system refuses becomes a sentence, outside the ``except`` block.

        Raises
        ------
        FolderNotWritable

        """
        try:
            work()
        except OSError as fault:
            reason = _REASONS.get(fault.errno or 0) or (fault.strerror or type(fault).__name__)
        except NotImplementedError:
            reason = words.NO_LOCKS
        else:
            return
        raise self._not_writable(reason)

    @contextlib.contextmanager
    def locked(self, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
        """Keep other programs of ours from writing meanwhile.

        Raises
        ------
        StoreBusy
            If another one goes on writing for so many seconds.

        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - takes long to load, and looking needs no lock

        busy = False
        lock = FileLock(self._folder / ".cave-setup.lock", timeout=seconds, mode=0o600)
        try:
            lock.acquire(poll_interval=_POLL_SECONDS)
        except Timeout:
            busy = True
        if busy:
            raise StoreBusy(words.STORE_BUSY, words.STORE_BUSY_REMEDY)
        try:
            yield
        finally:
            lock.release()

    def _not_writable(self, reason: str) -> FolderNotWritable:
        in_the_way = self._file_in_the_way()
        if in_the_way and reason != words.OF_A_DEMO:
            reason = self._said_of(in_the_way)
        remedy = words.folder_not_writable_remedy(reason, self._shown(in_the_way))
        return FolderNotWritable(
            words.folder_not_writable(self._shown(self._folder), reason),
            words.HALF_SAVED_REMEDY if self._is_half_done() else remedy,
        )

    def _file_in_the_way(self) -> Path | None:
        return next(filter(None, map(file_in_the_way, (self._folder, self._cloud_volume_folder))), None)

    def _said_of(self, in_the_way: Path) -> str:
        say = words.file_in_the_way if exists(in_the_way) else words.link_to_nowhere
        return say(self._shown(in_the_way))

    def _shown(self, path: Path | None) -> str:
        return shown(path, self._home) if path else ""

    def _is_of_a_demo(self) -> bool:
        return exists(self._home / DEMO_HOME_MARK)

    def _is_somebodys_own(self) -> bool:
        """Whether files would go into the real home of the account, or out of one that was made for a demo."""
        if not Path(os.path.realpath(self._cloud_volume_folder)).is_relative_to(os.path.realpath(self._home)):
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
        return os.path.realpath(account_home) == os.path.realpath(self._home)
