"""A CAVE server for demonstrations and tests: real HTTP, made-up people; imports nothing else of `cave_setup`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cave_setup.demo.alone import run_server_only
    from cave_setup.demo.clock import ManualClock
    from cave_setup.demo.seed import SeedError
    from cave_setup.demo.server import DemoServer
    from cave_setup.demo.weather import WeatherError

__all__ = ["DemoServer", "ManualClock", "SeedError", "WeatherError", "run_server_only"]

_HOMES = {
    "DemoServer": "server",
    "ManualClock": "clock",
    "SeedError": "seed",
    "WeatherError": "weather",
    "run_server_only": "alone",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use: importing this package does not import tornado."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "tornado":
            raise
        missing = 'The demo server needs tornado; in a clone of the project: pip install ".[demo]"'
        raise ImportError(missing) from None
    value: object = getattr(module, name)
    return value
