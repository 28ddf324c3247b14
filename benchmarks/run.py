"""What the README may claim, measured beside a peer in the same run: prints one table of medians and ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from cave_setup import Setup
from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORTS = ("pass", "import cave_setup", "import requests", "import ipywidgets", "import caveclient")
LATENCY = 0.1


def in_turn(pieces: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Time the pieces in turn, so that a slow minute of the machine strikes all of them; medians in seconds."""
    times: dict[str, list[float]] = {name: [] for name in pieces}
    for _ in range(rounds):
        for name, piece in pieces.items():
            began = time.perf_counter()
            piece()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def python(code: str) -> Callable[[], None]:
    return lambda: subprocess.run([sys.executable, "-c", code], check=True) and None


def imports() -> None:
    medians = in_turn({code: python(code) for code in IMPORTS}, rounds=11)
    print(f"\n{'a fresh Python, then':<28}{'median':>10}{'× bare Python':>16}")
    for code, seconds in medians.items():
        print(f"{code:<28}{seconds * 1000:>7.0f} ms{seconds / medians['pass']:>16.1f}")


def checks() -> None:
    with DemoServer() as demo:
        token = demo.world.key_of("ada@example.org")
        setup = Setup(demo.address)
        setup.use_token(token)
        demo.weather.set("latency", seconds=LATENCY)
        demo.requests.clear()
        medians = in_turn({"check": lambda: setup.check() and None}, rounds=7)
        requests = len(demo.requests.entries()) / 7
    print(
        f"\nfull check at {LATENCY * 1000:.0f} ms latency: {medians['check'] * 1000:.0f} ms, "
        f"{medians['check'] / LATENCY:.2f} × the latency, {requests:.0f} requests"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        imports()
        checks()
