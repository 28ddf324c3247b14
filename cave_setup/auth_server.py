"""What can be asked of a CAVE deployment, or changed there, and what its answers mean. Draws no conclusions.

An expected answer is a value, also where it is a refusal; a server that could not be asked is a `ServerError`.
Source of the wire format: middle_auth 2.30.3, as measured (docs/wire.md).
"""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from cave_setup import errors
from cave_setup.models import (
    Account,
    ApiKey,
    DatastackRecord,
    Rights,
    ServerAddress,
    Terms,
    Token,
    TokenRefused,
    deployment_of,
    is_datastack_name,
)
from cave_setup.reading import (
    OK,
    expect,
    long_text,
    read_account,
    read_keys,
    read_refusal,
    read_rights,
    read_terms,
    refuses_token,
    text,
    understood,
)

if TYPE_CHECKING:
    from cave_setup.exchange import Answer, Exchange
    from cave_setup.models import Access, Versions

# Characters of a description. A longer one is answered with 500, and leaves a key behind that is listed nowhere.
LONGEST_DESCRIPTION = 120
# Datastacks of a server that are offered; whoever wants another one types it.
MOST_DATASTACKS = 200

# A path on the same server: one slash to begin with, and nothing that a browser reads as another.
_PATH = re.compile(r"(/[A-Za-z0-9._~@%+-]+)+")

_NOT_FOUND = 404
_NOT_A_SIGN_IN_TOKEN = 422


class AuthServer:
    """A CAVE deployment: its auth server, its info service, and the data servers that it names.

    Parameters
    ----------
    address : ServerAddress
        The deployment, for example ``https://global.daf-apis.com``.
    *seconds : float
        How long to wait for a connection and for an answer, where not as `Exchange` does.

    Notes
    -----
    All methods raise `ServerError` if the server could not be asked, and may be called from several threads at once.

    """

    def __init__(self, address: ServerAddress, *seconds: float) -> None:
        self.address = address
        self._seconds = seconds
        self._made: Exchange | None = None
        self._making = threading.Lock()
        self._is_closed = False

    def rest(self) -> None:
        """Close the connections that are kept open between requests, while there are none."""
        if self._made is not None:
            self._made.rest()

    def close(self) -> None:
        """Ask nothing any more, and let go at once of what waits for an answer."""
        self._is_closed = True
        if self._made is not None:
            self._made.close()

    @property
    def says_it_is_a_demo(self) -> bool:
        """Whether an answer said that it comes from the demo server."""
        return self._made is not None and self._made.met_a_demo

    @property
    def _exchange(self) -> Exchange:
        """Made for the first question: the HTTP library takes long to load, and the wizard is drawn before it asks."""
        with self._making:
            if self._made is None:
                from cave_setup.exchange import Exchange  # noqa: PLC0415 - so that nothing else loads it

                self._made = Exchange(*self._seconds)
                if self._is_closed:  # while the library was being loaded
                    self._made.close()
            return self._made

    # -------------------------------------------------------------------------------------- pages for a browser

    @property
    def browser_address(self) -> str:
        """Where a browser reaches the server: its own address, or a path on the page's own server.

        A path is believed of a demo only, which may be reached through the Jupyter server alone. It can lead nowhere
        else: no text that a browser would take for another host passes here.
        """
        path = self._made.demo_path.rstrip("/") if self._made is not None else ""
        return path if _PATH.fullmatch(path) else self.address.url

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins from which the server's pages may speak: those of the address and of what it is also called.

        “/” stands for the origin of the page that the wizard is on, for a demo behind its Jupyter server.
        """
        own = (self.address.url, f"https://{deployment_of(self.address.host)}")
        return tuple(dict.fromkeys((*own, "/") if self.browser_address.startswith("/") else own))

    def sign_in_page(self, redirect: str = "") -> str:
        """Page on which a person signs in; a first sign-in makes the account.

        Parameters
        ----------
        redirect : str
            Where the browser is sent afterwards, with the sign-in token in the query. Without it the page posts the
            token to the window that opened it (WIRE section 6).

        """
        then = f"?redirect={quote(redirect, safe='')}" if redirect else ""
        return f"{self._reached_from(redirect)}/sticky_auth/api/v1/authorize{then}"

    def _reached_from(self, page: str) -> str:
        """Where a browser reaches the server that has come to a page of ours: by the same way, as a whole address."""
        path = self.browser_address
        if not page or not path.startswith("/"):
            return path
        came_through = urlsplit(page).path.startswith(path.rpartition("/")[0] + "/")
        return urljoin(page, path) if came_through else self.address.url

    @property
    def token_page(self) -> str:
        """Page on which a person signs in, sees the account's keys and makes one."""
        return f"{self.browser_address}/sticky_auth/settings/tokens"

    def terms_page(self, terms: Terms) -> str:
        """Page on which a person accepts these terms.

        With ``client=ng`` it ends on a page that tells its opener, instead of on an error page (WIRE section 7).
        """
        return f"{self.browser_address}{_accept_path(terms.id)}"

    # ------------------------------------------------------------------------------------------------ questions

    @errors.forgetting
    def version(self) -> str:
        """Ask for the server's version, which needs no token: whether it can be reached at all."""
        answer = self._exchange.get(self.address, "/auth/version", None)
        if answer.looks_like_a_page:
            raise errors.NotJson(answer.host)
        if answer.status != OK:
            raise errors.UnexpectedAnswer(answer.host, f"{answer.status} for /auth/version")
        return text(answer.body.decode("utf-8", "replace").rsplit("version", 1)[-1])

    @errors.forgetting
    def account(self, token: Token) -> Account | TokenRefused:
        """Ask who the token belongs to, and which terms of the account stand open."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/cache", token)
        if refuses_token(answer):
            return TokenRefused()
        data = expect(answer, dict)
        return understood(answer, lambda: read_account(data, self.address))

    @errors.forgetting
    def missing_terms(self, token: Token) -> tuple[Terms, ...] | TokenRefused:
        """Ask which terms of the account stand open, from the server's database: current at once after acceptance."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/missing", token)
        if refuses_token(answer):
            return TokenRefused()
        data = expect(answer, list)
        return understood(answer, lambda: read_terms(data, self.address))

    @errors.forgetting
    def keys(self, token: Token) -> tuple[ApiKey, ...] | TokenRefused:
        """Ask for the account's lasting tokens, newest first."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/token", token)
        if refuses_token(answer):
            return TokenRefused()
        data = expect(answer, list)
        return understood(answer, lambda: read_keys(data))

    @errors.forgetting
    def seconds_left(self, token: Token) -> int:
        """Ask how long a sign-in token still works.

        The token becomes part of the address here, the only way to ask: do so only for a token that is no API key.

        Returns
        -------
        int
            Seconds; -1 for an API key.

        """
        answer = self._exchange.get(self.address, f"/auth/api/v1/user/token/{token.reveal()}/ttl", token)
        return int(expect(answer, int))

    @errors.forgetting
    def access(self, token: Token, datastack: str) -> Access:
        """Ask the info service for the datastack's record, which it gives only to those who may read the data."""
        path = f"/info/api/v2/datastack/full/{quote(datastack, safe='')}"
        answer = self._exchange.get(self.address, path, token)
        refusal = read_refusal(answer, datastack, self.address)
        if refusal is not None:
            return refusal
        data = expect(answer, dict)
        return DatastackRecord(datastack, self._data_server(answer, data))

    @errors.forgetting
    def datastacks(self, token: Token) -> tuple[str, ...] | TokenRefused:
        """Ask the info service for its datastacks: also those whose terms are open, so it is no proof of anything."""
        answer = self._exchange.get(self.address, "/info/api/v2/datastacks", token)
        if refuses_token(answer):
            return TokenRefused()
        listed = itertools.islice(expect(answer, list), 5 * MOST_DATASTACKS)  # a few are none, and not all of a million
        return tuple(dict.fromkeys(filter(is_datastack_name, listed)))[:MOST_DATASTACKS]

    @errors.forgetting
    def rights(self, token: Token) -> Rights | TokenRefused:
        """Ask what the account may read: the answer from which the services judge (WIRE section 8)."""
        answer = self._exchange.get(self.address, "/auth/api/v1/user/cache", token)
        if refuses_token(answer):
            return TokenRefused()
        data = expect(answer, dict)
        return understood(answer, lambda: read_rights(data, self.address))

    @errors.forgetting
    def dataset_of(self, token: Token, datastack: str) -> str | None:
        """Ask which data set a datastack shows, as the services do; None if the server does not say."""
        path = f"/auth/api/v1/service/datastack/table/{quote(datastack, safe='')}/dataset"
        answer = self._exchange.get(self.address, path, token)
        if answer.status == _NOT_FOUND:
            return None
        return text(expect(answer, str))

    @errors.forgetting
    def versions(self, token: Token, record: DatastackRecord) -> Versions:
        """Ask the datastack's own data server for its materialized versions: the proof that data can be read."""
        path = f"/materialize/api/v3/datastack/{quote(record.name, safe='')}/versions"
        answer = self._exchange.get(record.data_server, path, token)
        refusal = read_refusal(answer, record.name, self.address)
        if refusal is not None:
            return refusal
        data = expect(answer, list)
        return understood(answer, lambda: tuple(int(version) for version in data))

    @errors.forgetting
    def terms_text(self, token: Token, terms_id: int) -> str | TokenRefused:
        """Ask for the text of some terms, as Markdown; untrusted text, and empty if the server has none."""
        answer = self._exchange.get(self.address, "/auth/api/v1/tos", token)
        if refuses_token(answer):
            return TokenRefused()
        data = expect(answer, list)
        texts = understood(
            answer, lambda: [long_text(one["text"] or "", token) for one in data if int(one["id"]) == terms_id]
        )
        return texts[0] if texts else ""

    # -------------------------------------------------------------------------------------------------- changes

    @errors.forgetting
    def make_key(self, token: Token, description: str) -> Token | TokenRefused:
        """Have a lasting token made for the account.

        Parameters
        ----------
        token : Token
            Any token of the account that works; a sign-in token will do.
        description : str
            Says later which key this is; what is too long for the server is cut off.

        """
        content = {"description": description.replace("\0", "")[:LONGEST_DESCRIPTION]}
        answer = self._exchange.send("POST", self.address, "/auth/api/v1/user/token", token, content)
        if refuses_token(answer):
            return TokenRefused()
        made = expect(answer, str)
        return understood(answer, lambda: Token(made))

    @errors.forgetting
    def revoke_key(self, token: Token, key_id: int) -> bool | TokenRefused:
        """Have a lasting token of the account ended, by its number in the list; a key may end itself.

        Returns
        -------
        bool or TokenRefused
            False if the account has no such key (any more).

        """
        answer = self._exchange.send("DELETE", self.address, f"/auth/api/v1/user/token/{int(key_id)}", token)
        if refuses_token(answer):
            return TokenRefused()
        if answer.status == _NOT_FOUND and not answer.looks_like_a_page:
            return False
        expect(answer, str)
        return True

    @errors.forgetting
    def end_sign_in(self, token: Token) -> bool:
        """Have a sign-in token ended.

        Returns
        -------
        bool
            True also where it had ended before; False if it is an API key, which does not end this way.

        """
        answer = self._exchange.get(self.address, "/auth/api/v1/logout", token)
        if answer.status == _NOT_A_SIGN_IN_TOKEN:
            return False
        if not refuses_token(answer):
            expect(answer, str)
        return True

    @errors.forgetting
    def accept_terms(self, token: Token, terms_id: int) -> TokenRefused | None:
        """Tell the server that the account's person accepts these terms; only ever after that person has said so.

        The answer is a web page, as a guest network's would be: whether it was stored has to be asked afterwards.
        """
        answer = self._exchange.send("POST", self.address, _accept_path(terms_id), token)
        if refuses_token(answer):
            return TokenRefused()
        if answer.status != OK:
            raise errors.UnexpectedAnswer(answer.host, f"{answer.status} for terms {terms_id}")
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


def _accept_path(terms_id: int) -> str:
    """Path of the page for accepting terms; with ``client=ng`` it ends well and not on an error (WIRE section 7)."""
    return f"/sticky_auth/api/v1/tos/{int(terms_id)}/accept?client=ng"
