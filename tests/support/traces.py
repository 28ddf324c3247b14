"""Where a token must not be found, and how the demo's tokens are got at to look for them."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup.demo import DemoServer
    from cave_setup.demo.world import Token, User
    from support.lab import Lab

SECRETS = ".cloudvolume/secrets"


def sign_ins(demo: DemoServer) -> list[str]:
    """A list that fills with the tokens of sign-ins as they happen."""
    seen: list[str] = []
    sign_in = demo.world.sign_in

    def noted(*arguments: object, **options: object) -> Token:
        token = sign_in(*arguments, **options)  # type: ignore[arg-type]
        seen.append(token.text)
        return token

    demo.world.sign_in = noted  # type: ignore[method-assign]
    return seen


def every_token(demo: DemoServer) -> list[str]:
    """A list that has all tokens of a demo server, and fills with those that it makes."""
    seen = [token.text for token in demo.world._tokens.values()]
    keep = demo.world._keep

    def noted(token: Token) -> Token:
        seen.append(token.text)
        return keep(token)

    demo.world._keep = noted  # type: ignore[method-assign]
    return seen


def tokens_of(demo: DemoServer, user: User) -> list[Token]:
    """All live tokens of a person, of whatever kind."""
    every = list(demo.world._tokens.values())
    return [token for token in every if token.user is user and demo.world.token(token.text)]


NO_LINE = re.compile(rb"(?!)")


def assert_nowhere(token: str, lab: Lab, home: Path, but_for: re.Pattern[bytes] = NO_LINE) -> None:
    """Look for the token in everything that was written, but for the files it belongs into, and for such log lines."""
    written = [path for folder in (lab.folder, lab.home, home, lab.log.parent) for path in folder.rglob("*")]
    files = [path for path in written if path.is_file() and SECRETS not in path.as_posix()]
    assert any(path.suffix == ".ipynb" and ".ipynb_checkpoints" in path.as_posix() for path in files)
    history = [path for path in files if path.name == "history.sqlite"]
    assert history, "without the history there is nothing to look through"
    for path in history:
        with sqlite3.connect(path) as database:
            database.execute("pragma wal_checkpoint")
    assert [path for path in files if path.exists() and _tells(path, token.encode(), but_for)] == []


def _tells(path: Path, token: bytes, but_for: re.Pattern[bytes]) -> bool:
    content = path.read_bytes()
    lines = content.splitlines() if path.suffix == ".log" else [content]
    return any(token in line and not but_for.match(line) for line in lines)
