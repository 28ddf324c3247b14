"""`make bench`: what the README and docs/benchmarks.md say about speed, measured beside peers; prints Markdown.

Asserts nothing: a number that a slow machine can turn red is no test.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import network
import processes
from measured import Measured, table

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = (
    "jupyterlab",
    "ipykernel",
    "ipywidgets",
    "anywidget",
    "requests",
    "caveclient",
    "huggingface_hub",
    "playwright",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each piece is measured")
    parser.add_argument("--no-browser", action="store_true", help="leave JupyterLab out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single value there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        os.environ["CAVE_SETUP_ENVIRONMENT"] = "local"
        parts = measure(arguments.rounds, with_browser=not arguments.no_browser)
    print(f"\n{conditions(arguments.rounds)}\n\n{table(parts)}")
    if arguments.json:
        values = {part: [row.as_dict() for row in rows] for part, rows in parts.items()}
        arguments.json.write_text(json.dumps({"conditions": conditions(arguments.rounds), "parts": values}, indent=1))


def measure(rounds: int, *, with_browser: bool) -> dict[str, list[Measured]]:
    processes.compile_ours()
    measures: dict[str, Callable[[], list[Measured]]] = {
        "A fresh Python, then": lambda: processes.imports(rounds),
        "Peak memory of a fresh Python": lambda: processes.memory(min(rounds, 5)),
        "Installed size": processes.disk,
        "At a server that answers each request after 100 ms": lambda: network.checks(min(rounds, 7)),
        "Requests of the kernel, until ready": network.requests_per_set_up,
    }
    parts: dict[str, list[Measured]] = {}
    for part, measured in measures.items():
        print(f"{part} …", file=sys.stderr, flush=True)
        parts[part] = measured()
    if with_browser:
        print("In JupyterLab …", file=sys.stderr, flush=True)
        import in_lab  # noqa: PLC0415 - needs Playwright and JupyterLab

        parts |= in_lab.measure(rounds)
    return parts


def conditions(rounds: int) -> str:
    """Say when, on what and with which versions."""
    when = datetime.now(timezone.utc).strftime("%d %B %Y").lstrip("0")
    where = f"{os.cpu_count()} cores ({_processor()}), {platform.system()}, Python {platform.python_version()}"
    return f"{when}; {where}; {', '.join(_versions())}. Median of {rounds} rounds, unless there are fewer."


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(\w+ \w+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
