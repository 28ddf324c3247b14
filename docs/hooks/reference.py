"""Help of the command line and the magic from their parsers, errors from their module, SECURITY.md. Called by mkdocs.

What is written in the code is not written again, so it cannot grow old; docstrings are drawn by mkdocstrings.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cave_setup import errors, words
from cave_setup.magic import CaveSetupMagics
from cave_setup.terminal.main import command_line

_WIDTH = "80"  # of the help's lines, whatever terminal builds the site


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - as mkdocs calls it
    """Put what a page asks for where it asks."""
    drawn = {"verbs": _verbs, "exit codes": _exit_codes, "magic": _magic, "errors": _errors, "security": _security}
    return re.sub(r"^<!-- reference: (.+) -->$", lambda found: drawn[found[1]](), markdown, flags=re.MULTILINE)


def _verbs() -> str:
    parser = command_line()
    verbs = next(action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - argparse has no other way
    parts = [_fence(parser)]
    for name, verb in verbs.items():
        parts += [f"## {name}", _fence(verb)]
    return "\n\n".join(parts)


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in enumerate(words.EXIT_CODES)]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def _magic() -> str:
    return _fence(CaveSetupMagics.cave_setup.parser)


def _errors() -> str:
    tree = next(part for part in (errors.__doc__ or "").split("\n\n") if part.startswith("SetupError\n"))
    own = [
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    return "\n\n".join([f"```text\n{tree}\n```", *(f"::: cave_setup.errors.{name}" for name in own)])


def _security() -> str:
    """Give the file that a repository shows at its top; its links begin there."""
    return (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8").replace("](docs/", "](")


def _fence(parser: argparse.ArgumentParser) -> str:
    with patch.dict(os.environ, {"COLUMNS": _WIDTH, "NO_COLOR": "1"}):
        return f"```text\n{parser.format_help().strip()}\n```"
