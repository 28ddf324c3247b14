"""One browser and one JupyterLab for all tests of this folder; each test gets a notebook, a kernel and a home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from playwright.sync_api import expect
from support.lab import WIZARD_CELL, Lab, running_lab, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from cave_setup.demo import DemoServer


expect.set_options(timeout=30_000)  # a fresh environment compiles what it imports first


class OpenWizard(Protocol):
    """Open a notebook on a demo server and give the wizard in it."""

    def __call__(self, server: str = ..., *, cell: str = ..., **variables: str) -> Locator: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def notebook_7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("notebook-7"), app="notebook") as running:
        yield running


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as a hub serves it: under a path of the person's own, with jupyter-server-proxy."""
    with running_lab(tmp_path_factory.mktemp("hub"), base_path="/user/demo/", proxy=True) as running:
        yield running


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(
        viewport={"width": 1180, "height": 1000}, permissions=["clipboard-read", "clipboard-write"]
    )
    made.set_default_timeout(30_000)
    yield made
    made.close()


@pytest.fixture(scope="session")
def lab_page(context: BrowserContext, lab: Lab) -> Page:
    page = context.new_page()
    lab.open(page)
    return page


@pytest.fixture
def page(lab_page: Page, lab: Lab) -> Iterator[Page]:
    """JupyterLab's page, with no notebook open before and after."""
    yield lab_page
    for other in lab_page.context.pages:
        if other is not lab_page:
            other.close()
    lab_page.bring_to_front()
    lab.close_notebook(lab_page)


@pytest.fixture
def open_wizard(page: Page, lab: Lab, home: Path, demo: DemoServer, request: pytest.FixtureRequest) -> OpenWizard:
    def opened(server: str = demo.address, *, cell: str = WIZARD_CELL, **variables: str) -> Locator:
        name = lab.write(f"{request.node.name}.ipynb", settle(home, server, **variables), cell)
        return lab.run(page, name)

    return opened
