"""Lasting keys of an account: have one, replace one. The order of requests in which a working key always remains.

Knows what to ask in which order; saves through the token store; decides nothing that a person has to decide.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.at_once import at_once
from cave_setup.errors import NoTokenToActWith, RotationStopped, ServerError, SetupError, SignInRefused
from cave_setup.models import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cave_setup.auth_server import AuthServer
    from cave_setup.models import ApiKey, Token
    from cave_setup.token_store import TokenStore

END_SECONDS = 2.0


def lasting_key(server: AuthServer, token: Token, description: str) -> tuple[Token, tuple[ApiKey, ...] | None]:
    """Have a lasting key: the account's newest of this description, so that they do not pile up, else a new one.

    Parameters
    ----------
    server : AuthServer
    token : Token
        Any token of the account; a sign-in token will do.
    description : str
        As the server lists it: one line, not too long.

    Returns
    -------
    token : Token
    keys : tuple of ApiKey or None
        The account's keys, if that one was among them; a new one has to be asked for.

    Raises
    ------
    SignInRefused, ServerError
        There is none.

    """
    keys = server.keys(token)
    made: Token | TokenRefused = TokenRefused()
    if not isinstance(keys, TokenRefused):
        kept = next((key.token for key in keys if key.description == description), None)
        if kept is not None:
            return kept, keys
        made = server.make_key(token, description)
    if isinstance(made, TokenRefused):
        raise SignInRefused(words.SIGN_IN_REFUSED, words.SIGN_IN_AGAIN)
    return made, None


def end_sign_in(server: AuthServer, token: Token) -> str:
    """End a sign-in token that has done its work, as far as that can be done, and say in a sentence what came of it.

    Nobody is kept waiting for it by a server that hangs: it may have been waited for already. It goes on being asked.
    """
    deadline = time.monotonic() + END_SECONDS
    asked = at_once({"ended": lambda: server.end_sign_in(token)}, server.address.netloc, deadline)
    return words.SIGN_IN_NOT_ENDED if isinstance(asked.answers["ended"], ServerError) else words.SIGN_IN_ENDED


def rotate(
    server: AuthServer, store: TokenStore, old: Token, old_id: int | None, description: str, mounted: Sequence[str]
) -> tuple[Token, str]:
    """Replace a key: new one, verified, saved everywhere the old one was, read back; only then the old one revoked.

    Parameters
    ----------
    server : AuthServer
    store : TokenStore
    old : Token
        A lasting key that works.
    old_id : int or None
        Its number; None for one that the server does not list.
    description : str
        Of the new key.
    mounted : sequence of str
        Environment variables that hold the old key: out of our reach, so it is not revoked then.

    Returns
    -------
    token : Token
        The new key.
    report : str
        What became of the old one, as a sentence.

    Raises
    ------
    RotationStopped, ServerError, NoTokenToActWith
        The old key works as before. What was begun has been taken back, or the sentence says what was not.

    """
    new = server.make_key(old, description)
    if isinstance(new, TokenRefused):
        raise NoTokenToActWith(words.NO_TOKEN_TO_ACT_WITH, words.SIGN_IN_AGAIN)
    problem = _put_in_place(server, store, old, new)
    if problem is not None:
        raise _taken_back(server, store, old, new, problem)
    if mounted:
        return new, words.old_key_is_mounted(old.masked, mounted)
    try:
        # A key that is not listed can be ended in this way only (docs/wire.md section 4).
        gone = (server.end_sign_in(old) or TokenRefused()) if old_id is None else server.revoke_key(new, old_id)
    except ServerError:
        gone = TokenRefused()
    if isinstance(gone, TokenRefused):
        return new, words.old_key_not_revoked(old.masked)
    return new, words.old_key_revoked(old.masked)


def _put_in_place(server: AuthServer, store: TokenStore, old: Token, new: Token) -> SetupError | None:
    """Verify the new key and save it; give what stood in the way."""
    try:
        keys = server.keys(new)
        if isinstance(keys, TokenRefused) or all(key.token != new for key in keys):
            return RotationStopped(words.NEW_KEY_NOT_KNOWN, words.NO_SUCH_KEY_REMEDY)
        store.replace_token(old, new, server.address, is_demo=server.says_it_is_a_demo)
    except SetupError as error:
        return error.with_traceback(None)
    return None


def _taken_back(server: AuthServer, store: TokenStore, old: Token, new: Token, problem: SetupError) -> RotationStopped:
    """Take the new key back, unless files hold it already or will once an interrupted save is finished."""
    if store.may_hold(new):
        return RotationStopped(words.rotation_half_done(problem.sentence), problem.remedy)
    try:
        keys = server.keys(old)
        made = [key.id for key in keys if key.token == new] if isinstance(keys, tuple) else []
        taken_back = [server.revoke_key(old, key_id) for key_id in made]
    except ServerError:
        taken_back = []
    sentence = words.rotation_undone if taken_back == [True] else words.rotation_left_a_key
    return RotationStopped(sentence(problem.sentence, new.masked), problem.remedy)
