"""What can be asked of a CAVE deployment, and what its answers mean. Draws no conclusions; sends nothing itself.

An expected answer is a value, also where it is a refusal; a server that could not be asked is a `ServerError`.
Source of the wire format: middle_auth 2.30.3, as measured (docs/wire.md).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import quote

from cave_setup import errors
from cave_setup.exchange import CONNECT_SECONDS, READ_SECONDS, Answer, Exchange
from cave_setup.models import (
    Account,
    ApiKey,
    DatastackRecord,
    PermissionMissing,
    ServerAddress,
    Terms,
    TermsOpen,
    Token,
    TokenRefused,
    UnknownDatastack,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.models import Access, Versions

_LONGEST_TEXT = 200  # characters of a name, description or e-mail address that are kept

_OK = 200
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_REFUSALS = {"no_token", "invalid_token"}

P = ParamSpec("P")
T = TypeVar("T")


def _forgetting(ask: Callable[P, T]) -> Callable[P, T]:
    """Let errors out of a method without its frames: their variables hold raw answers, and those may hold tokens."""

    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return ask(*args, **kwargs)
        except errors.ServerError as raised:
            error = raised.with_traceback(None)
        raise error

    return asked


class AuthServer:
    """A CAVE deployment: its auth server, its info service, and the data servers that it names.

    Parameters
    ----------
    address : ServerAddress
        The deployment, for example ``https://global.daf-apis.com``.
    connect_seconds, read_seconds : float
        How long to wait for a connection, and for each part of an answer.

    Notes
    -----
    All methods raise `ServerError` if the server could not be asked, and may be called from several threads at once.

    """

    def __init__(
        self, address: ServerAddress, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS
    ) -> None:
        self.address = address
        self._exchange = Exchange(connect_seconds, read_seconds)

    def close(self) -> None:
        """Close the connections that are kept open between requests."""
        self._exchange.close()

    @property
    def says_it_is_a_demo(self) -> bool:
        """Whether an answer said that it comes from the demo server."""
        return self._exchange.met_a_demo

    # -------------------------------------------------------------------------------------- pages for a browser

    @property
    def token_page(self) -> str:
        """Page on which a person signs in, sees the account's keys and makes one."""
        return f"{self.address.url}/sticky_auth/settings/tokens"

    def terms_page(self, terms: Terms) -> str:
        """Page on which a person accepts these terms.

        With ``client=ng`` it ends on a page that tells its opener, instead of on an error page (WIRE section 7).
        """
        return f"{self.address.url}/sticky_auth/api/v1/tos/{terms.id}/accept?client=ng"

    # ------------------------------------------------------------------------------------------------ questions

    @_forgetting
    def version(self) -> str:
        """Ask for the server's version, which needs no token: whether it can be reached at all."""
        answer = self._exchange.get(self.address, "/auth/version", None)
        if answer.looks_like_a_page:
            raise errors.NotJson(answer.host)
        if answer.status != _OK:
            raise errors.UnexpectedAnswer(answer.host, f"{answer.status} for /auth/version")
        return answer.body.decode("utf-8", "replace").rsplit("version", 1)[-1].strip()[:_LONGEST_TEXT]

    @_forgetting
    def account(self, token: Token) -> Account | TokenRefused:
        """Ask who the token belongs to, and which terms of the account stand open."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/cache", token)
        if _refuses_token(answer):
            return TokenRefused()
        data = _expect(answer, dict)
        return _understood(answer, lambda: self._read_account(data))

    @_forgetting
    def missing_terms(self, token: Token) -> tuple[Terms, ...] | TokenRefused:
        """Ask which terms of the account stand open, from the server's database: current at once after acceptance."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/missing", token)
        if _refuses_token(answer):
            return TokenRefused()
        data = _expect(answer, list)
        return _understood(answer, lambda: self._read_terms(data))

    @_forgetting
    def keys(self, token: Token) -> tuple[ApiKey, ...] | TokenRefused:
        """Ask for the account's lasting tokens, newest first."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/token", token)
        if _refuses_token(answer):
            return TokenRefused()
        data = _expect(answer, list)
        return _understood(answer, lambda: tuple(_read_key(entry) for entry in data))

    @_forgetting
    def seconds_left(self, token: Token) -> int:
        """Ask how long a sign-in token still works.

        The token becomes part of the address here, the only way to ask: do so only for a token that is no API key.

        Returns
        -------
        int
            Seconds; -1 for an API key.

        """
        answer = self._exchange.get(self.address, f"/auth/api/v1/user/token/{token.reveal()}/ttl", token)
        return int(_expect(answer, int))

    @_forgetting
    def access(self, token: Token, datastack: str) -> Access:
        """Ask the info service for the datastack's record, which it gives only to those who may read the data."""
        path = f"/info/api/v2/datastack/full/{quote(datastack, safe='')}"
        answer = self._exchange.get(self.address, path, token)
        refusal = self._refusal(answer, datastack)
        if refusal is not None:
            return refusal
        data = _expect(answer, dict)
        return DatastackRecord(datastack, self._data_server(answer, data))

    @_forgetting
    def versions(self, token: Token, record: DatastackRecord) -> Versions:
        """Ask the datastack's own data server for its materialized versions: the proof that data can be read."""
        path = f"/materialize/api/v3/datastack/{quote(record.name, safe='')}/versions"
        answer = self._exchange.get(record.data_server, path, token)
        refusal = self._refusal(answer, record.name)
        if refusal is not None:
            return refusal
        data = _expect(answer, list)
        return _understood(answer, lambda: tuple(int(version) for version in data))

    # ------------------------------------------------------------------------------------------ reading answers

    def _read_account(self, data: dict[str, Any]) -> Account:
        missing = data["missing_tos"]
        if not isinstance(missing, list):
            raise TypeError("missing_tos")  # no list is not an empty list: nothing would seem left to accept
        return Account(
            id=int(data["id"]),
            name=_text(data.get("name")),
            email=_text(data.get("email")),
            missing_terms=self._read_terms(missing),
        )

    def _read_terms(self, entries: list[Any]) -> tuple[Terms, ...]:
        """Read ``/user/missing``, which has an entry for each data set: terms of several data sets come once."""
        found: dict[int, Terms] = {}
        for entry in entries:
            terms = self._terms(entry["tos_id"], entry.get("tos_name"), entry.get("dataset_name"))
            found.setdefault(terms.id, terms)
        return tuple(found.values())

    def _terms(self, number: object, name: object, dataset: object) -> Terms:
        identity = int(str(number))
        url = f"{self.address.url}/sticky_auth/api/v1/tos/{identity}/accept"
        return Terms(identity, _text(name) or f"Terms {identity}", _text(dataset), url)

    def _refusal(
        self, answer: Answer, datastack: str
    ) -> TermsOpen | PermissionMissing | UnknownDatastack | TokenRefused | None:
        """Read the refusals of the services (WIRE section 8); None if the answer is none of them."""
        if _refuses_token(answer):
            return TokenRefused()
        data = answer.data()
        error = data.get("error") if isinstance(data, dict) else None
        details = data.get("data") if isinstance(data, dict) else None
        details = details if isinstance(details, dict) else {}
        if error == "missing_tos":
            number, name = details.get("tos_id"), details.get("tos_name")
            return _understood(answer, lambda: TermsOpen(self._terms(number, name, datastack)))
        if error == "invalid_table_id":
            return UnknownDatastack(datastack)
        if error == "missing_permission" or (answer.status == _FORBIDDEN and not answer.looks_like_a_page):
            # A 403 in plain text ("Requires admin privilege.") is about rights as well, never about the token.
            permission = _text(details.get("required_permission"))
            return PermissionMissing(permission, _text(details.get("auth_dataset")) or datastack)
        return None

    def _data_server(self, answer: Answer, data: dict[str, Any]) -> ServerAddress:
        """Check the address to which the token will be sent next; only a server on this computer may name another."""
        try:
            address = ServerAddress(str(data.get("local_server")))
        except errors.AddressError:
            address = None
        if address is None or (address.is_loopback and not self.address.is_loopback):
            raise errors.UnexpectedAnswer(answer.host, "no usable data server in the datastack's record")
        return address


def _refuses_token(answer: Answer) -> bool:
    """Whether this is CAVE's own 401; that of a gateway on the way says nothing about the token."""
    data = answer.data() if answer.status == _UNAUTHORIZED else None
    return isinstance(data, dict) and data.get("error") in _REFUSALS


def _expect(answer: Answer, kind: type[T]) -> T:
    """Give the data of a successful answer, which must be of this kind."""
    data = answer.data()
    if answer.status == _OK and isinstance(data, kind):
        return data
    if answer.looks_like_a_page:
        raise errors.NotJson(answer.host)
    if answer.status == _OK and data is None:
        raise errors.UnexpectedAnswer(answer.host, "200, cut off or no JSON")
    raise errors.UnexpectedAnswer(answer.host, f"{answer.status}, {type(data).__name__}")


def _understood(answer: Answer, read: Callable[[], T]) -> T:
    """Read fields; an answer that lacks one or has it in another type is unexpected, not a crash."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exception:
        kind = type(exception).__name__
    raise errors.UnexpectedAnswer(answer.host, f"a field is missing or odd: {kind}")


def _read_key(entry: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=int(entry["id"]),
        token=Token(entry["token"]),
        description=_text(entry.get("description")),
        created=_text(entry.get("created")),
        last_used=_text(entry.get("last_used")),
    )


def _text(value: object) -> str:
    """Make a short line of anything that a server sends as text; untrusted all the same."""
    if value is None:
        return ""
    return " ".join(str(value)[:_LONGEST_TEXT].split())
