"""Reads small plain files of which nobody knows who put them there. Nothing but that; what is in them is for others."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_plain_file(path: Path, most: int = -1) -> bytes:
    """Read a file, or at most so many bytes of it.

    Raises
    ------
    OSError
        If it cannot be opened or read.
    ValueError
        If it is no plain file: a pipe or a device could keep whoever reads it for ever.

    """
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise ValueError(path.name)
        with os.fdopen(opened, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(opened)
