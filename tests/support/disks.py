"""Disks of one process alone: small ones, read-only ones, one that never answers. For children of `in_child`; Linux.

They are real mounts in a namespace of the process's own, and are gone with it; nothing outside ever sees them.
"""

from __future__ import annotations

import codecs
import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING

from unit.conftest import in_child

if TYPE_CHECKING:
    from collections.abc import Callable

SOMEBODY = 12345  # not “nobody”, whose number is also that of users whom a container does not know
_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_READ_ONLY, _REMOUNT, _BIND, _WITH_ALL_BELOW, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
_WITHOUT_WAITING = 2


def own_mounts() -> None:
    """Let this process mount what it likes, seen by nobody else: as root, or as a user who may have a namespace."""
    user, group = os.getuid(), os.getgid()
    try:
        _call("unshare", _NEW_MOUNTS)
    except PermissionError:
        _call("unshare", _NEW_MOUNTS | _NEW_USERS)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    _mount(None, "/", None, _WITH_ALL_BELOW | _PRIVATE)


def small_disk(at: Path, *options: str) -> None:
    """Mount a disk in memory, as small as the options say (``size=64k``, ``nr_inodes=8``), open to everybody."""
    _mount("tmpfs", at, "tmpfs", 0, ",".join(["mode=1777", *options]))


def read_only(folder: Path) -> None:
    """Make a folder and all below it read-only, also for root."""
    _mount(folder, folder, None, _BIND)
    _mount(None, folder, None, _BIND | _REMOUNT | _READ_ONLY)


def put_over(source: Path, at: Path) -> None:
    """Mount a file over another, as container programs do with a secret that is lent to the container."""
    _mount(source, at, None, _BIND)


def deaf_disk(at: Path) -> Callable[[], None]:
    """Mount a disk of which nobody answers any question, as a network's whose server has gone; gives what ends that."""
    device = os.open("/dev/fuse", os.O_RDWR)  # kept open, and never read from
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    _mount("deaf", at, "fuse", 0, options)

    def end() -> None:
        os.close(device)
        _call("umount2", os.fsencode(at), _WITHOUT_WAITING)

    return end


def become(user: int = SOMEBODY) -> None:
    """Go on as a user without rights, if this is root; anybody else is one already."""
    codecs.lookup("ascii")  # modules that are loaded later may lie where only root can read
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def can_mount() -> bool:
    """Whether this user may mount anything."""

    def work() -> bool:
        own_mounts()
        return True

    return in_child(work) is True


def _mount(source: object, at: object, kind: str | None, flags: int, options: str = "") -> None:
    paths = [None if value is None else os.fsencode(str(value)) for value in (source, at, kind, options)]
    _call("mount", *paths[:3], ctypes.c_ulong(flags), paths[3])


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
