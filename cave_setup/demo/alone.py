"""The demo server as a program: one JSON line when it is ready, then quiet until it is told to end."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import TYPE_CHECKING

from cave_setup.demo.server import DemoServer

if TYPE_CHECKING:
    from pathlib import Path

_GOOD = 0
_CANNOT_START = 2
_LOOK_UP_SECONDS = 0.5


def run_server_only(port: int = 0, seed: Path | None = None, behind: str = "") -> int:
    """Serve until SIGTERM or SIGINT; to be called from the main thread. Its arguments are those of `DemoServer`.

    Returns
    -------
    int
        Exit code: 0, or 2 if the port is taken or the seed cannot be used (a sentence is on stderr).
    """
    ended = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: ended.set()) for number in numbers]
    try:
        return _serve_until(ended, port, seed, behind)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _serve_until(ended: threading.Event, port: int, seed: Path | None, behind: str) -> int:
    try:
        server = DemoServer(seed, port=port, behind=behind).start()
    except ValueError as error:
        # A seed that cannot be used, or a port that does not exist: the message is a sentence.
        print(error, file=sys.stderr)
        return _CANNOT_START
    except OSError as error:
        print(f"The demo server cannot listen on port {port}: {error.strerror}.", file=sys.stderr)
        return _CANNOT_START
    print(json.dumps(_announcement(server)), flush=True)
    # Waking up now and then lets Ctrl-C through on systems where a wait cannot be interrupted.
    while not ended.wait(_LOOK_UP_SECONDS):
        pass
    server.stop()
    return _GOOD


def _announcement(server: DemoServer) -> dict[str, object]:
    return {
        "server_address": server.address,
        "data_server_address": server.data_address,
        "demo": True,
    }
