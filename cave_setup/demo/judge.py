"""How a request's token is judged (WIRE section 3); who holds which token is somebody else's knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, urlencode

from cave_setup.demo.messages import Answer, Request, json_answer, redirect
from cave_setup.demo.site import TOKEN_COOKIE, Addresses

if TYPE_CHECKING:
    from collections.abc import Callable

Holder = TypeVar("Holder")

_TOKEN_QUERY = "middle_auth_token"


@dataclass(frozen=True)
class Judge:
    """Judges requests to one listener.

    Parameters
    ----------
    addresses
        For the realm and the redirects.
    on_data_server
        Which listener, for redirects back to the same page.
    """

    addresses: Addresses
    on_data_server: bool = False

    def judge(self, request: Request, lookup: Callable[[str], Holder | None]) -> Holder | Answer:
        """Return whoever `lookup` says holds the request's token, or the answer that refuses it."""
        header = request.headers.get("Authorization")
        if header:
            return self._by_header(request, header, lookup)
        from_query = request.query(_TOKEN_QUERY)
        if from_query is not None and not request.is_programmatic:
            return self._cookie_from_query(request, from_query)
        token = from_query if from_query is not None else request.cookies.get(TOKEN_COOKIE, "")
        holder = lookup(token) if token else None
        if holder is not None:
            return holder
        return self.refuse(request) if token else self._no_token(request)

    def refuse(self, request: Request) -> Answer:
        """Return the answer for a token that is unknown, expired or deleted."""
        if not request.is_programmatic:
            return self._sign_in_first(request)
        return self._refuse(
            request,
            401,
            "invalid_token",
            "Unauthorized - Token is Invalid or Expired",
            ', error="invalid_token", error_description="Invalid/Expired Token"',
        )

    def _by_header(self, request: Request, header: str, lookup: Callable[[str], Holder | None]) -> Holder | Answer:
        if not header.startswith("Bearer "):
            return self._bad_header(request)
        # Split at single spaces, as the real server does: a second space makes an empty token, and words
        # after the token are ignored.
        token = header.split(" ")[1]
        if not token:
            return self._no_token(request)
        return lookup(token) or self.refuse(request)

    def _cookie_from_query(self, request: Request, token: str) -> Answer:
        """Move the token from the address into the cookie, unchecked; `middle_auth_url` stays."""
        kept = [
            pair
            for pair in parse_qsl(request.query_string, keep_blank_values=True)
            if pair[0] not in {_TOKEN_QUERY, "token"}
        ]
        page = self.addresses.seen_from(request).of(request, on_data_server=self.on_data_server).partition("?")[0]
        answer = redirect(f"{page}?{urlencode(kept)}" if kept else page)
        return answer.with_cookie(TOKEN_COOKIE, token, secure=self.addresses.seen_from(request).is_secure)

    def _no_token(self, request: Request) -> Answer:
        if not request.is_programmatic:
            return self._sign_in_first(request)
        return self._refuse(request, 401, "no_token", "Unauthorized - No Token Provided", "")

    def _sign_in_first(self, request: Request) -> Answer:
        page = self.addresses.seen_from(request).of(request, on_data_server=self.on_data_server)
        return redirect(self.addresses.seen_from(request).authorize_then(page))

    def _bad_header(self, request: Request) -> Answer:
        return self._refuse(
            request,
            400,
            "bad_auth_header",
            "Authorization header must begin with 'Bearer'",
            ', error="invalid_request", error_description="Header must begin with \'Bearer\'"',
        )

    def _refuse(self, request: Request, status: int, error: str, message: str, challenge: str) -> Answer:
        answer = json_answer({"error": error, "message": message}, status)
        realm = self.addresses.seen_from(request).authorize
        answer.headers.append(("WWW-Authenticate", f'Bearer realm="{realm}"{challenge}'))
        return answer
