"""A notebook with the wizard in it that nobody looks at while it runs, and what is seen of it where no kernel is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect
from support.lab import WIZARD_CELL

from cave_setup import words
from cave_setup.demo import DemoServer
from cave_setup.notebook import beginning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


def nbconvert(folder: Path, *arguments: str, **variables: str) -> None:
    """Run nbconvert in a folder."""
    command = [sys.executable, "-m", "nbconvert", *arguments]
    environment = {**os.environ, "HOME": str(folder), "CAVE_SETUP_ENVIRONMENT": "local", **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook with the outputs that `nbconvert --execute` stored."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in (WIZARD_CELL, "%cave_setup --text")]
    folder = tmp_path_factory.mktemp("nbconvert")
    nbformat.write(notebook, folder / "wizard.ipynb")
    with DemoServer() as demo:
        nbconvert(
            folder, "--execute", "--to=notebook", "--output=executed", "wizard.ipynb", CAVE_SETUP_SERVER=demo.address
        )
    return folder / "executed.ipynb"


@pytest.fixture(scope="module")
def web_pages(executed: Path) -> Path:
    """A folder with that notebook as web pages: with the state of widgets that was stored, and without it."""
    content: dict[str, Any] = json.loads(executed.read_text())
    assert content["metadata"].pop("widgets")
    executed.with_name("stateless.ipynb").write_text(json.dumps(content))
    nbconvert(executed.parent, "--to=html", "executed.ipynb", "stateless.ipynb")
    return executed.parent


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without network, so that nothing comes from elsewhere to draw the wizard."""
    context = browser.new_context()
    context.set_offline(True)
    yield context.new_page()
    context.close()


def test_where_nobody_can_answer_the_questions_are_not_waited_for(executed: Path) -> None:
    wizard, text = nbformat.read(executed, as_version=4).cells
    assert [output.output_type for output in wizard.outputs] == ["display_data", "display_data"]
    said, found = text.outputs
    assert (said.name, said.text) == ("stdout", f"{words.NOBODY_CAN_ANSWER}\n")
    assert "no token for" in found.data["text/plain"]


@pytest.mark.browser
@pytest.mark.parametrize("name", ["executed", "stateless"])
def test_as_a_web_page_it_has_guidance_in_place_of_an_empty_box(web_pages: Path, page: Page, name: str) -> None:
    page.goto((web_pages / f"{name}.html").as_uri())
    guidance = page.locator(".cave-setup-instead")
    expect(guidance).to_be_visible()
    expect(guidance).to_contain_text("%cave_setup --text")
    assert not re.search("model not found|Loading widget", page.locator("body").inner_text())


class _Text(HTMLParser):
    """What is left of HTML where scripts, styles and attributes are taken out, as GitHub does."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n" if self._inside not in {"style", "script"} else ""


@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
def test_what_github_shows_of_it_reads_well(executed: Path, kind: str) -> None:
    wizard, _text = nbformat.read(executed, as_version=4).cells
    shown = "\n".join(output.data[kind] for output in wizard.outputs)
    if kind == "text/html":
        reader = _Text()
        reader.feed(shown)
        shown = reader.text
    lines = [line for line in shown.splitlines() if line]
    ways = [part for where, code in words.WITHOUT_WIDGETS for part in (where, *code.splitlines())]
    assert lines == ["CAVE Setup", words.RUN_THIS_CELL, *ways]


def test_what_stands_in_a_stored_notebook_runs_nothing_and_loads_nothing() -> None:
    html = beginning.instead()["text/html"]
    assert not re.search(r"<script|\bon[a-z]+=|src=|href=|url\(|@import", html)
