"""Server addresses and names of datastacks, each checked once. Checks the text only; asks no name server."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cave_setup import words
from cave_setup.errors import AddressError
from cave_setup.models.deployments import home_of, known_deployment, known_spelling, likely_meant, nearest_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DEFAULT_SERVER = "https://global.daf-apis.com"
DEFAULT_DATASTACK = "minnie65_public"

_HOST_FORM = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")
_LOOKS_LIKE_A_DATASTACK = re.compile(r"[a-z0-9_-]+")
_DATASTACK_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_TOKEN_IN_TEXT = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def host_named_in(text: str) -> str:
    """Give the host that a text such as ``HOST/auth`` names, as `ServerAddress.netloc` has it; empty for an empty text.

    One that cannot be a host is given as a short line, in which nothing looks like a token: it is nobody's.
    """
    named = text.strip().split("://")[-1].split("/")[0].rpartition("@")[2]
    try:
        return ServerAddress(named).netloc
    except AddressError:
        line = "".join(letter if letter.isprintable() else "·" for letter in named[:80])
        return _TOKEN_IN_TEXT.sub("····", line).lower()


class ServerAddress:
    """The address of a CAVE server: scheme, host and port; https, except on this computer itself.

    Parameters
    ----------
    text : str
        Any usual form: with or without ``https://``, with a path such as ``/auth``, in upper case.

    Raises
    ------
    AddressError
        If it cannot be an address, with a sentence that says why.

    """

    __slots__ = ("host", "is_loopback", "netloc", "scheme")

    def __init__(self, text: str) -> None:
        scheme, host, port = _split_address(text)
        self.host = host
        self.is_loopback = _is_this_computer(host)
        self.scheme = scheme or ("http" if self.is_loopback else "https")
        bracketed = f"[{host}]" if ":" in host else host
        self.netloc = bracketed if port in {None, _DEFAULT_PORTS[self.scheme]} else f"{bracketed}:{port}"
        if self.scheme != "https" and not self.is_loopback:
            raise AddressError(*words.address_not_https(_quotable(text)))

    @property
    def url(self) -> str:
        """The address without a slash at its end."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def file_name(self) -> str:
        """The name under which caveclient looks for this server's token file."""
        return f"{self.netloc}-cave-secret.json"

    def __str__(self) -> str:
        return self.url

    def __repr__(self) -> str:
        return f"ServerAddress({self.url!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerAddress) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)


def _split_address(text: str) -> tuple[str, str, int | None]:
    """Scheme ("" where none was given), host in lower case, and port of anything typed as an address."""
    typed = text.strip().strip("\"'<>").strip()
    if not typed:
        raise AddressError(*words.address_empty())
    if "://" not in typed:
        typed = f"//{typed}"
    try:
        parts = urlsplit(typed)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    scheme = parts.scheme.lower()
    if parts.username is not None:
        raise AddressError(*words.address_with_user())
    if _LOOKS_LIKE_A_DATASTACK.fullmatch(host) and not _is_this_computer(host):
        home = home_of(host)
        raise AddressError(*words.address_is_a_datastack(_quotable(host), home.host if home else ""))
    if scheme not in {"", *_DEFAULT_PORTS} or not (host == "::1" or _HOST_FORM.match(host)):
        raise AddressError(*words.address_malformed(_quotable(text)))
    return scheme, host, port


def _is_this_computer(host: str) -> bool:
    """Whether a connection to this host ends here, in any way of writing it: ``127.1`` and ``0.0.0.0`` do as well."""
    if host in {"localhost", "::1"}:
        return True
    try:
        address = ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return False
    return address.is_loopback or address.is_unspecified


def datastack_name(text: str) -> str:
    """Check the name of a datastack, which becomes part of an address.

    Raises
    ------
    AddressError
        If it cannot be one; also for a token that was put into the wrong field.

    """
    name = text.strip()
    if not is_datastack_name(name):
        raise AddressError(*words.datastack_malformed(_quotable(name)))
    return name


def is_datastack_name(name: object) -> bool:
    """Whether this can be the name of a datastack, which becomes part of an address and of a line on the screen."""
    return isinstance(name, str) and _DATASTACK_FORM.fullmatch(name) is not None and _TOKEN_IN_TEXT.search(name) is None


def _quotable(text: str) -> str:
    """Give what was typed for the sentence about it, without a token that was put into the wrong field."""
    return _TOKEN_IN_TEXT.sub("····", text.strip())


@dataclass(frozen=True)
class LikelyMeant:
    """What a person likely meant by an address and a datastack between which something is odd.

    Parameters
    ----------
    server, datastack : str
        What was likely meant.
    as_typed, name_as_typed : str
        The address and the datastack as they were typed, which can be right all the same; the address is empty if it
        is none.
    sentence, remedy : str
        What is odd.

    """

    server: str
    datastack: str
    as_typed: str
    name_as_typed: str
    sentence: str
    remedy: str


def what_was_meant(
    server: str, datastack: str, listed: Mapping[str, Collection[str]] = MappingProxyType({})
) -> LikelyMeant | None:
    """Say what was likely meant where a person types an address and a datastack; None where nothing is odd.

    To be asked before anything is sent there: an address with a typing mistake may be somebody else's.

    Parameters
    ----------
    server, datastack : str
        As typed.
    listed : mapping of str to collection of str
        The datastacks that servers have listed, by their address.

    Raises
    ------
    AddressError
        If one of them cannot be what it is said to be, and no known deployment helps.

    """
    name, typed = datastack_name(datastack), server.strip().strip("\"'<>")
    if (home := home_of(typed)) is not None:
        sentence, remedy = words.address_is_a_datastack(typed, home.host)
        return LikelyMeant(home.url, typed.lower(), "", name, sentence, remedy)
    address = ServerAddress(server)
    if (alike := likely_meant(address.netloc)) is not None:
        asked = words.address_is_nearly_known(address.netloc, alike.host)
        return LikelyMeant(alike.url, name, address.url, name, *asked)
    here = listed.get(address.url, ())
    chosen, home = known_deployment(address.netloc), home_of(name)
    if chosen and home and chosen != home and name not in here:
        asked = words.datastack_elsewhere(name, home.host, chosen.host)
        return LikelyMeant(home.url, name.lower(), address.url, name, *asked)
    there = (*here, *(chosen.datastacks if chosen else ()))
    nearly = nearest_name(known_spelling(name, address.netloc), there)
    if nearly:
        return LikelyMeant(address.url, nearly, address.url, name, *words.datastack_is_nearly_known(name, nearly))
    return None
