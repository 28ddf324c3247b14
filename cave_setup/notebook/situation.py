"""What the screen has to show beyond the status: what the person or the wizard is at. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cave_setup.errors import SetupError
    from cave_setup.models import DatastackChoice, LikelyMeant

Reason = Literal["", "blocked", "closed", "late", "chosen"]


@dataclass(frozen=True)
class SignIn:
    """Where on the ladder of ways to sign in the person is: a window, a tab that comes back to this computer, a paste.

    Parameters
    ----------
    rung : {'', 'window', 'tab'}
        What is being tried.
    why : str
        Why the window did not do, or that the person chose not to wait for it.
    tab : str
        Address at which the tab begins; empty while there is none.
    tab_state : {'', 'looking', 'ready', 'opened', 'unreached', 'over', 'impossible'}
        Whether a way is still looked for or found; the person has opened it; it was not reached in time; its time is
        up; the browser cannot reach this computer.
    paste : bool
        The field to paste a token into is open.

    """

    rung: Literal["", "window", "tab"] = ""
    why: Reason = ""
    tab: str = ""
    tab_state: Literal["", "looking", "ready", "opened", "unreached", "over", "impossible"] = ""
    paste: bool = False


@dataclass(frozen=True)
class TermsText:
    """The text of the terms to be read now, as `cave_setup.notebook.markdown` gives it; empty if there is none."""

    id: int = 0
    body: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Pages:
    """Addresses of the server's pages, as a browser reaches them.

    Parameters
    ----------
    sign_in : str
        Where a sign-in begins that tells its opener.
    origins : tuple of str
        From which the server's pages may speak.
    token : str
        Where a person makes tokens by hand.
    terms : str
        Where the terms that stand open first are accepted; empty if none do.
    patience : float
        Seconds after which the silence of the sign-in window is told.

    """

    sign_in: str
    origins: tuple[str, ...]
    token: str
    terms: str = ""
    patience: float = 60.0


@dataclass(frozen=True)
class Situation:
    """What the person or the wizard is at.

    Parameters
    ----------
    busy : str
        What is being done at this moment; empty if nothing is.
    error : SetupError, optional
        What was wrong with the last thing that the person entered, and in which field.
    error_in : {'', 'paste', 'server', 'datastacks', 'wizard', 'keys', 'platform'}
    choices : tuple of (str, str)
        Tokens of a pasted text to choose from, masked: a label and a date.
    another : bool
        The person wants to use another token, whatever the state of this one.
    keys : bool
        The person looks at the account's keys.
    confirm : int, optional
        The number of the key whose revocation is being asked about.
    undo : bool
        Taking the last save back is being asked about.
    ask_first : bool
        Nothing follows by itself.
    watching : {'', 'terms', 'gave-up'}
        Whether the acceptance of terms is being waited for.
    place : {'', 'choose', 'about'}
        The person says where this is, or reads about it.
    guide : bool
        The person looks at how the token is kept here, before there is one.
    copied, opened : bool
        The token was copied, and the platform's account page opened.
    sign_in : SignIn
    terms : TermsText
    meant : LikelyMeant, optional
        What was likely meant by the server and the datastack that were entered.
    listing : bool
        The server's datastacks are being asked for.
    listed : tuple of DatastackChoice, optional
        The server's datastacks, as it gave them last.
    moved : int
        Counts how often another server or datastack was chosen, which closes the form for it.
    said : int
        Counts what was said to screen readers, so that the same sentence can be said twice.
    say : str
        The sentence to say.

    """

    busy: str = ""
    error: SetupError | None = None
    error_in: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    another: bool = False
    keys: bool = False
    confirm: int | None = None
    undo: bool = False
    ask_first: bool = False
    watching: str = ""
    place: str = ""
    guide: bool = False
    copied: bool = False
    opened: bool = False
    sign_in: SignIn = field(default_factory=SignIn)
    terms: TermsText = field(default_factory=TermsText)
    meant: LikelyMeant | None = None
    listing: bool = False
    listed: tuple[DatastackChoice, ...] | None = None
    moved: int = 0
    said: int = 0
    say: str = ""

    def error_text(self, place: str) -> str:
        """Give the sentence about what was entered in this place; empty if nothing was wrong there."""
        return str(self.error) if self.error and self.error_in == place else ""
