"""``cave-setup demo`` as a person starts it: the notebook opens on the demo server, and nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture
def running(home: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(tmp_path), "CAVE_TOKEN": "f" * 32}
    command = [sys.executable, "-m", "cave_setup", "demo", "--no-browser"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process
        process.terminate()


def test_the_demo_opens_the_notebook_and_leaves_nothing_behind(
    running: subprocess.Popen[str], browser: Browser, tmp_path: Path, home: Path
) -> None:
    assert running.stdout
    said = [running.stdout.readline() for _ in range(3)]
    address = re.search(r"http://127\.0\.0\.1:\d+/lab/\S+", "".join(said))
    assert address, said
    [throwaway] = tmp_path.glob("cave-setup-demo-*")
    page = browser.new_page()
    page.goto(address.group())
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)
    wizard = page.get_by_role("region", name="CAVE Setup")
    for _ in range(10):  # JupyterLab calls a kernel idle a moment before it runs anything there
        accept = page.locator(".jp-Dialog .jp-mod-accept")
        if accept.is_visible():  # pressed in that moment, it asks in a window of its own
            accept.click()
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        with contextlib.suppress(PlaywrightTimeoutError):
            wizard.wait_for(timeout=15_000)
            break
    # The token in this process's environment stays out: a demo sees nothing of this person's.
    expect(wizard.locator("[data-step=account]")).to_contain_text("no token for 127.0.0.1")
    expect(wizard).to_contain_text("Demo server: nothing here is real.")
    # Shift+Enter takes the notebook on to the next cell; the wizard brings who is needed back to its beginning.
    expect(wizard.get_by_role("heading", name="CAVE Setup")).to_be_in_viewport()
    page.close()
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=20) == 0
    assert not throwaway.exists()
    assert list(home.iterdir()) == []
