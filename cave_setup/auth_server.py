"""Every request that this package makes, in one class. Says what the server answered; draws no conclusions.

An expected answer is a value, also where it is a refusal; a server that could not be asked is a `ServerError`.
Source of the wire format: middle_auth 2.30.3, as measured (docs/decisions/0007-wire-format.md).
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from cave_setup import errors
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
    from collections.abc import Callable, Iterator

    from cave_setup.models import Access, Versions

CONNECT_SECONDS = 4.0
READ_SECONDS = 8.0
LARGEST_ANSWER = 8_000_000  # bytes; a list of 20 datastacks has a few thousand
_LONGEST_TEXT = 200  # characters of a name, description or e-mail address that are kept

_OK = 200
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_BROKEN = 500

T = TypeVar("T")


class _Bearer(requests.auth.AuthBase):
    """Puts the token into the header. As an ``auth=`` object, so that no ``.netrc`` entry replaces it."""

    def __init__(self, token: Token | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Makes the request "programmatic", so that no answer is ever a redirect to a sign-in page (WIRE section 3).
        request.headers["X-Requested-With"] = "cave-setup"
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request

    def __repr__(self) -> str:
        return f"_Bearer({self.token})"


class _Answer:
    """Status, content type and body of one answer, read completely; what it means is judged elsewhere."""

    def __init__(self, host: str, status: int, location: str, body: bytes) -> None:
        self.host = host
        self.status = status
        self.location = location
        self.body = body

    def data(self) -> Any:  # noqa: ANN401 - it is whatever the server sent
        """Give the body as data; None if it is not JSON. The content type is not believed: it is often wrong."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            return None

    @property
    def looks_like_a_page(self) -> bool:
        start = self.body[:1000].lstrip().lower()
        return start.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")) or b"<html" in start


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
        self.says_it_is_a_demo = False
        self._timeout = (connect_seconds, read_seconds)
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the token comes as a cookie, too
        for prefix in ("https://", "http://"):
            self._session.mount(prefix, HTTPAdapter(pool_maxsize=8))

    def close(self) -> None:
        """Close the connections that are kept open between requests."""
        self._session.close()

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

    def version(self) -> str:
        """Ask for the server's version, which needs no token: whether it can be reached at all."""
        answer = self._get(self.address, "/auth/version", None)
        if answer.looks_like_a_page:
            raise errors.NotJson(answer.host)
        if answer.status != _OK:
            raise errors.UnexpectedAnswer(answer.host, f"{answer.status} for /auth/version")
        return answer.body.decode("utf-8", "replace").rsplit("version", 1)[-1].strip()[:_LONGEST_TEXT]

    def account(self, token: Token) -> Account | TokenRefused:
        """Ask who the token belongs to, and which terms of the account stand open."""
        answer = self._get(self.address, "/auth/api/v1/user/cache", token)
        if answer.status == _UNAUTHORIZED:
            return TokenRefused()
        data = _expect(answer, dict)
        return _understood(answer, lambda: self._read_account(data))

    def missing_terms(self, token: Token) -> tuple[Terms, ...] | TokenRefused:
        """Ask which terms of the account stand open, from the server's database: current at once after acceptance."""
        answer = self._get(self.address, "/auth/api/v1/user/missing", token)
        if answer.status == _UNAUTHORIZED:
            return TokenRefused()
        data = _expect(answer, list)
        return _understood(answer, lambda: self._read_terms(data))

    def keys(self, token: Token) -> tuple[ApiKey, ...] | TokenRefused:
        """Ask for the account's lasting tokens, newest first."""
        answer = self._get(self.address, "/auth/api/v1/user/token", token)
        if answer.status == _UNAUTHORIZED:
            return TokenRefused()
        data = _expect(answer, list)
        return _understood(answer, lambda: tuple(_read_key(entry) for entry in data))

    def seconds_left(self, token: Token) -> int:
        """Ask how long a sign-in token still works.

        The token becomes part of the address here, the only way to ask: do so only for a token that is no API key.

        Returns
        -------
        int
            Seconds; -1 for an API key.

        """
        answer = self._get(self.address, f"/auth/api/v1/user/token/{token.reveal()}/ttl", token)
        return int(_expect(answer, int))

    def access(self, token: Token, datastack: str) -> Access:
        """Ask the info service for the datastack's record, which it gives only to those who may read the data."""
        path = f"/info/api/v2/datastack/full/{quote(datastack, safe='')}"
        answer = self._get(self.address, path, token)
        refusal = self._refusal(answer, datastack)
        if refusal is not None:
            return refusal
        data = _expect(answer, dict)
        return DatastackRecord(datastack, self._data_server(answer, data))

    def versions(self, token: Token, record: DatastackRecord) -> Versions:
        """Ask the datastack's own data server for its materialized versions: the proof that data can be read."""
        path = f"/materialize/api/v3/datastack/{quote(record.name, safe='')}/versions"
        answer = self._get(record.data_server, path, token)
        refusal = self._refusal(answer, record.name)
        if refusal is not None:
            return refusal
        data = _expect(answer, list)
        return _understood(answer, lambda: tuple(int(version) for version in data))

    # ------------------------------------------------------------------------------------------ reading answers

    def _read_account(self, data: dict[str, Any]) -> Account:
        missing = data.get("missing_tos")
        return Account(
            id=int(data["id"]),
            name=_text(data.get("name")),
            email=_text(data.get("email")),
            missing_terms=self._read_terms(missing if isinstance(missing, list) else []),
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
        self, answer: _Answer, datastack: str
    ) -> TermsOpen | PermissionMissing | UnknownDatastack | TokenRefused | None:
        """Read the refusals of the services (WIRE section 8); None if the answer is none of them."""
        if answer.status == _UNAUTHORIZED:
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

    def _data_server(self, answer: _Answer, data: dict[str, Any]) -> ServerAddress:
        """Check the address to which the token will be sent next; only a server on this computer may name another."""
        try:
            address = ServerAddress(str(data.get("local_server")))
        except errors.AddressError:
            address = None
        if address is None or (address.is_loopback and not self.address.is_loopback):
            raise errors.UnexpectedAnswer(answer.host, "no usable data server in the datastack's record")
        return address

    # ------------------------------------------------------------------------------------------------- the wire

    def _get(self, address: ServerAddress, path: str, token: Token | None) -> _Answer:
        """Send one request and read the whole answer, whatever it is."""
        deadline = time.monotonic() + sum(self._timeout)
        fault: errors.ServerError | None = None
        try:
            with self._session.get(
                address.url + path,
                auth=_Bearer(token),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                if address.is_loopback and response.headers.get("X-CAVE-Demo") == "1":
                    self.says_it_is_a_demo = True
                answer = _Answer(
                    address.netloc,
                    response.status_code,
                    response.headers.get("Location", ""),
                    _read_body(response, deadline),
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as exception:
            fault = _name_fault(exception, address.netloc)
        if fault is not None:
            raise fault
        _check_is_answer(answer)
        return answer


def _read_body(response: requests.Response, deadline: float) -> bytes:
    """Read the body within bounds: a server that drips or never stops costs neither time nor memory without end."""
    body = bytearray()
    # Not response.iter_content(), which waits until a whole piece is there, however slowly it comes.
    while chunk := response.raw.read1(65_536, decode_content=True):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("too large")
        if time.monotonic() > deadline:
            raise requests.ReadTimeout
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and "Content-Encoding" not in response.headers and len(body) < int(announced):
        raise requests.ConnectionError
    return bytes(body)


def _check_is_answer(answer: _Answer) -> None:
    """Raise where something else than the server's own answer came back."""
    if 300 <= answer.status < 400:  # noqa: PLR2004 - the range of redirects
        target = urlsplit(answer.location).hostname
        raise errors.LoginRedirect(answer.host, f" ({target[:_LONGEST_TEXT]})" if target else "")
    if answer.status >= _BROKEN:
        raise errors.ServerBroken(answer.host, str(answer.status))


def _expect(answer: _Answer, kind: type[T]) -> T:
    """Give the data of a successful answer, which must be of this kind."""
    data = answer.data()
    if answer.status == _OK and isinstance(data, kind):
        return data
    if answer.looks_like_a_page:
        raise errors.NotJson(answer.host)
    if answer.status == _OK and data is None:
        raise errors.UnexpectedAnswer(answer.host, "200, cut off or no JSON")
    raise errors.UnexpectedAnswer(answer.host, f"{answer.status}, {type(data).__name__}")


def _understood(answer: _Answer, read: Callable[[], T]) -> T:
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


def _name_fault(exception: BaseException, host: str) -> errors.ServerError:
    """Find out what went wrong from the exceptions below the one that `requests` raised.

    They are only looked at here and never kept: they hold the request, and the request holds the token.
    """
    causes = list(_causes(exception))

    def any_of(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if any_of(requests.exceptions.ProxyError):
        return errors.ProxyFailed(host)
    if any_of(requests.exceptions.SSLError, ssl.SSLError):
        return errors.TlsFailed(host)
    if any_of(socket.gaierror):
        return errors.NameLookupFailed(host)
    # Not urllib3's own TimeoutError: it is a base of NewConnectionError, which a refused connection raises as well.
    if any_of(requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return errors.ServerTimeout(host)
    if any_of(requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError, OSError):
        return errors.ConnectionRefused(host)
    return errors.UnexpectedAnswer(host, type(exception).__name__)


def _causes(exception: BaseException | None) -> Iterator[BaseException]:
    """Walk through an exception and all that it was made from."""
    seen: set[int] = set()
    waiting = [exception]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
