"""What a platform keeps as secrets: the variables that may hold a token, and the platform's own list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cave_setup import words

if TYPE_CHECKING:
    from cave_setup.models.token import Token


@dataclass(frozen=True)
class Slot:
    """A secret attached on a platform, as the platform's own list has it: where its value arrives, never the value.

    Parameters
    ----------
    description : str
        What its owner calls it.
    variable : str
        The environment variable in which the value arrives.
    has_arrived : bool
        The variable is set in this process.

    """

    description: str
    variable: str
    has_arrived: bool = False

    @property
    def shown(self) -> str:
        """What its owner calls it, for people."""
        return f"“{self.description}”" if self.description else self.variable


@dataclass(frozen=True)
class PlatformSecrets:
    """What a platform says of itself on this computer.

    Parameters
    ----------
    slots : tuple of Slot
        The secrets attached, by the platform's own list.
    damage : str
        Why the list could not be read, as a sentence; empty if it could.
    account_page : str
        Address of the page on which a person keeps secrets; empty where it is not known.

    """

    slots: tuple[Slot, ...] = ()
    damage: str = ""
    account_page: str = ""


@dataclass(frozen=True)
class SecretVariable:
    """A variable, or a secret that the platform hands out, that may hold a token; and what it really holds.

    Parameters
    ----------
    name : str
    token : Token, optional
    description : str
        What its slot is called; empty where it has none.
    fault : str
        Why there is no token, or why software that reads the variable cannot use it as it is; a sentence without the
        variable's name. Empty if it holds exactly a token.
    other_server : str
        Host of another deployment for which it is named or which its value names; it is not sent to the chosen one.
    is_named_for_here : bool
        Its name, description or value names the chosen deployment.
    platform : str
        The platform that hands it out through a module of its own; empty for an environment variable.

    """

    name: str
    token: Token | None
    description: str = ""
    fault: str = ""
    other_server: str = ""
    is_named_for_here: bool = False
    platform: str = ""

    @property
    def where(self) -> str:
        """Where a token in it comes from, for people."""
        return words.secret_of(self.platform, self.name) if self.platform else self.name

    @property
    def shown(self) -> str:
        """The same with what its owner calls it."""
        return f"{self.where} (“{self.description}”)" if self.description else self.where
