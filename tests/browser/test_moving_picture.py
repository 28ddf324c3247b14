"""The README's moving picture, from the real thing: a newcomer from nothing to ready; kept as in test_pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect
from support.lab import settle
from support.moving import MovingPicture
from support.people import SIGN_IN, Person, is_ready

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from support.lab import Lab

    from cave_setup.demo import DemoServer

KEPT_IN = os.environ.get("CAVE_SETUP_PICTURES")  # looked up before the tests' environment is cleaned
NAME = "setting-up.png"
SIZE = (760, 620)
WINDOW = (440, 480)
ONE_DOCUMENT = """alone => {
    const { commands, shell } = window.jupyterapp;
    if (alone && !shell.leftCollapsed) void commands.execute("application:toggle-left-area");
    shell.mode = alone ? "single-document" : "multiple-document";
    void commands.execute("statusbar:toggle");
}"""


def test_from_nothing_to_ready(page: Page, lab: Lab, demo: DemoServer, home: Path, tmp_path: Path) -> None:
    folder = Path(KEPT_IN or tmp_path)
    name = lab.write("CAVE Setup.ipynb", settle(home, demo.address), "import cave_setup\n\ncave_setup.wizard()")
    person = Person(lab.run(page, name), page)
    before = page.viewport_size
    page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
    page.evaluate(ONE_DOCUMENT, True)
    button = person.wizard.get_by_role("button", name=SIGN_IN, exact=True)
    expect(button).to_be_visible()
    moving = MovingPicture(page)
    show(person, page)
    moving.take(1300)
    moving.take(700, button)
    window = person.open_window()
    window.set_viewport_size({"width": WINDOW[0], "height": WINDOW[1]})
    account = window.get_by_role("button", name="Nia Newcomer")
    expect(account).to_be_visible()
    moving.take(1000, window=window)
    moving.take(700, account, window)
    person.choose_account(window, "Nia Newcomer")
    proceed = window.get_by_role("button", name="Continue")
    expect(proceed).to_be_visible()
    moving.take(800, window=window)
    moving.take(700, proceed, window)
    person.click(proceed)
    tick = person.wizard.get_by_role("checkbox", name="I have read")
    expect(tick).to_be_visible()
    tick.scroll_into_view_if_needed()
    show(person, page, "terms")
    moving.take(2200)
    moving.take(600, tick)
    person.tick(tick)
    accept = person.wizard.get_by_role("button", name="Accept", exact=True)
    moving.take(600, accept)
    person.click(accept)
    is_ready(person.wizard)
    show(person, page)
    moving.take(4000)
    moving.write(folder / NAME)
    page.set_viewport_size(before or {"width": 1180, "height": 1000})
    page.evaluate(ONE_DOCUMENT, False)
    assert 10 <= moving.seconds <= 15
    assert (folder / NAME).stat().st_size <= 1_200_000
    with Image.open(folder / NAME) as picture:
        assert picture.size == SIZE
        assert getattr(picture, "n_frames", 1) > 8


def show(person: Person, page: Page, step: str = "") -> None:
    """Bring the wizard, or one of its steps, to the top of the page, and the pointer out of the way."""
    page.bring_to_front()
    where = person.wizard.locator(f"[data-step={step}]") if step else person.wizard
    where.evaluate("node => node.scrollIntoView({ block: 'start' })")
    page.mouse.move(0, 0)
    page.wait_for_timeout(250)
