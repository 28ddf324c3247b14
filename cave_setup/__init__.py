"""Public names of cave_setup, each loaded on first use: importing the package does no work and loads no library."""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; importing typing would take longer than all the rest here
if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from cave_setup.actions import Setup
    from cave_setup.errors import (
        KeysError,
        PasteError,
        ServerError,
        SetupError,
        SeveralTokens,
        SignInError,
        StoreError,
    )
    from cave_setup.models import Status, Step
    from cave_setup.notebook.widget import Wizard

__version__ = "0.1.0"

__all__ = [
    "KeysError",
    "PasteError",
    "ServerError",
    "Setup",
    "SetupError",
    "SeveralTokens",
    "SignInError",
    "Status",
    "Step",
    "StoreError",
    "__version__",
    "activate",
    "load_ipython_extension",
    "wizard",
]

_HOMES = {
    "KeysError": "cave_setup.errors",
    "PasteError": "cave_setup.errors",
    "ServerError": "cave_setup.errors",
    "Setup": "cave_setup.actions",
    "SetupError": "cave_setup.errors",
    "SeveralTokens": "cave_setup.errors",
    "SignInError": "cave_setup.errors",
    "Status": "cave_setup.models",
    "Step": "cave_setup.models",
    "StoreError": "cave_setup.errors",
}


def wizard(
    server_address: str | None = None, datastack: str | None = None, *, environment: str | None = None
) -> Wizard:
    """Make the wizard; as the last line of a cell it shows itself.

    Parameters
    ----------
    server_address : str, optional
        The CAVE deployment; by default ``https://global.daf-apis.com``.
    datastack : str, optional
        The datastack that shall be readable; by default ``minnie65_public``.
    environment : str, optional
        Where this is, such as ``"jupyterhub"``; by default it is found out.

    Returns
    -------
    Wizard
        A widget, to be shown by itself or inside any ipywidgets layout.

    Raises
    ------
    AddressError
        If the address or the name of the datastack cannot be one.
    UnknownPlace
        If there is no such environment.
    NoHomeFolder
        If this user has none.

    """
    from cave_setup.notebook.widget import Wizard  # noqa: PLC0415 - ipywidgets is loaded only for this

    return Wizard(server_address, datastack, environment=environment)


def activate(server_address: str | None = None, datastack: str | None = None, *, replace: bool = False) -> Status:
    """Let caveclient and cloud-volume find a mounted secret, where files do not last: write their files for this run.

    For the first cell of a notebook that names no token, on Code Ocean and the like. Call it before cloud-volume is
    first used, which reads its file once. Where files last nothing is written; there a token is saved once.

    Parameters
    ----------
    server_address, datastack : str, optional
        As in `wizard`.
    replace : bool
        Replace a different token that stands in one of the files.

    Returns
    -------
    Status
        As the server answered just now; what stands in the way is printed to standard error, too.

    Raises
    ------
    AddressError
        If the address or the name of the datastack cannot be one.
    NoHomeFolder
        If this user has none.

    """
    import contextlib  # noqa: PLC0415 - importing the package does no work

    from cave_setup.actions import Setup  # noqa: PLC0415
    from cave_setup.report import what_stands_in_the_way  # noqa: PLC0415
    from cave_setup.terminal.output import say  # noqa: PLC0415

    with contextlib.closing(Setup(server_address, datastack)) as setup:
        status = setup.activate(replace=replace)
    if not status.ready:
        say(what_stands_in_the_way(status))  # or the next cell fails, and why is not seen
    return status


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register ``%cave_setup``; IPython calls this for ``%load_ext cave_setup``."""
    from cave_setup.magic import register  # noqa: PLC0415 - IPython is loaded only for this

    register(shell)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module  # noqa: PLC0415 - not needed before

        value: object = getattr(import_module(_HOMES[name]), name)
        return value
    raise AttributeError(f"module 'cave_setup' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
