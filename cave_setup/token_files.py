"""Single token files: read one as caveclient would, say whose token it is, give its new content. Writes nothing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from cave_setup.errors import AddressError
from cave_setup.models import Damage, ServerAddress, Token, TokenFile, deployment_of, host_named_in
from cave_setup.plain_file import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

DEFAULT_FILE = "cave-secret.json"
LEGACY_FILE = "chunkedgraph-secret.json"
SERVER_FILE_SUFFIX = "-cave-secret.json"

LARGEST_FILE = 1_000_000  # bytes; a token file has about 50


def read_token_file(path: Path, shown: str) -> TokenFile:
    """Read one token file as caveclient would; what is wrong with it is a value, not an error."""
    mode = 0o600
    try:
        if sys.platform != "win32":  # there the profile protects the file, and these bits mean nothing
            mode = path.stat().st_mode & 0o777
        raw = read_plain_file(path, LARGEST_FILE)
    except (OSError, ValueError):
        return TokenFile(path, shown, None, "unreadable", mode=mode)
    return judged(raw, path, shown, mode)


def judged(raw: bytes, path: Path, shown: str, mode: int = 0o600) -> TokenFile:
    """Say what caveclient would make of these contents of a token file."""

    def damaged(damage: Damage) -> TokenFile:
        return TokenFile(path, shown, None, damage, mode=mode)

    try:
        # Strictly UTF-8 without a mark at its beginning, because that is what caveclient can read.
        data = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        return damaged("not-json")
    if not isinstance(data, dict):
        return damaged("not-an-object")
    text = data.get("token")
    if text is None:
        return damaged("no-token")  # caveclient goes on looking then; an empty text it takes for a token
    try:
        token = Token(text) if isinstance(text, str) else None
    except ValueError:
        token = None
    if token is None:
        return damaged("not-a-token")
    return TokenFile(path, shown, token, server=_named_server(data), mode=mode)


def _named_server(data: dict[str, Any]) -> str:
    """Host that a download of the token page names: ``HOST/auth``, without a scheme (WIRE section 9)."""
    named = data.get("middle_auth_url")
    return host_named_in(named) if isinstance(named, str) else ""


def _server_in_name(path: Path) -> str:
    """Host (and port) that a server's own file is named for; a copy such as ``old-cave-secret.json`` is nobody's."""
    if not path.name.endswith(SERVER_FILE_SUFFIX):
        return ""
    try:
        return ServerAddress(path.name.removesuffix(SERVER_FILE_SUFFIX)).netloc
    except AddressError:
        return ""


def content_with_token(path: Path, token: Token, host: str) -> bytes:
    """Give the file's new content: its other entries as they are, the token of this host set."""
    try:
        data = json.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        data = {}
    if not isinstance(data, dict):
        data = {}
    named = _named_server(data)
    if named and deployment_of(named) != deployment_of(host):
        del data["middle_auth_url"]  # it named the server of the token that is being replaced
    data["token"] = token.reveal()
    if host and _server_in_name(path) not in {"", host}:
        data["middle_auth_url"] = f"{host}/auth"  # a data server's file: its name does not say who gave the token
    return (json.dumps(data, indent=4, ensure_ascii=False) + "\n").encode()


def servers_in_files(token: Token, files: Sequence[TokenFile]) -> list[str]:
    """List the hosts that files with this token name, in themselves or by their own names."""
    return [host for file in files if file.token == token and (host := file.server or _server_in_name(file.path))]


def other_server_of(token: Token, files: Sequence[TokenFile], own: Collection[str], named_server: str = "") -> str:
    """Say which other deployment a token is known to belong to.

    Parameters
    ----------
    token : Token
    files : sequence of TokenFile
        All token files; one that is named for a server says that its token is that server's.
    own : collection of str
        Hosts of the chosen deployment.
    named_server : str
        Host that the token's own download names, if any.

    Returns
    -------
    str
        The host; empty if the token may well be the chosen deployment's.

    """
    home = {deployment_of(host) for host in own}
    if named_server:
        return "" if deployment_of(named_server) in home else named_server
    holders = servers_in_files(token, files)
    if any(deployment_of(holder) in home for holder in holders):
        return ""
    return holders[0] if holders else ""
