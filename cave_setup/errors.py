"""Everything that can go wrong, as types: each with a sentence and a remedy. Expected answers are values, not errors.

SetupError
├── PasteError                 text in which no token can be found
│   └── SeveralTokens          … or more than one: carries the masked candidates
├── AddressError               a server address that cannot be one
├── StoreError                 the token files
│   ├── NoHomeFolder           there is no folder to look for them in
│   ├── FolderNotWritable      nothing can be saved there
│   ├── StoreBusy              another program holds the lock
│   ├── DemoTokenRefused       a demo's token does not belong into a real home
│   ├── NotSavable             this token must not be saved (yet)
│   ├── FolderIsShared         the files would lie where other people see them
│   ├── WouldReplace           a different token stands there: a person is asked first
│   └── NothingToUndo          no save of the last week that could be taken back
├── SignInError                signing in brought no key
│   ├── SignInTimeout          nobody came back from the sign-in page in time
│   └── SignInRefused          the server does not know the token that the sign-in has just brought
├── NotADemo                   the tour plays at a demo server only
├── KeysError                  the account's lasting keys
│   ├── NoTokenToActWith       keys and terms need a token that the server accepts
│   ├── UnknownKey             the account has no such key (any more)
│   ├── OwnKey                 this computer uses that key: a person is asked first
│   └── RotationStopped        a key could not be replaced everywhere; says which one works
└── ServerError                could not ask: nothing is known about the token
    ├── NameLookupFailed       the name of the server was not found
    ├── ConnectionRefused      nothing listens, or the connection was cut
    ├── ServerTimeout          no answer in time
    ├── TlsFailed              the certificate was not accepted
    ├── ProxyFailed            the proxy of this network stood in the way
    ├── NotJson                something answered, but not CAVE (a captive portal)
    ├── LoginRedirect          sent to a login page instead of an answer
    ├── ServerBroken           5xx
    └── UnexpectedAnswer       CAVE answered something that we do not understand

Errors are raised ``from None`` outside ``except`` blocks, so that no traceback reaches the frames and exceptions of
the HTTP library, which hold the token; `forgetting` keeps them out of our own, too
(docs/decisions/0006-tokens-in-tracebacks.md).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cave_setup.models.token import Candidate

P = ParamSpec("P")
T = TypeVar("T")


class SetupError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    sentence : str
        What happened, as a full sentence for the person at the screen.
    remedy : str, optional
        What to do now, as a full sentence.

    """

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


def forgetting(act: Callable[P, T]) -> Callable[P, T]:
    """Let errors of ours, and a person's interruption, out without the frames below.

    Their variables hold what was pasted, the environment, raw answers and the requests of the HTTP library, and a
    verbose traceback shows all variables. Mistakes of the program keep their frames.
    """

    @functools.wraps(act)
    def acted(*args: P.args, **kwargs: P.kwargs) -> T:
        error: BaseException
        try:
            return act(*args, **kwargs)
        except (SetupError, KeyboardInterrupt) as raised:
            error = raised.with_traceback(None)
        error.__context__ = None  # an interruption can come while an exception of a library is dealt with
        del args, kwargs  # this frame is shown
        raise error

    return acted


class NotADemo(SetupError):
    """What answers does not say that it is a demo; the tour changes things, and goes nowhere else."""


class PasteError(SetupError):
    """The text holds no token; the sentence says what it looks like instead, where that can be told."""


class SeveralTokens(PasteError):
    """The text holds several tokens and a person has to choose.

    Parameters
    ----------
    candidates : sequence of Candidate
        What was found, in the order of the text. Their tokens show themselves masked.
    sentence, remedy : str
        As in `SetupError`.

    """

    def __init__(self, candidates: Sequence[Candidate], sentence: str, remedy: str = "") -> None:
        super().__init__(sentence, remedy)
        self.candidates = tuple(candidates)


class AddressError(SetupError, ValueError):
    """The text cannot be the address of a CAVE server."""


class UnknownPlace(SetupError, ValueError):
    """There is no place of this name where notebooks run."""


class NotPossibleHere(SetupError):
    """Python runs where CAVE cannot be used at all."""


class StoreError(SetupError):
    """Token files could not be read or written."""


class NoHomeFolder(StoreError):
    """Nobody says where this user's home folder is, in which all token files are."""


class FolderNotWritable(StoreError):
    """Nothing can be saved in the folder: read-only, full, somebody else's, or thrown away with a demo."""


class StoreBusy(StoreError):
    """Another program holds the lock on the token files."""


class DemoTokenRefused(StoreError):
    """A demo server's token is not saved into a person's real home folder."""


class NotSavable(StoreError):
    """The token must not be saved: it was never verified, was refused, or is about to run out."""


class FolderIsShared(StoreError):
    """The token files would lie in a folder that other people get to see; nothing was written."""


class WouldReplace(StoreError):
    """A different token already stands in a file that would be written; nothing was changed."""


class NothingToUndo(StoreError):
    """There is no save that could be taken back; nothing was changed."""


class SignInError(SetupError):
    """Signing in brought no key; nothing was changed on this computer."""


class SignInTimeout(SignInError):
    """Nobody came back from the sign-in page in time."""


class SignInRefused(SignInError):
    """The server does not know the token that a sign-in has just brought."""


class KeysError(SetupError):
    """Something about the account's lasting keys could not be done."""


class NoTokenToActWith(KeysError):
    """There is no token that the server accepts, and without one nothing of the account can be changed."""


class UnknownKey(KeysError):
    """The account has no key with this number (any more)."""


class OwnKey(KeysError):
    """The key is the one that this computer uses; nothing was revoked."""


class RotationStopped(KeysError):
    """A key could not be replaced everywhere; the sentence says which one works."""


class ServerError(SetupError):
    """The server could not be asked. Never a statement about the token.

    Parameters
    ----------
    host : str
        Host (and port) that was asked.

    """

    what = "{host} could not be asked."
    do = "Try again in a moment."

    def __init__(self, host: str, detail: str = "") -> None:
        super().__init__(self.what.format(host=host, detail=detail), self.do.format(host=host, detail=detail))
        self.host = host


class NameLookupFailed(ServerError):
    """The server's name was not found."""

    what = "The name {host} was not found on this network."
    do = "Check the address for a typing mistake and that this computer is online; then check again."


class ConnectionRefused(ServerError):
    """Nothing listens at the address, or the connection was cut."""

    what = "{host} was found, but it refused or cut the connection."
    do = (
        "The server may be down, or a firewall stands in between. Check again in a minute; "
        "if it stays so on this network only, ask its administrator."
    )


class ServerTimeout(ServerError):
    """No answer came in time."""

    what = "{host} did not answer in time."
    do = (
        "Check again in a moment. On a guest network, open any web page first: it may want you to log in. "
        "Nothing is known to be wrong with your token."
    )


class TlsFailed(ServerError):
    """The server's certificate was not accepted."""

    what = "The secure connection to {host} failed: its certificate was not accepted."
    do = (
        "On a network that inspects traffic, ask for its certificate and set REQUESTS_CA_BUNDLE to that file. "
        "Otherwise check the address and this computer's clock. Nothing was sent."
    )


class ProxyFailed(ServerError):
    """The proxy that this computer is set up to use stood in the way."""

    what = "The proxy of this network did not let the request to {host} through."
    do = "Look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY in this environment, or ask who runs the network."


class NotJson(ServerError):
    """A web page came where CAVE sends JSON: mostly the login page of a guest network."""

    what = "A web page came back where {host} would have answered."
    do = (
        "A guest network that wants a log-in does this: open any web page, log in to the network, and check again. "
        "Otherwise check that the address is a CAVE server's."
    )


class LoginRedirect(ServerError):
    """The request was sent on to another page instead of being answered."""

    what = "{host} sent the request on to another page{detail} instead of answering."
    do = (
        "The token was not sent there. A guest network or a single-sign-on gateway does this: open the address "
        "in a browser, log in, and check again."
    )


class ServerBroken(ServerError):
    """The server answered that it is broken (5xx)."""

    what = "{host} is in trouble (it answered {detail})."
    do = "That is on the server's side; check again in a few minutes. Nothing is known to be wrong with your token."


class UnexpectedAnswer(ServerError):
    """The server answered something that this version does not understand."""

    what = "{host} answered in a way that this version does not understand ({detail})."
    do = "Check that the address is a CAVE server's. If it is, please report this with the words in brackets."
