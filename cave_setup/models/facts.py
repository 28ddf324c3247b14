"""What was found on this computer, and all facts of one check together. Judging them is the work of `plan`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cave_setup.models.secrets import PlatformSecrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from cave_setup.errors import SetupError
    from cave_setup.models.address import ServerAddress
    from cave_setup.models.answers import ApiKey, ServerFacts
    from cave_setup.models.environment import Environment
    from cave_setup.models.secrets import SecretVariable
    from cave_setup.models.status import StepKey
    from cave_setup.models.token import Credential, Token

NO_END = -1  # seconds that the server says an API key has left

# A file of this name in a home folder says that the home was made for a demo and goes with it.
DEMO_HOME_MARK = ".cave-setup-demo"

Damage = Literal["unreadable", "not-json", "not-an-object", "no-token", "not-a-token"]


@dataclass(frozen=True)
class TokenFile:
    """One token file as it was read: its token, or what is wrong with it.

    Parameters
    ----------
    path : Path
    shown : str
        The path as a person writes it: ``~/.cloudvolume/secrets/cave-secret.json``.
    token : Token, optional
    damage : str, optional
        Why there is no token; see `Damage`.
    server : str
        Host that the file itself names (``middle_auth_url``, as in the token page's download); empty if none.
    mode : int
        Permission bits.

    """

    path: Path
    shown: str
    token: Token | None
    damage: Damage | None = None
    server: str = ""
    mode: int = 0o600


@dataclass(frozen=True)
class SaveTarget:
    """A file that a save would write, and what stands there now.

    Parameters
    ----------
    path : Path
    shown : str
    reader : str
        Which software reads it, and for what.
    now : TokenFile, optional
        What stands there; None where there is no file.
    verdict : {'same', 'new', 'add', 'renew', 'replace', 'repair', 'foreign'}
        Holds this token already; no file yet; a file without a token; a different token (asked about); a damaged
        file (moved aside); another deployment's token (left alone unless asked for).
    other_server : str
        With ``foreign``: the deployment that the token standing there belongs to.

    """

    path: Path
    shown: str
    reader: str
    now: TokenFile | None
    verdict: Literal["same", "new", "add", "renew", "replace", "repair", "foreign"]
    other_server: str = ""


@dataclass(frozen=True)
class LastSave:
    """The last save on this computer, as it can be taken back.

    Parameters
    ----------
    saved_at : datetime
        Local time.
    files : tuple of (str, TokenFile or None)
        Each file that it changed, as a person writes it, and what that held before; None if there was no file.

    """

    saved_at: datetime
    files: tuple[tuple[str, TokenFile | None], ...]


@dataclass(frozen=True)
class StoreFacts:
    """The token files of this computer, and which of them counts for what.

    Parameters
    ----------
    folder : str
        Where caveclient keeps its files, as a person writes it.
    files : tuple of TokenFile
        Every token file found.
    for_caveclient, for_cloud_volume : TokenFile, optional
        The one file that each will take for this server and its data server; cloud-volume's is None also while the
        data server is not known.
    targets : tuple of SaveTarget
        What a save would write; empty while there is no token.
    left_out : str
        The server's own file, where its name cannot be a file name (a port, on Windows); else empty.
    obstacle : str
        Why nothing can be saved in the folder, or the folder not be made; empty if it can.
    in_the_way : str
        The file, or link to nowhere, that stands where the folder, or one that it lies in, should be; else empty.
    is_silent : bool
        The disk did not answer in time, so that nothing else is known.
    last_save : LastSave, optional
        The last save, while it can be taken back.
    seconds : float
        How long reading took.

    """

    folder: str
    files: tuple[TokenFile, ...] = ()
    for_caveclient: TokenFile | None = None
    for_cloud_volume: TokenFile | None = None
    targets: tuple[SaveTarget, ...] = ()
    left_out: str = ""
    obstacle: str = ""
    in_the_way: str = ""
    is_silent: bool = False
    last_save: LastSave | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Facts:
    """Everything that was observed, in one frozen value; `cave_setup.plan` turns it into a status.

    Parameters
    ----------
    credentials : tuple of Credential
        All tokens found, the one that is looked at first.
    secret_variables : tuple of SecretVariable
        The variables that may hold a token, strongest first, and what each really holds.
    platform : PlatformSecrets
        What the platform says of its secrets.
    problems : mapping of step key to SetupError
        What was asked for a moment ago and did not happen, by the step that it belongs to.
    reports : tuple of str
        Further sentences about what was done a moment ago.
    mended : tuple of str
        The files that an interrupted save had left different from the others, until this very look.

    """

    server_address: ServerAddress
    datastack: str
    environment: Environment
    store: StoreFacts
    server: ServerFacts
    checked_at: datetime
    credentials: tuple[Credential, ...] = ()
    secret_variables: tuple[SecretVariable, ...] = ()
    platform: PlatformSecrets = field(default_factory=PlatformSecrets)
    problems: Mapping[StepKey, SetupError] = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()

    @property
    def is_lasting(self) -> bool:
        """Whether a server has just called the token lasting.

        It is in the account's list of keys, or has no end all the same: a failed request can leave such a key behind,
        which works and is not listed (docs/wire.md section 4).
        """
        if self.credential is None or not isinstance(self.server.keys, tuple):
            return False
        return self.own_key is not None or self.server.seconds_left == NO_END

    @property
    def own_key(self) -> ApiKey | None:
        """The account's key that is looked at, as the account lists it; None for any other token."""
        keys, credential = self.server.keys, self.credential
        if credential is None or not isinstance(keys, tuple):
            return None
        return next((key for key in keys if key.token == credential.token), None)

    @property
    def mounted(self) -> SecretVariable | None:
        """The variable that holds the token which is looked at, whatever else holds it; None if none does.

        Of several the one that holds it and nothing else.
        """
        token = self.credential.token if self.credential else None
        holding = [found for found in self.secret_variables if found.token == token and not found.other_server]
        return min(holding, key=lambda found: bool(found.fault), default=None) if token else None

    @property
    def credential(self) -> Credential | None:
        """The credential that is looked at, or None."""
        return self.credentials[0] if self.credentials else None
