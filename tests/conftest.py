"""Every test runs in a sealed home of its own, with no variable of ours set, and reaches no further than loopback."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright
from support.chromium import chromium

from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Playwright

# No deadline: the machine may be busy with something else. No database: nothing is kept from one run to the next.
settings.register_profile("unit", deadline=None, database=None)
settings.register_profile("stress", deadline=None, database=None, max_examples=3000)
settings.load_profile(os.environ.get("CAVE_SETUP_HYPOTHESIS", "unit"))

OURS = ("CAVE", "CLOUD_VOLUME", "CO_", "API_SECRET", "CUSTOM_KEY", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home folder, and an environment without anything that means something to us."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in list(os.environ):
        if name.startswith(OURS) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    # These tests act out somebody's own computer, wherever they really run.
    monkeypatch.setenv("CAVE_SETUP_ENVIRONMENT", "local")
    return folder


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives browsers; there can be only one of it."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A running Chromium, one for all tests."""
    with chromium(playwright) as running:
        yield running


@pytest.fixture
def demo() -> Iterator[DemoServer]:
    """A demo CAVE server with the friendly world."""
    with DemoServer() as server:
        yield server
