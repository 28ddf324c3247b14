"""What Binder would do, acted out: repo2docker's files in its order, a fresh folder, an unprivileged user, `/user/x/`.

With CAVE_SETUP_BINDER=install the packages are installed afresh, which takes minutes; else the tests' own have to do,
and every requirement is looked up among them. Not yet run on the real mybinder.org.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from playwright.sync_api import expect
from support.lab import PASSWORD, Lab, free_port, wait_until_it_listens
from support.people import Person, is_ready, step

from cave_setup.terminal.demo import NOTEBOOK, TOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

ROOT = Path(__file__).parents[2]
NOBODY = 65534
_SETPRIV = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
# As nobody; and where Python itself lies in a folder that is closed to nobody, as nobody who may read everything.
AS_NOBODY = (_SETPRIV, (*_SETPRIV, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"))
WHOLE = os.environ.get("CAVE_SETUP_BINDER") == "install"


class Container:
    """A folder that stands for the container: the clone is the home folder, as on mybinder.org."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "jovyan"
        self.bin = folder / "venv/bin" if WHOLE else Path(sys.executable).parent
        self.user = _unprivileged()
        _copy_of_the_clone(self.clone)
        if self.user:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.clone),
            "LANG": "C.UTF-8",
            "JUPYTERHUB_SERVICE_PREFIX": "/user/x/",
            "BINDER_LAUNCH_HOST": "https://mybinder.org/",
            "BINDER_REPO_URL": "https://example.org/cave-setup",
            "JUPYTER_TOKEN": PASSWORD,
            "CAVE_TOKEN": "f" * 32,  # nothing of the kind comes into the demo
        }
        if not WHOLE:
            self.environment["PYTHONPATH"] = str(self.clone)  # what is in the clone, and not what the tests run from

    def run(self, *command: str) -> None:
        subprocess.run([*self.user, *command], cwd=self.clone, env=self.environment, check=True)

    def build(self) -> None:
        """Do what repo2docker does for a folder `binder/`: packages, then `postBuild`."""
        files = {path.name for path in (self.clone / "binder").iterdir()}
        # Others would choose another way of building: environment.yml goes before requirements.txt, a Dockerfile alone.
        assert files == {"requirements.txt", "start"}
        if WHOLE:
            self.run(sys.executable, "-m", "venv", str(self.bin.parent))
            install = ("-m", "pip", "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt")
            self.run(str(self.bin / "python"), *install)
        else:
            _are_installed(self.clone)

    def start(self, port: int) -> list[str]:
        """Give the command: `start` around what a hub runs."""
        (self.clone / "binder/start").chmod(0o755)  # as repo2docker does
        return [
            *(*self.user, "binder/start", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
            *("--ServerApp.base_url=/user/x/", "--LabApp.expose_app_in_browser=True"),
        ]


def _unprivileged() -> tuple[str, ...]:
    """Give what stands before a command, so that nobody runs it; nothing where the tests have no rights."""
    if os.getuid() != 0:
        return ()
    for way in AS_NOBODY:
        with contextlib.suppress(OSError):
            # Through a shell: setpriv itself may still go where nobody may not.
            tried = [*way, "sh", "-c", '"$0" -c "import jupyterlab"', sys.executable]
            if subprocess.run(tried, check=False, stderr=subprocess.DEVNULL).returncode == 0:
                return way
    pytest.skip("no way to give the rights of root away here")


def _copy_of_the_clone(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)


def _are_installed(clone: Path) -> None:
    wanted_by_us = [Requirement(line) for line in requires("cave-setup") or ()]
    waiting = [line.partition("#")[0].strip() for line in (clone / "binder/requirements.txt").read_text().splitlines()]
    found = []
    while waiting:
        line = waiting.pop()
        wanted = Requirement(line.replace(".[", "cave-setup[")) if line else None
        if wanted is None:
            continue
        assert wanted.specifier.contains(version(wanted.name)), line
        found.append(wanted.name)
        if wanted.name == "cave-setup":
            extras = ["", *wanted.extras]
            waiting += [
                f"{one.name}[{','.join(one.extras)}]{one.specifier}"
                for one in wanted_by_us
                if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in extras)
            ]
    assert {"jupyterlab", "jupyter-server-proxy", "anywidget", "tornado"} <= set(found)


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    with tempfile.TemporaryDirectory(prefix="binder-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Container(Path(folder))
        made.build()
        yield made


@pytest.fixture(scope="module")
def binder(container: Container) -> Iterator[Lab]:
    port, log = free_port(), container.clone.parent / "log"
    command = container.start(port)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=container.clone, env=container.environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            yield Lab(f"http://127.0.0.1:{port}/user/x", container.clone, container.clone, log, process)
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def binder_page(binder: Lab, context: BrowserContext) -> Page:
    page = context.new_page()
    binder.open(page)
    return page


def test_one_click_signs_in_and_nothing_real_is_touched(container: Container, binder: Lab, binder_page: Page) -> None:
    person = Person(binder.run(binder_page, NOTEBOOK), binder_page)
    expect(person.wizard).to_contain_text("Demo server: nothing here is real.")
    expect(step(person.wizard, "account")).to_contain_text("no token for")
    window = person.open_window()
    person.choose_account(window, "Nia Newcomer")
    assert window.url.startswith(f"{binder.address}/proxy/")
    person.click(window.get_by_role("button", name="Continue"))
    person.accept_terms()
    is_ready(person.wizard)
    assert person.actions <= 5
    # Jupyter names people so, too, before an @.
    assert not re.search(r"[0-9a-f]{32}(?!@)", binder.log.read_text().replace(PASSWORD, ""))
    # The tokens are in the home that the demo brought, and not in the account's own.
    assert not (container.clone / ".cloudvolume").exists()
    assert not (container.clone / ".cave-setup-demo").exists()
    binder.close_notebook(binder_page)


def test_the_tour_plays_there(binder: Lab, binder_page: Page) -> None:
    scenes = binder.run(binder_page, TOUR)
    expect(scenes).to_have_count(12, timeout=30_000)
    is_ready(scenes.last)
    expect(step(scenes.nth(2), "terms")).to_contain_text("not accepted yet")
    binder.close_notebook(binder_page)
