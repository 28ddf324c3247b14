"""By keyboard alone from the cell to Ready, in real JupyterLab and Notebook 7: no key reaches the notebook; and axe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.lab import WIZARD_CELL, settle
from support.looks import axe, wrong
from support.people import is_ready, step

from cave_setup import Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext
    from support.lab import Lab

    from cave_setup.demo import DemoServer

# What listens where notebooks listen, and which command of theirs a key has run.
RECORD = """() => {
    window.reached = [];
    window.commanded = [];
    const heard = (event) => {
        const from = event.target.closest?.(".cave-setup") ? "wizard" : "notebook";
        window.reached.push(`${from} ${event.type} ${event.key}`);
    };
    for (const target of [document, document.body, document.querySelector(".jp-Notebook")]) {
        for (const name of ["keydown", "keypress", "keyup"]) {
            for (const capture of [true, false]) target.addEventListener(name, heard, { capture });
        }
    }
    window.jupyterapp.commands.commandExecuted.connect((_, { id }) => {
        if (/^(notebook|docmanager|runmenu|application|kernelmenu):/.test(id)) window.commanded.push(id);
    });
}"""
STANDS = """() => {
    const { content, context } = window.jupyterapp.shell.currentWidget;
    const cells = context.model.sharedModel.cells.map((cell) => [cell.cell_type, cell.source]);
    return JSON.stringify([cells, content.mode, content.activeCellIndex]);
}"""
# From the cell, as with Escape: JupyterLab's own Tab key goes on from there to what its outputs hold.
TO_CELL = """() => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = 1;
    content.mode = "command";
    content.activeCell.node.focus();
}"""


@pytest.fixture(params=["lab", "notebook_7"])
def place(request: pytest.FixtureRequest) -> Lab:
    """Each of the two, started when it is first needed."""
    running: Lab = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def page(place: Lab, request: pytest.FixtureRequest, context: BrowserContext) -> Iterator[Page]:
    if type(place).__name__ == "Lab":
        shared: Page = request.getfixturevalue("lab_page")
        size = shared.viewport_size
        assert size
        yield shared
        shared.set_viewport_size(size)
        shared.evaluate("() => window.jupyterapp.shell.expandLeft()")
        place.close_notebook(shared)
        return
    made = context.new_page()
    place.open(made)
    yield made
    place.close_notebook(made)
    made.close()


@pytest.fixture
def open_here(
    place: Lab, page: Page, home: Path, demo: DemoServer, request: pytest.FixtureRequest
) -> Callable[[], Locator]:
    def opened() -> Locator:
        name = place.write(f"{request.node.originalname}.ipynb", settle(home, demo.address), WIZARD_CELL)
        page.bring_to_front()
        return place.run(page, name)

    return opened


def presses(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, target: Locator, at_most: int) -> int:
    """Press Tab until the focus is there, and give how often."""
    for times in range(at_most):
        if target.evaluate("node => node === document.activeElement"):
            return times
        page.keyboard.press("Tab")
    raise AssertionError(f"{at_most} times Tab, and the focus is on {focused(page)}")


def focused(page: Page) -> Any:
    return page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")


def looked_at(wizard: Locator) -> None:
    assert axe(wizard).said == []
    assert wrong(wizard, "poor") == []


def test_by_keyboard_alone_from_the_cell_to_ready_and_no_key_reaches_the_notebook(
    open_here: Callable[[], Locator], page: Page, demo: DemoServer
) -> None:
    wizard = open_here()
    paste = wizard.get_by_role("button", name="I have a token to paste")
    expect(paste).to_be_visible()
    looked_at(wizard)
    page.evaluate(RECORD)
    page.evaluate(TO_CELL)
    before = page.evaluate(STANDS)
    assert json.loads(before)[1] == "command"
    tab_to(page, wizard.get_by_role("button", name="Change"), 40)
    page.evaluate("() => { window.reached = []; window.commanded = []; }")

    # Letters are commands of the notebook, arrows choose cells, Shift+Enter runs one.
    presses(page, "b", "a", "d", "d", "m", "x", "ArrowDown", "ArrowUp", "Control+s")
    presses(page, "Enter")
    expect(wizard.get_by_label("CAVE server")).to_be_focused()
    looked_at(wizard)
    presses(page, "Escape")
    expect(wizard.get_by_role("button", name="Change")).to_be_focused()
    assert tab_to(page, wizard.get_by_role("button", name="Not right?"), 2) == 1
    presses(page, "Enter")
    expect(step(wizard, "environment").get_by_role("heading")).to_be_focused()
    presses(page, "Escape")
    expect(wizard.get_by_role("button", name="Not right?")).to_be_focused()
    assert tab_to(page, paste, 3) == 2
    presses(page, "Enter")
    field = wizard.get_by_label("Your token")
    expect(field).to_be_focused()
    presses(page, "b", "Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    looked_at(wizard)
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    page.keyboard.type(demo.world.make_key(grace, "laptop").text)
    presses(page, "Enter")
    expect(step(wizard, "terms").get_by_role("heading", name="Terms of service", exact=True)).to_be_focused()
    text = wizard.get_by_role("region", name="Terms of service: MICrONS Public")
    expect(text).to_be_visible()
    looked_at(wizard)
    presses(page, "Tab")
    expect(text).to_be_focused()
    presses(page, "ArrowDown", "PageDown", "Tab", "Space", "Tab", "Shift+Enter")
    is_ready(wizard)
    expect(step(wizard, "ready").get_by_role("heading")).to_be_focused()
    looked_at(wizard)
    assert page.evaluate("() => window.reached") == []
    assert page.evaluate("() => window.commanded") == []
    assert page.evaluate(STANDS) == before

    # And out again: what is pressed there is the notebook's. So the records above would have had something to tell.
    page.evaluate(TO_CELL)
    presses(page, "b")
    page.wait_for_function("() => window.commanded.length && window.reached.length")
    assert page.evaluate(STANDS) != before


def test_the_look_holds_in_the_real_page_in_both_themes_zoomed_and_narrow(
    open_here: Callable[[], Locator], page: Page, place: Lab, demo: DemoServer, home: Path
) -> None:
    saved = Setup(demo.address)
    saved.use_token(demo.world.key_of("ada@example.org"))
    assert saved.save().ready
    wizard = open_here()
    is_ready(wizard)
    wizard.get_by_role("button", name="Change").press("Enter")
    expect(wizard.get_by_role("button", name="second_public open to you")).to_be_visible()
    size = page.viewport_size
    assert size
    for theme, is_light in (("JupyterLab Dark", "false"), ("JupyterLab Light", "true")):
        place.theme(page, theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)
        looked_at(wizard)
        assert wrong(wizard, "poorRings") == []
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")  # as one does where there is no room
    for width in (size["width"] // 2, 360):  # at 200 %; and about what is left of 320 pixels without JupyterLab's bars
        page.set_viewport_size({"width": width, "height": size["height"] // 2})
        assert [one for one in wrong(wizard, "cut") if not one.startswith("the page")] == []


def test_axe_judges_something_in_the_real_page(open_here: Callable[[], Locator]) -> None:
    wizard = open_here()
    expect(wizard.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert {"aria-allowed-attr", "button-name", "label", "list", "target-size"} <= set(axe(wizard).passed)
    wizard.evaluate("root => root.append(document.createElement('input'))")
    assert [said.split(":")[0] for said in axe(wizard).said] == ["label"]
