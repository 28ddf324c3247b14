"""Finds a token, or enough of one to tell of it, in whatever was written, sent or drawn. Knows nothing of Jupyter."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Places = dict[str, dict[str, bytes]]
"""By the name of the place, what is in it, by a name of its own."""


def disguises(token: str) -> dict[str, bytes]:
    """Give every form in which a token may turn up: half of it is a leak, too. The last four are shown on purpose."""
    half = token[4:20]
    texts = {
        "as it is": half,
        "in capitals": half.upper(),
        "backwards": half[::-1],
        "in JSON's escapes": "".join(f"\\u{ord(one):04x}" for one in half),
        "in an address's escapes": "".join(f"%{ord(one):02x}" for one in half),
        "in hexadecimal": half.encode().hex(),
        "as numbers": ", ".join(str(ord(one)) for one in half),
        "as close numbers": ",".join(str(ord(one)) for one in half),
    }
    coded = {
        # Where it begins within three bytes decides which letters come out; those at the ends depend on what is around.
        f"in base64, from {shift}": base64.b64encode(b"." * shift + token.encode())[8:32]
        for shift in range(3)
    }
    return {**{name: text.encode() for name, text in texts.items()}, "in UTF-16": half.encode("utf-16-le"), **coded}


def found(places: Mapping[str, Mapping[str, bytes]], tokens: Iterable[str]) -> list[str]:
    """Say where something of one of the tokens is, in which form, and what stands before it."""
    wanted = {f"····{token[-4:]} {form}": piece for token in tokens for form, piece in disguises(token).items()}
    return [
        f"{place}: {name} has {what}, after {content[: content.index(piece)][-160:]!r}"
        for place, contents in places.items()
        for name, content in contents.items()
        for what, piece in wanted.items()
        if piece in content
    ]
