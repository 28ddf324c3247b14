"""``cave-setup demo``: a demo server and JupyterLab in a throwaway home. Touches nothing that is the person's own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cave_setup.models import DEMO_HOME_MARK
from cave_setup.terminal import READY, WRONG_USAGE
from cave_setup.terminal.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOTEBOOK = "CAVE Setup.ipynb"
TOUR = "CAVE Setup demo tour.ipynb"
_HUB_PATH = "JUPYTERHUB_SERVICE_PREFIX"  # of the Jupyter server that a hub gave this person: /user/ada/
# Without it JupyterLab asks about news in the middle of the demo.
_NOTIFICATION_SETTINGS = ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
_START_SECONDS = 60.0
_ENDED_BY_SIGNAL = 128  # and the number of the signal, as shells say it
# What would lead Jupyter or a CAVE library out of the throwaway home, or bring a real token in.
_JUPYTERS_OWN = "JUPYTER"
_LEFT_BEHIND = (
    "IPYTHON",
    "CAVE",
    "CLOUD_VOLUME",
    "CLOUD_FILES",
    "XDG_",
    "PYTHONSTARTUP",
    "API_SECRET",
    "CUSTOM_KEY",
    "CO_",
)


def demo(port: int, seed: Path | None, *, server_only: bool, browser: bool, instead: Sequence[str] = ()) -> int:
    """Run the demo until it is interrupted.

    Parameters
    ----------
    port : int
        Port of the demo server; 0 for any free one.
    seed : Path, optional
        JSON file with the demo's world.
    server_only : bool
        Start the CAVE server alone.
    browser : bool
        Open JupyterLab in the browser.
    instead : sequence of str
        What to run in place of our own JupyterLab, such as the server of a hub: with what Jupyter is told in the
        environment, and else as ours.

    Returns
    -------
    int
        The exit code.

    """
    try:
        from cave_setup import demo as demo_package  # noqa: PLC0415 - tornado is loaded only for this

        # Our own JupyterLab is not the hub's: no browser comes to it through there.
        behind = os.environ.get(_HUB_PATH, "") if server_only or instead else ""
        if server_only:
            return demo_package.run_server_only(port, seed, behind)
        server = demo_package.DemoServer(seed=seed, port=port, behind=behind)
    except (ImportError, ValueError, OSError) as error:
        say(f"cave-setup: {error}")
        return WRONG_USAGE
    with server, _throwaway_home() as home:
        if instead:
            return _run(instead, home, server.address)
        return _run_lab(home, server.address, browser=browser)


def notebook_source(name: str = NOTEBOOK) -> Path:
    """Find a notebook: inside the installed package, or beside it in a checkout."""
    packaged = Path(str(resources.files("cave_setup.demo") / name))
    return packaged if packaged.exists() else Path(__file__).parents[2] / "notebooks" / name


@contextlib.contextmanager
def _throwaway_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cave-setup-demo-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / DEMO_HOME_MARK).touch()
        quiet = home / _NOTIFICATION_SETTINGS
        quiet.parent.mkdir(parents=True)
        quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
        for name in (NOTEBOOK, TOUR):
            shutil.copyfile(notebook_source(name), home / name)
        yield home


def _run(command: Sequence[str], home: Path, server_address: str) -> int:
    """Run another program there until it ends."""
    try:
        process = subprocess.Popen(command, env=_environment(home, server_address), cwd=home)  # noqa: S603 - as asked
    except OSError as error:
        say(f"cave-setup: {command[0]} cannot be run: {error.strerror}.")
        return WRONG_USAGE
    with process, _ended_by_signals(process):
        code = process.wait()
    return code if code >= 0 else _ENDED_BY_SIGNAL - code


def _run_lab(home: Path, server_address: str, *, browser: bool) -> int:
    port, password = _free_port(), secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={home}"),
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        command.append("--allow-root")
    address = f"http://127.0.0.1:{port}/lab/tree/{quote(NOTEBOOK)}?token={password}"
    kept = _environment(home, server_address)
    environment = {name: value for name, value in kept.items() if not name.startswith(_JUPYTERS_OWN)}
    environment["JUPYTER_TOKEN"] = password
    lab = subprocess.Popen(command, env=environment, cwd=home, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
    with lab, _ended_by_signals(lab):
        if not _wait_until_it_listens(port, lab):
            print(
                "cave-setup: JupyterLab did not start. In a clone of the project: pip install '.[demo]'",
                file=sys.stderr,
            )
            return WRONG_USAGE
        _announce(address, server_address, browser=browser)
        lab.wait()
    return READY


def _environment(home: Path, server_address: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_BEHIND)}
    return {
        **kept,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "CAVE_SETUP_SERVER": server_address,
        "CAVE_SETUP_ENVIRONMENT": "local",  # it acts out somebody's own computer, wherever it really runs
    }


def _announce(address: str, server_address: str, *, browser: bool) -> None:
    """Say where the notebook is; the browser is opened from here, since Jupyter's own home is the throwaway one."""
    print(f"Demo CAVE server:  {server_address}  (nothing there is real)")
    print(f"JupyterLab:        {address}")
    print("Press Ctrl+C to end both; the throwaway home goes with them.", flush=True)
    if browser:
        webbrowser.open(address)


@contextlib.contextmanager
def _ended_by_signals(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End it when this program is asked to end, and wait for it so that no kernel stays behind."""

    def end(*_: object) -> None:
        process.terminate()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=15)
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_listens(port: int, lab: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and lab.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.1)
    return False
