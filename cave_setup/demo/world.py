"""The people, terms, data sets and tokens of the demo, and what can happen to them; no HTTP here."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]

SIGN_IN_LIFETIME = 604800.0
"""Seconds a sign-in token lives (7 days); use does not prolong it."""

MAX_DESCRIPTION = 120
"""Characters the real server's database column has room for."""

DEFAULT_GROUP = "default"
"""The group that every new account is in."""


@dataclass(frozen=True)
class Terms:
    """Terms of service; `text` is Markdown."""

    id: int
    name: str
    text: str


@dataclass(frozen=True)
class Dataset:
    """A data set: the terms it asks for, the groups that may view it, the datastacks that show it."""

    id: int
    name: str
    terms: int | None
    groups: tuple[str, ...]
    datastacks: tuple[str, ...]


@dataclass
class User:
    """An account."""

    id: int
    name: str
    email: str
    groups: tuple[str, ...]
    admin: bool
    created: float
    accepted: set[int] = field(default_factory=set)
    name_is_custom: bool = False


@dataclass
class ApiKey:
    """What the server keeps about a lasting key, beside the token itself."""

    id: int
    description: str | None
    created: float
    updated: float
    last_used: float | None = None


@dataclass
class Token:
    """A token that opens doors: a sign-in token (it expires) or an API key (`key` is set).

    One with neither is the key that a failed `POST /user/token` leaves behind: it works, never ends and
    is listed nowhere.
    """

    text: str = field(repr=False)
    user: User
    expires: float | None = None
    key: ApiKey | None = None


class World:
    """Everything the demo remembers.

    Parameters
    ----------
    terms, datasets
        What there is to accept and to view.
    clock
        Seconds since the epoch; tests put their own here so that they need not wait.

    Notes
    -----
    The server's thread and a test's may use it at the same time: whatever is gone through is copied first.
    """

    def __init__(self, terms: list[Terms], datasets: list[Dataset], clock: Clock = time.time) -> None:
        self.terms = {one.id: one for one in terms}
        self.datasets = {one.name: one for one in datasets}
        self.users: dict[int, User] = {}
        self.newcomers: dict[str, str] = {}
        self.clock = clock
        self._tokens: dict[str, Token] = {}
        self._key_ids = itertools.count(1)

    # People

    def add_user(
        self, email: str, name: str, *, groups: tuple[str, ...] = (DEFAULT_GROUP,), admin: bool = False
    ) -> User:
        """Make an account."""
        user = User(max(self.users, default=0) + 1, name, email, groups, admin, self.clock())
        self.users[user.id] = user
        return user

    def strangers(self) -> list[tuple[str, str]]:
        """Return e-mail and name of the people known to Google who have no account here yet."""
        return [(email, name) for email, name in list(self.newcomers.items()) if self.user_by_email(email) is None]

    def name_at_google(self, email: str) -> str | None:
        """Return the name of one of `newcomers`, with an account by now or not."""
        wanted = email.casefold()
        return next((name for known, name in list(self.newcomers.items()) if known.casefold() == wanted), None)

    def user_by_email(self, email: str) -> User | None:
        """Return the account of an address; upper and lower case are the same person."""
        wanted = email.casefold()
        return next((user for user in list(self.users.values()) if user.email.casefold() == wanted), None)

    def groups(self) -> list[str]:
        """Return every group there is; a group's id is its place here, counted from 1."""
        of_users = [group for user in self.users.values() for group in user.groups]
        of_datasets = [group for dataset in self.datasets.values() for group in dataset.groups]
        return list(dict.fromkeys((DEFAULT_GROUP, *of_users, *of_datasets)))

    # Terms and permissions

    def reaches(self, user: User, dataset: Dataset) -> bool:
        """Whether one of the user's groups may view the data set, terms or not."""
        return not set(user.groups).isdisjoint(dataset.groups)

    def missing_terms(self, user: User) -> list[tuple[Dataset, Terms]]:
        """Return a pair for each data set within reach whose terms are not accepted."""
        return [
            (dataset, self.terms[dataset.terms])
            for dataset in self.datasets.values()
            if dataset.terms is not None and dataset.terms not in user.accepted and self.reaches(user, dataset)
        ]

    def accept(self, user: User, terms_id: int) -> None:
        """Store that the user accepted; it counts at once for all the user's tokens."""
        if terms_id not in self.terms:
            raise KeyError(terms_id)
        user.accepted.add(terms_id)

    def dataset_of(self, datastack: str) -> Dataset | None:
        """Return the data set behind a datastack; their names may differ."""
        return next((one for one in self.datasets.values() if datastack in one.datastacks), None)

    # Tokens

    def token(self, text: str) -> Token | None:
        """Return the live token of exactly this text; expired ones are gone, case matters."""
        found = self._tokens.get(text)
        if found is not None and found.expires is not None and found.expires <= self.clock():
            del self._tokens[text]
            return None
        return found

    def use(self, text: str) -> Token | None:
        """Return the live token of this text, and note the use if it is an API key."""
        found = self.token(text)
        if found is not None and found.key is not None:
            found.key.last_used = self.clock()
        return found

    def keys_of(self, user: User) -> list[tuple[ApiKey, Token]]:
        """Return the user's API keys, newest first."""
        mine = [(token.key, token) for token in list(self._tokens.values()) if token.user is user and token.key]
        return sorted(mine, key=lambda pair: pair[0].id, reverse=True)

    def key_of(self, email: str) -> str:
        """Return the text of the newest API key of an address, for tests and demonstrations."""
        user = self.user_by_email(email)
        keys = [] if user is None else self.keys_of(user)
        if not keys:
            raise KeyError(email)
        return keys[0][1].text

    def sign_in(self, user: User, lifetime: float = SIGN_IN_LIFETIME, text: str | None = None) -> Token:
        """Make a further sign-in token; old ones stay valid."""
        return self._keep(Token(text or _new_text(), user, expires=self.clock() + lifetime))

    def make_key(self, user: User, description: str | None, text: str | None = None) -> Token:
        """Make a further API key."""
        now = self.clock()
        key = ApiKey(next(self._key_ids), description, now, now)
        return self._keep(Token(text or _new_text(), user, key=key))

    def leave_key_behind(self, user: User) -> Token:
        """Make the working, never-ending, unlisted key that a failed `POST /user/token` leaves."""
        return self._keep(Token(_new_text(), user))

    def renew_key(self, token: Token) -> Token:
        """Give an API key a new text; the old text is dead at once, id and description stay."""
        self.end(token)
        if token.key is not None:
            token.key.updated = self.clock()
        return self._keep(Token(_new_text(), token.user, key=token.key))

    def end(self, token: Token) -> None:
        """End one token."""
        self._tokens.pop(token.text, None)

    def end_sign_ins(self, user: User) -> None:
        """End all of a user's sign-in tokens; lasting ones stay."""
        ended = [one for one in list(self._tokens.values()) if one.user is user and one.expires is not None]
        for token in ended:
            self.end(token)

    def _keep(self, token: Token) -> Token:
        self._tokens[token.text] = token
        return token


def _new_text() -> str:
    return secrets.token_hex(16)
