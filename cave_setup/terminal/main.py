"""The parser of the command line, and nothing of what its verbs do."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import __version__
from cave_setup.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

READY, LEFT_TO_DO, WRONG_USAGE, COULD_NOT_ASK, REFUSED = range(5)


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
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.verb == "status":
            from cave_setup.terminal.status import status  # noqa: PLC0415 - each verb loads only what it needs

            return status(parsed.server, parsed.datastack, as_json=parsed.json)
        from cave_setup.terminal.demo import demo  # noqa: PLC0415

        return demo(parsed.port, parsed.seed, server_only=parsed.server_only, browser=not parsed.no_browser)
    except SetupError as error:
        print(f"cave-setup: {error}", file=sys.stderr)
        return WRONG_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cave-setup", description="Set this computer up for CAVE: account, terms, token, saved and verified."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="{status,demo}")
    status = verbs.add_parser(
        "status", help="say where the set-up of this computer stands", description="Look, ask the server, and say."
    )
    status.add_argument("--json", action="store_true", help="as JSON, for programs")
    status.add_argument(
        "--server",
        metavar="URL",
        help="CAVE server (default: the variable CAVE_SETUP_SERVER, else https://global.daf-apis.com)",
    )
    status.add_argument("--datastack", metavar="NAME", help="datastack (default: minnie65_public)")
    demo = verbs.add_parser(
        "demo",
        help="try everything against a demo server, in a throwaway home",
        description="Start a demo CAVE server and JupyterLab with the notebook open on it. Nothing real is touched.",
    )
    demo.add_argument("--server-only", action="store_true", help="only the server; prints one line of JSON")
    demo.add_argument("--port", type=int, default=0, metavar="N", help="port of the demo server (default: a free one)")
    demo.add_argument("--seed", type=Path, metavar="FILE", help="JSON file with the demo's people and data sets")
    demo.add_argument("--no-browser", action="store_true", help="print JupyterLab's address instead of opening it")
    return parser
