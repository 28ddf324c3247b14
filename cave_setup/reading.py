"""What an answer says as data, whether it refuses the token, or that it says something unknown. Asks nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar

from cave_setup import errors
from cave_setup.masking import tokens_masked
from cave_setup.models import (
    Account,
    ApiKey,
    PermissionMissing,
    Rights,
    Terms,
    TermsOpen,
    Token,
    TokenRefused,
    UnknownDatastack,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.exchange import Answer
    from cave_setup.models import ServerAddress

OK = 200
LONGEST_TEXT = 200  # characters of a name, description or e-mail address that are kept
MOST_ENTRIES = 5000  # keys, terms or data sets of an account; more are nobody's, and would take minutes to read

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_TEXT = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_REFUSALS = ("no_token", "invalid_token")

T = TypeVar("T")
C = TypeVar("C", bound=Collection[Any])


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
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as exception:
        kind = type(exception).__name__
    raise errors.UnexpectedAnswer(answer.host, f"a field is missing or odd: {kind}")


def read_keys(entries: list[Any]) -> tuple[ApiKey, ...]:
    """Read ``/user/token``."""
    return tuple(
        ApiKey(
            id=int(entry["id"]),
            token=Token(entry["token"]),
            description=text(entry.get("description")),
            created=text(entry.get("created")),
            last_used=text(entry.get("last_used")),
        )
        for entry in _not_too_many(entries)
    )


def read_account(data: dict[str, Any], server: ServerAddress) -> Account:
    """Read ``/user/cache``, as far as it says who somebody is and which terms stand open."""
    missing = data["missing_tos"]
    if not isinstance(missing, list):
        raise TypeError("missing_tos")  # no list is not an empty list: nothing would seem left to accept
    return Account(
        id=int(data["id"]),
        name=text(data.get("name")),
        email=text(data.get("email")),
        missing_terms=read_terms(missing, server),
    )


def read_terms(entries: list[Any], server: ServerAddress) -> tuple[Terms, ...]:
    """Read ``/user/missing``, which has an entry for each data set: terms of several data sets come once."""
    found: dict[int, Terms] = {}
    for entry in _not_too_many(entries):
        terms = _terms(entry["tos_id"], entry.get("tos_name"), entry.get("dataset_name"), server)
        found.setdefault(terms.id, terms)
    return tuple(found.values())


def read_rights(data: dict[str, Any], server: ServerAddress) -> Rights:
    """Read ``/user/cache``, as far as it says what somebody may see."""
    entries = [(text(entry["dataset_name"]), entry) for entry in _not_too_many(data["missing_tos"])]
    terms = {name: _terms(entry["tos_id"], entry.get("tos_name"), name, server) for name, entry in reversed(entries)}
    viewable = _viewable(data["permissions_v2"])
    # Servers that do not say what acceptance would open let the services name the terms in any case.
    with_terms = _viewable(data["permissions_v2_ignore_tos"]) if "permissions_v2_ignore_tos" in data else terms
    return Rights(viewable, viewable.union(with_terms), terms)


def _terms(number: object, name: object, dataset: object, server: ServerAddress) -> Terms:
    identity = int(str(number))
    url = f"{server.url}/sticky_auth/api/v1/tos/{identity}/accept"
    return Terms(identity, text(name) or f"Terms {identity}", text(dataset), url)


def read_refusal(
    answer: Answer, datastack: str, server: ServerAddress
) -> TermsOpen | PermissionMissing | UnknownDatastack | TokenRefused | None:
    """Read the refusals of the services (WIRE section 8); None if the answer is none of them."""
    if refuses_token(answer):
        return TokenRefused()
    data = answer.data()
    error = data.get("error") if isinstance(data, dict) else None
    details = data.get("data") if isinstance(data, dict) else None
    details = details if isinstance(details, dict) else {}
    if error == "missing_tos":
        number, name = details.get("tos_id"), details.get("tos_name")
        return understood(answer, lambda: TermsOpen(_terms(number, name, datastack, server)))
    if error == "invalid_table_id":
        return UnknownDatastack(datastack)
    if error == "missing_permission" or (answer.status == _FORBIDDEN and not answer.looks_like_a_page):
        # A 403 in plain text ("Requires admin privilege.") is about rights as well, never about the token.
        permission = text(details.get("required_permission"))
        return PermissionMissing(permission, text(details.get("auth_dataset")) or datastack)
    return None


def _viewable(permissions: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(text(dataset) for dataset, may in _not_too_many(permissions).items() if "view" in may)


def _not_too_many(entries: C) -> C:
    if len(entries) > MOST_ENTRIES:
        raise ValueError(len(entries))
    return entries


def text(value: object) -> str:
    """Make a short line of anything that a server sends as text; untrusted all the same.

    Without control characters: a terminal would take some for commands. A token in it, as a server that sends back what
    it was sent would have, is masked: a screen shows this line, and a notebook keeps it.
    """
    if value is None:
        return ""
    masked = tokens_masked(str(value)[: 2 * LONGEST_TEXT])[:LONGEST_TEXT]
    words = "".join(letter if letter.isprintable() else " " for letter in masked)
    return " ".join(words.split())


def long_text(value: object, token: Token) -> str:
    """Give a text of several lines as it can be sent on and kept: without control characters and without the token."""
    if not isinstance(value, str):
        raise TypeError(type(value))
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", value).replace(token.reveal(), token.masked)
