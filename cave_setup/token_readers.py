"""Which token file caveclient and cloud-volume take: their orders, as they are (docs/wire.md section 10). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup.token_files import DEFAULT_FILE, LEGACY_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cave_setup.models import ServerAddress, TokenFile


def for_caveclient(files: Mapping[Path, TokenFile], folder: Path, server: ServerAddress) -> TokenFile | None:
    """Choose as caveclient does: the server's file if it exists, else the default one; the legacy one last."""
    first = files.get(folder / server.file_name) or files.get(folder / DEFAULT_FILE)
    if first is None or first.damage == "no-token":
        return files.get(folder / LEGACY_FILE) or first
    return first


def for_cloud_volume(
    files: Mapping[Path, TokenFile], folders: Sequence[Path], data_server: ServerAddress
) -> TokenFile | None:
    """Choose as cloud-volume does: the first file that exists, whatever is in it."""
    wanted = (folder / name for name in (data_server.file_name, DEFAULT_FILE, LEGACY_FILE) for folder in folders)
    return next((files[path] for path in wanted if path in files), None)
