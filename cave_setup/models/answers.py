"""What the servers answered, as values. Expected refusals are values too; what could not be asked is an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cave_setup.errors import ServerError
    from cave_setup.models.address import ServerAddress
    from cave_setup.models.token import Token


@dataclass(frozen=True)
class Account:
    """Whose token it is, as ``/user/cache`` answers; names are untrusted text."""

    id: int
    name: str
    email: str
    missing_terms: tuple[Terms, ...] = ()


@dataclass(frozen=True)
class Terms:
    """Terms of service that stand open: the server's id and name, the data set they belong to, the page to accept."""

    id: int
    name: str
    dataset: str
    url: str


@dataclass(frozen=True)
class ApiKey:
    """A lasting token of the account, as ``/user/token`` lists it. Times are HTTP dates, as the server writes them."""

    id: int
    token: Token
    description: str
    created: str
    last_used: str


@dataclass(frozen=True)
class TokenRefused:
    """401: the server does not know this token. Expired, deleted and mistyped cannot be told apart (WIRE 3)."""


@dataclass(frozen=True)
class TermsOpen:
    """403 ``missing_tos``: these terms stand in the way."""

    terms: Terms


@dataclass(frozen=True)
class PermissionMissing:
    """403 ``missing_permission``, or a plain-text 403: the account is not in a group that may read this."""

    permission: str
    dataset: str


@dataclass(frozen=True)
class UnknownDatastack:
    """400 ``invalid_table_id``: the server has no datastack of this name."""

    name: str


@dataclass(frozen=True)
class DatastackRecord:
    """What the info service says of a datastack; the data server is already a checked address."""

    name: str
    data_server: ServerAddress


Access = DatastackRecord | TermsOpen | PermissionMissing | UnknownDatastack | TokenRefused
Versions = tuple[int, ...] | TermsOpen | PermissionMissing | UnknownDatastack | TokenRefused


@dataclass(frozen=True)
class ServerFacts:
    """What the servers answered in one check; ``None`` where nothing was asked, an error where asking failed.

    Parameters
    ----------
    reachable : str or ServerError, optional
        The server's version; asked only where there is no token to ask about.
    account, keys, access, versions
        Who the token belongs to, the lasting keys of that account, the record of the chosen datastack, its versions.
    seconds_left : int or ServerError, optional
        How long a sign-in token still works, in seconds; asked only for a token that is no API key.
    is_demo : bool
        The server says that it is the demo.
    seconds : mapping of str to float
        How long each answer took, by the name of the field.

    """

    reachable: str | ServerError | None = None
    account: Account | TokenRefused | ServerError | None = None
    keys: tuple[ApiKey, ...] | TokenRefused | ServerError | None = None
    access: Access | ServerError | None = None
    versions: Versions | ServerError | None = None
    seconds_left: int | ServerError | None = None
    is_demo: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
