"""A token, and where it came from. Masked wherever it shows; finding one in text is the work of `paste`."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Literal, NoReturn

TOKEN_FORM = re.compile(r"[0-9a-f]{32}")


class Token:
    """A CAVE token: 32 characters of ``0-9a-f``. It shows itself masked, whatever is done to print it.

    Parameters
    ----------
    text : str
        Exactly the token; `cave_setup.paste` finds one in anything else.

    Raises
    ------
    ValueError
        If the text does not have the form of a token. The text is not repeated in the message.

    """

    __slots__ = ("_secret",)

    def __init__(self, text: str) -> None:
        if not TOKEN_FORM.fullmatch(text):
            raise ValueError("A token is 32 characters long, of 0-9 and a-f.")
        self._secret = text

    @property
    def masked(self) -> str:
        """Four dots and the last four characters: the only part that is ever shown."""
        return f"····{self._secret[-4:]}"

    def reveal(self) -> str:
        """Give the token itself. Only `auth_server` (to send it) and `token_store` (to save it) need this."""
        return self._secret

    def __repr__(self) -> str:
        return f"Token({self.masked})"

    def __str__(self) -> str:
        return self.masked

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Token):
            return NotImplemented
        return hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._secret)

    def __reduce__(self) -> NoReturn:
        # A pickle or a deep copy would carry the token into caches and files that nobody thinks of.
        raise TypeError("A Token is not pickled or copied.")


Source = Literal["file", "environment", "argument", "memory"]


@dataclass(frozen=True)
class Candidate:
    """A token found in pasted text, with what the text says about it.

    Parameters
    ----------
    token : Token
    description : str
        As on the token page; empty where unknown.
    created : str
        The date as the server wrote it; empty where unknown.
    server : str
        Host that the text names as the token's own (``middle_auth_url``); empty where it names none.
    cleaned : tuple of str
        What was removed to get at the token, for the screen.

    """

    token: Token
    description: str = ""
    created: str = ""
    server: str = ""
    cleaned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Credential:
    """A token and where it came from; a token never travels without its source.

    Parameters
    ----------
    token : Token
    source : {'file', 'environment', 'argument', 'memory'}
    where : str
        The file as a person writes it (``~/…``), the variable's name, or ``"pasted"``.
    other_server : str
        Host of another deployment that this token is known to belong to; empty if none is known. Such a token is
        not sent to the chosen server. In a credential that was given: the host that its text named, whichever it is.
    cleaned : tuple of str
        What was removed from pasted text to get at it.
    given : bool
        A person has just given it or had it made, wherever it stands by now.
    instead_of : Token, optional
        A sign-in token that was saved here by hand, and that this lasting key takes the place of.

    """

    token: Token
    source: Source
    where: str
    other_server: str = ""
    cleaned: tuple[str, ...] = ()
    given: bool = False
    instead_of: Token | None = None
