"""What an answer says as data, whether it refuses the token, or that it says something unknown. Asks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from cave_setup import errors
from cave_setup.models import ApiKey, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.exchange import Answer

OK = 200
LONGEST_TEXT = 200  # characters of a name, description or e-mail address that are kept

_UNAUTHORIZED = 401
_REFUSALS = {"no_token", "invalid_token"}

T = TypeVar("T")


def refuses_token(answer: Answer) -> bool:
    """Whether this is CAVE's own 401; that of a gateway on the way says nothing about the token."""
    data = answer.data() if answer.status == _UNAUTHORIZED else None
    return isinstance(data, dict) and data.get("error") in _REFUSALS


def expect(answer: Answer, kind: type[T]) -> T:
    """Give the data of a successful answer, which must be of this kind."""
    data = answer.data()
    if answer.status == OK and isinstance(data, kind):
        return data
    if answer.looks_like_a_page:
        raise errors.NotJson(answer.host)
    if answer.status == OK and data is None:
        raise errors.UnexpectedAnswer(answer.host, "200, cut off or no JSON")
    raise errors.UnexpectedAnswer(answer.host, f"{answer.status}, {type(data).__name__}")


def understood(answer: Answer, read: Callable[[], T]) -> T:
    """Read fields; an answer that lacks one or has it in another type is unexpected, not a crash."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exception:
        kind = type(exception).__name__
    raise errors.UnexpectedAnswer(answer.host, f"a field is missing or odd: {kind}")


def read_key(entry: dict[str, Any]) -> ApiKey:
    """Read an entry of ``/user/token``."""
    return ApiKey(
        id=int(entry["id"]),
        token=Token(entry["token"]),
        description=text(entry.get("description")),
        created=text(entry.get("created")),
        last_used=text(entry.get("last_used")),
    )


def text(value: object) -> str:
    """Make a short line of anything that a server sends as text; untrusted all the same.

    Without control characters: a terminal would take some for commands.
    """
    if value is None:
        return ""
    words = "".join(letter if letter.isprintable() else " " for letter in str(value)[:LONGEST_TEXT])
    return " ".join(words.split())
