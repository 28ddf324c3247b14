"""Helpers for what one process alone cannot show: being killed, being somebody else, and folders as they are."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
KILLED = 9


def in_child(work: Callable[[], Any], *, as_nobody: bool = False) -> Any:
    """Do the work in a child process and give what it gave, or the sentence of the error that it raised.

    The child ends without any tidying up. If it is ended in the middle of its work, None comes back.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside other tests' idle threads
        child = os.fork()
    if not child:
        try:
            if as_nobody and os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            try:
                answer = work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the parent compares it
                answer = f"{type(error).__name__}: {error}"
            os.write(writing, json.dumps(answer).encode())
        finally:
            os._exit(KILLED)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else None


def die_at(name: str, call: int) -> None:
    """End this process instead of making the ``call``-th call (from 0) of this function of `os`."""
    real, count = getattr(os, name), 0

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        if count == call:
            os._exit(1)
        count += 1
        return real(*arguments, **options)

    setattr(os, name, counting)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder with its bytes, but for the lock and the last save's backup."""
    aside = (".lock", "*cave-setup.backup-*")
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = (path for path in found if not path.name.endswith(aside[0]) and not path.match(aside[1]))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own cannot be entered by others."""
    folder = Path(tempfile.mkdtemp(prefix="cave-setup-test-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            path.chmod(0o700)
    shutil.rmtree(folder)


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    """Set the umask for the length of a test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)
