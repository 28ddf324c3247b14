"""What is printed: plain text, in which nothing is a command to the terminal and nothing looks like a token."""

from __future__ import annotations

import sys

from cave_setup.masking import tokens_masked


def show(text: str) -> None:
    """Print a result on standard output; a terminal that knows no “✓” shows “?”."""
    encoding = sys.stdout.encoding or "utf-8"
    print(plain(text).encode(encoding, "replace").decode(encoding), flush=True)


def say(text: str, end: str = "\n") -> None:
    """Tell a person something, on standard error."""
    print(plain(text), end=end, file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """Give the text as a terminal may have it: texts of servers, and of people who paste, are nobody's to trust."""
    kept = "".join(letter if letter.isprintable() or letter in "\n\t" else _instead(letter) for letter in text)
    return tokens_masked(kept)


def _instead(letter: str) -> str:
    return " " if letter.isspace() else ""
