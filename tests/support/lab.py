"""Jupyter for the tests: one server for all, one page reused, each notebook with a kernel and a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

START_SECONDS = 60.0
PASSWORD = secrets.token_hex(16)
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
WIZARD_CELL = "%load_ext cave_setup\n%cave_setup"

# Running is begun and not waited for: its end shows on the page.
_OPEN_AND_RUN = """async path => {
    const { commands, shell } = window.jupyterapp;
    const panel = await commands.execute("docmanager:open", { path, factory: "Notebook" });
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    shell.activateById(panel.id);
    void commands.execute("notebook:run-all-cells");
}"""
_RUN = """async () => {
    const { commands, shell } = window.jupyterapp;
    const panel = shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    void commands.execute("notebook:run-all-cells");
}"""


@dataclass
class Lab:
    """A running JupyterLab.

    Parameters
    ----------
    address : str
        With the base path, and no slash at its end.
    folder : Path
        Its root folder, in which the notebooks are.
    home : Path
        Its home folder.
    log : Path
        All that it and its kernels wrote.
    """

    address: str
    folder: Path
    home: Path
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def open(self, page: Page) -> None:
        """Open JupyterLab in the page."""
        page.goto(f"{self.address}/lab?token={PASSWORD}&reset")
        page.wait_for_function("() => window.jupyterapp?.restored", timeout=60_000)
        page.evaluate("() => window.jupyterapp.restored")

    def proxied(self, port: int) -> str:
        """Where a browser reaches a port of this computer through the Jupyter server."""
        return f"{self.address}/proxy/{port}"

    def write(self, name: str, *cells: str, source: Path | None = None, kernel: str = "python3") -> str:
        """Make a notebook of these cells, followed by those of another notebook."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        if source:
            notebook.cells += nbformat.read(source, as_version=4).cells
        nbformat.write(notebook, self.folder / name)
        return name

    def run(self, page: Page, name: str) -> Locator:
        """Open a notebook in the page, run all its cells, and give the wizard that appears."""
        wizard = self.begin(page, name).get_by_role("region", name="CAVE Setup")
        wizard.first.wait_for(timeout=30_000)
        return wizard

    def begin(self, page: Page, name: str) -> Locator:
        """Open a notebook in the page, begin to run its cells, and give what it stands in."""
        page.evaluate(_OPEN_AND_RUN, name)
        return page.locator(".jp-NotebookPanel:visible")

    def theme(self, page: Page, name: str) -> None:
        """Change to the theme of this name."""
        page.evaluate("theme => { window.jupyterapp.commands.execute('apputils:change-theme', { theme }); }", name)

    def save(self, page: Page) -> None:
        """Save the open notebook, checkpoint and all."""
        page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def close_notebook(self, page: Page) -> None:
        """Shut the kernel down and close the notebook."""
        page.evaluate(
            """async () => {
                const shell = window.jupyterapp.shell;
                const panel = shell.currentWidget;
                if (panel?.sessionContext) {
                    await panel.context.save().catch(() => {});
                    await panel.sessionContext.shutdown();
                    panel.dispose();
                }
            }"""
        )


class Notebook7(Lab):
    """A running Notebook 7, in which each notebook is a page of its own."""

    def open(self, page: Page) -> None:
        page.goto(f"{self.address}/tree?token={PASSWORD}")

    def run(self, page: Page, name: str) -> Locator:
        page.goto(f"{self.address}/notebooks/{name}")
        page.wait_for_function("() => window.jupyterapp?.restored && window.jupyterapp.shell.currentWidget?.context")
        page.evaluate(_RUN)
        wizard = page.get_by_role("region", name="CAVE Setup")
        wizard.wait_for(timeout=30_000)
        return wizard


@contextlib.contextmanager
def running_lab(
    folder: Path,
    *,
    app: Literal["lab", "notebook"] = "lab",
    base_path: str = "/",
    proxy: bool = False,
    python: str = sys.executable,
) -> Iterator[Lab]:
    """Start JupyterLab or Notebook 7 with a home of its own and the saving of widget state on.

    Parameters
    ----------
    folder : Path
    app : {'lab', 'notebook'}
    base_path : str
        As on a hub: ``/user/ada/``.
    proxy : bool
        Let jupyter-server-proxy pass on to other ports of this computer.
    python : str
        The interpreter of the environment that it runs in.
    """
    home, root, log = folder / "lab-home", folder / "notebooks", folder / "lab.log"
    for made in (home, root):
        made.mkdir(parents=True)
    for name, values in SETTINGS.items():
        settings = home / f".jupyter/lab/user-settings/{name}.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(values))
    port = free_port()
    command = [
        *(python, "-m", {"lab": "jupyterlab", "notebook": "notebook"}[app], "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"),
        *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
        *(f"--ServerApp.base_url={base_path}", "--ServerApp.log_level=DEBUG"),
        f"--ServerApp.jpserver_extensions={{'jupyter_server_proxy': {proxy}}}",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "CAVE", "IPYTHON"))}
    environment = {**kept, "HOME": str(home), "JUPYTER_TOKEN": PASSWORD, "PYTHONPATH": str(Path.cwd())}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, cwd=root, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            kind = {"lab": Lab, "notebook": Notebook7}[app]
            yield kind(f"http://127.0.0.1:{port}{base_path.rstrip('/')}", root, home, log, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until JupyterLab is there, or say what it said instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")


def settle(home: Path, server: str, **variables: Any) -> str:
    """Source of a cell that puts the kernel into a home of its own and points it at a demo server."""
    settings = {"HOME": str(home), "CAVE_SETUP_SERVER": server, "CAVE_SETUP_ENVIRONMENT": "local", **variables}
    return f"import os\nos.environ.update({settings!r})"
