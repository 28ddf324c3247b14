"""What can be done with the lasting keys of an account: have, list, use, revoke and replace one. No screen, no rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cave_setup import keys, words
from cave_setup.auth_server import LONGEST_DESCRIPTION
from cave_setup.environment import computer_name
from cave_setup.errors import (
    NoTokenToActWith,
    OwnKey,
    RotationStopped,
    ServerError,
    SetupError,
    UnknownKey,
    forgetting,
)
from cave_setup.looking import Looking
from cave_setup.models import Credential, ServerFacts, TokenRefused
from cave_setup.observe import Kept
from cave_setup.reading import text as text_line

if TYPE_CHECKING:
    from cave_setup.models import ApiKey, Facts, Status, Token


class KeyActions(Looking):
    """The part of `cave_setup.Setup` that is about keys; its parameters are explained there."""

    @forgetting
    def make_token(self, description: str | None = None) -> Status:
        """Have a lasting key for this computer, with the token at hand, and use that from now on.

        A key of the account with the same description is used again. If the token at hand is a sign-in token that
        was given just now, it is ended afterwards; one that was found in a file, once `save` has replaced it there.

        Parameters
        ----------
        description : str, optional
            By default this computer's name; cut to what the server can take.

        Raises
        ------
        NoTokenToActWith
            If there is no token for this server.

        """
        facts = self._found()
        # As the list of keys will have it: else the key would not be found again, and each time there were one more.
        name = text_line(description)[:LONGEST_DESCRIPTION].strip()
        return self._make_lasting(
            acting(facts),
            name or computer_name(self._environment),
            end=is_a_fresh_sign_in(facts),
            instead_of=_saved_sign_in(facts),
        )

    def _make_lasting(self, token: Token, description: str, *, end: bool, instead_of: Token | None = None) -> Status:
        problem: SetupError | None = None
        reports: list[str] = []
        try:
            key, listed = keys.lasting_key(self.server, token, description)
            self._given = Credential(key, "memory", words.MADE_HERE, instead_of=instead_of)
            self._look(Kept(key, ServerFacts(keys=listed)))  # whatever is listed was listed a moment ago
        except SetupError as error:
            problem = error.with_traceback(None)
        finally:
            if end:  # also where something failed in between: nobody will use it any more
                reports.append(keys.end_sign_in(self.server, token))
        if problem is None:
            return self._say(*reports)
        if end and self._given and self._given.token == token:
            self._given = None
            self.check()
        return self._say(*reports, problems={"account" if end else "token": problem})

    @forgetting
    def tokens(self) -> tuple[ApiKey, ...]:
        """List the account's lasting keys, newest first.

        Raises
        ------
        NoTokenToActWith
            If there is no token for this server, or it does not accept it.
        ServerError
            If it could not be asked.

        """
        acting(self._found())
        self._look_again("keys")
        listed = self._found().server.keys
        if isinstance(listed, ServerError):
            raise listed
        if not isinstance(listed, tuple):
            raise NoTokenToActWith(words.NO_TOKEN_TO_ACT_WITH, words.SIGN_IN_AGAIN)
        return listed

    @forgetting
    def use_key(self, key_id: int) -> Status:
        """Use one of the account's keys on this computer from now on, and verify it.

        Raises
        ------
        UnknownKey
            If the account has no such key.

        """
        key, facts = self._key(key_id), self._found()
        self._given = Credential(
            key.token, "memory", words.one_of_the_keys(key.description), instead_of=_saved_sign_in(facts)
        )
        self.check()
        reports = [keys.end_sign_in(self.server, acting(facts))] if is_a_fresh_sign_in(facts) else []
        return self._say(*reports)

    @forgetting
    def revoke(self, key_id: int, *, own: bool = False) -> Status:
        """Revoke one of the account's keys: it opens nothing any more, wherever it is used.

        Parameters
        ----------
        key_id : int
            As `tokens` lists it.
        own : bool
            Needed for the key that this computer uses.

        Raises
        ------
        UnknownKey
            If the account has no such key.
        OwnKey
            If it is the one that this computer uses and ``own`` is False; nothing was revoked.

        """
        key, is_own = self._key(key_id), self._is_own(key_id)
        if is_own and not own:
            raise OwnKey(words.own_key(key.token.masked), words.OWN_KEY_REMEDY)
        try:
            revoked = self.server.revoke_key(acting(self._found()), key_id)
        except ServerError as error:
            return self._say(problems={"token": error.with_traceback(None)})
        if isinstance(revoked, TokenRefused):
            return self.check()
        self.check() if is_own else self._look_again("keys")
        return self._say(words.key_revoked(key.description, key.token.masked))

    @forgetting
    def rotate(self) -> Status:
        """Replace the key that this computer uses by a new one, and revoke the old one.

        The new key is made, verified, saved in every file that held the old one, and read back; only then the old
        one is revoked. Whatever fails on the way, a working key remains.

        Raises
        ------
        NoTokenToActWith
            If this computer uses no lasting key that the server accepts.

        """
        facts = self._found()
        old = acting(facts)
        if isinstance(facts.server.keys, ServerError):
            return self._say(problems={"token": facts.server.keys})  # which says nothing about the token
        if not facts.is_lasting:
            raise NoTokenToActWith(words.NO_TOKEN_TO_ACT_WITH, words.SIGN_IN_AGAIN)
        mounted = tuple(found.where for found in facts.secret_variables if found.token == old)
        own_id = facts.own_key.id if facts.own_key else None
        try:
            new, report = keys.rotate(self.server, self._store, old, own_id, computer_name(self._environment), mounted)
        except (RotationStopped, ServerError) as error:
            self._look_again()  # at the files only: what went wrong must not be lost where the server has gone
            return self._say(problems={"token": error.with_traceback(None)})
        self._given = Credential(new, "memory", words.MADE_HERE)
        self.check()
        return self._say(report)

    def _without_the_replaced(self) -> Status:
        """End the sign-in token that the saved key took the place of, once nothing here holds it any more."""
        facts, gone = self._found(), self._given.instead_of if self._given else None
        held = [file.token for file in facts.store.files] + [found.token for found in facts.secret_variables]
        if self._given is None or gone is None or gone in held:
            return self.found()
        self._given = replace(self._given, instead_of=None)
        self._store.forget_last_save()
        return self._say(*facts.reports, keys.end_sign_in(self.server, gone))

    def _key(self, key_id: int) -> ApiKey:
        listed = self._found().server.keys
        if not isinstance(listed, tuple) or all(key.id != key_id for key in listed):
            listed = self.tokens()
        key = next((key for key in listed if key.id == key_id), None)
        if key is None:
            raise UnknownKey(words.no_such_key(key_id), words.NO_SUCH_KEY_REMEDY)
        return key

    def _is_own(self, key_id: int) -> bool:
        """Whether this computer uses the key: it is looked at, or stands in a file or a variable."""
        token = self._key(key_id).token
        facts = self._found()
        in_files = [file.token for file in facts.store.files]
        in_variables = [found.token for found in facts.secret_variables]
        return token in [*in_files, *in_variables, *(credential.token for credential in facts.credentials)]


def acting(facts: Facts) -> Token:
    """Give the token with which something can be done on the server."""
    credential = facts.credential
    if credential is None or credential.other_server:
        raise NoTokenToActWith(words.NO_TOKEN_TO_ACT_WITH, words.SIGN_IN_AGAIN)
    return credential.token


def is_a_fresh_sign_in(facts: Facts) -> bool:
    """Whether the token at hand came from a sign-in, is in memory only, and so of no use once there is a key.

    Only where the server has said how long it lives: a lasting one that it does not list must not be ended.
    """
    return _has_an_end(facts) and facts.credential is not None and facts.credential.source == "memory"


def _saved_sign_in(facts: Facts) -> Token | None:
    """Give the sign-in token that somebody saved here by hand: a key will take its place."""
    credential = facts.credential
    if credential is None:
        return None
    is_one = _has_an_end(facts) and credential.source == "file"
    return credential.token if is_one else credential.instead_of  # where another key was chosen first


def _has_an_end(facts: Facts) -> bool:
    return isinstance(facts.server.seconds_left, int) and not facts.is_lasting
