"""The parser of the command line, and nothing of what its verbs do."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import __version__, words
from cave_setup.errors import SetupError
from cave_setup.masking import holds_a_token
from cave_setup.places import place_names
from cave_setup.terminal import INTERRUPTED, READY, WRONG_USAGE
from cave_setup.terminal.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from cave_setup.actions import Setup


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of this process.

    Returns
    -------
    int
        The exit code.

    """
    parser = command_line()
    parsed = parser.parse_args(arguments)
    if parsed.verb is None:
        parser.print_help()
        return READY
    try:
        return _run(parsed)
    except SetupError as error:
        say(f"cave-setup: {error}")
        return WRONG_USAGE
    except KeyboardInterrupt:
        say("")
        return INTERRUPTED


def _run(parsed: argparse.Namespace) -> int:
    """Each verb loads only what it needs."""
    if parsed.verb == "status":
        from cave_setup.terminal.status import status  # noqa: PLC0415

        return status(_setup(parsed), as_json=parsed.json)
    if parsed.verb == "datastacks":
        from cave_setup.terminal.datastacks import datastacks  # noqa: PLC0415

        return datastacks(_setup(parsed), as_json=parsed.json)
    if parsed.verb == "activate":
        from cave_setup.terminal.status import activate  # noqa: PLC0415

        return activate(_setup(parsed), replace=parsed.replace)
    if parsed.verb == "guide":
        from cave_setup.terminal.guide import guide  # noqa: PLC0415

        return guide(_setup(parsed), parsed.place)
    if parsed.verb == "undo":
        from cave_setup.terminal.asking import Person  # noqa: PLC0415
        from cave_setup.terminal.undo import undo  # noqa: PLC0415

        return undo(_setup(parsed), Person(sys.stdin, yes=parsed.yes))
    if parsed.verb == "login":
        from cave_setup.actions import open_in_browser  # noqa: PLC0415
        from cave_setup.terminal.asking import Person  # noqa: PLC0415
        from cave_setup.terminal.login import ended_in_order, login, login_with_token  # noqa: PLC0415

        setup, person = _setup(parsed), Person(sys.stdin, yes=parsed.yes)
        with ended_in_order():
            if parsed.with_token:
                return login_with_token(setup, person)
            return login(setup, person, None if parsed.no_browser else open_in_browser)
    from cave_setup.terminal.demo import demo  # noqa: PLC0415

    return demo(
        parsed.port,
        parsed.seed,
        server_only=parsed.server_only,
        browser=not parsed.no_browser,
        instead=parsed.command,
    )


def _setup(parsed: argparse.Namespace) -> Setup:
    from cave_setup.actions import Setup  # noqa: PLC0415 - requests is loaded only where something is asked

    return Setup(parsed.server, parsed.datastack, environment=parsed.environment)


class _Parser(argparse.ArgumentParser):
    """Names in its errors what it did not understand, but no token."""

    def error(self, message: str) -> NoReturn:
        super().error(words.NO_TOKEN_ON_COMMAND_LINE if holds_a_token(message) else message)


def command_line() -> argparse.ArgumentParser:
    """Make the parser; the documentation draws its help from it."""
    parser = _Parser(
        prog="cave-setup",
        description="Set this computer up for CAVE: account, terms, token, saved and verified.",
        epilog=words.exit_codes(),
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="{status,login,undo,activate,guide,datastacks,demo}")
    status = verbs.add_parser(
        "status", help="say where the set-up of this computer stands", description="Look, ask the server, and say."
    )
    status.add_argument("--json", action="store_true", help="as JSON, for programs")
    login = verbs.add_parser(
        "login",
        help="sign in, and have a lasting key made and saved",
        description="Sign in with the browser, or paste a token; accept terms; have a lasting key made, and save it.",
    )
    login.add_argument("--no-browser", action="store_true", help="only print the address to sign in at")
    login.add_argument("--with-token", action="store_true", help="take a token from standard input instead")
    login.add_argument(
        "--yes", action="store_true", help="answer questions with yes, but for terms: those only a person accepts"
    )
    undo = verbs.add_parser(
        "undo",
        help="take the last save on this computer back",
        description="Put back what the last save replaced, within a week of it.",
    )
    undo.add_argument("--yes", action="store_true", help="do not ask")
    activate = verbs.add_parser(
        "activate",
        help="where files do not last: let caveclient and cloud-volume find a mounted secret, for this run",
        description="Verify the mounted secret and write the files that caveclient and cloud-volume read, for this "
        "run. Where files last, nothing is written.",
    )
    activate.add_argument("--replace", action="store_true", help="replace a different token that stands in a file")
    guide = verbs.add_parser(
        "guide",
        help="how the token is kept in this place, step by step",
        description="Say how the token is kept in this place, and how far that is; or how in another, to be read.",
    )
    guide.add_argument(
        "place", nargs="?", metavar="PLACE", choices=place_names(), help=f"one of {', '.join(place_names())}"
    )
    datastacks = verbs.add_parser(
        "datastacks",
        help="list the server's datastacks, and which of them are open to you",
        description="List the server's datastacks and what stands in the way of each; the chosen one has an arrow.",
    )
    datastacks.add_argument("--json", action="store_true", help="as JSON, for programs")
    for verb in (status, login, undo, activate, guide, datastacks):
        verb.add_argument(
            "--server",
            metavar="URL",
            help="CAVE server (default: the variable CAVE_SETUP_SERVER, else where the datastack is known to be)",
        )
        verb.add_argument("--datastack", metavar="NAME", help="datastack (default: minnie65_public)")
        verb.add_argument(
            "--environment",
            metavar="KEY",
            help="where this is, if it was not recognised: local, colab, jupyterhub, hpc … (default: the variable "
            "CAVE_SETUP_ENVIRONMENT, else found out)",
        )
    demo = verbs.add_parser(
        "demo",
        help="try everything against a demo server, in a throwaway home",
        description="Start a demo CAVE server and JupyterLab with the notebook open on it. Nothing real is touched.",
    )
    demo.add_argument("--server-only", action="store_true", help="only the server; prints one line of JSON")
    demo.add_argument("--port", type=int, default=0, metavar="N", help="port of the demo server (default: a free one)")
    demo.add_argument("--seed", type=Path, metavar="FILE", help="JSON file with the demo's people and data sets")
    demo.add_argument("--no-browser", action="store_true", help="print JupyterLab's address instead of opening it")
    demo.add_argument(
        "command", nargs="*", help="what to run there in place of JupyterLab, after “--”: a hub's own Jupyter server"
    )
    return parser
