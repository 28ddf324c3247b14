"""Chromium for the tests: the one that is installed, on any machine, with flags for a quiet run without a screen."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
]


def installed() -> str | None:
    """Path of an installed Chromium or Chrome; None means Playwright's own."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium(playwright: Playwright, *, blocks_windows: bool = False) -> Iterator[Browser]:
    """A running browser; Playwright takes the blocker of pop-up windows out unless it is asked for."""
    is_root = hasattr(os, "getuid") and os.getuid() == 0
    flags = [*FLAGS, "--no-sandbox"] if is_root else FLAGS
    without = ["--disable-popup-blocking"] if blocks_windows else None
    browser = playwright.chromium.launch(executable_path=installed(), args=flags, ignore_default_args=without)
    yield browser
    browser.close()
