"""Pictures of the real thing for the README; with CAVE_SETUP_PICTURES set they are kept, else only taken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from browser.conftest import OpenWizard

    from cave_setup.demo import DemoServer

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("CAVE_SETUP_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def set_theme(page: Page, name: str) -> None:
    page.evaluate("theme => { window.jupyterapp.commands.execute('apputils:change-theme', { theme }); }", THEMES[name])
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(name == "light").lower())


def paste(wizard: Locator, page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    wizard.get_by_label("Your token").focus()
    page.keyboard.press("Control+V")


def take(wizard: Locator, file: Path) -> None:
    wizard.scroll_into_view_if_needed()
    assert len(wizard.screenshot(path=file, animations="disabled")) > 10_000


@pytest.mark.parametrize("theme", THEMES)
def test_the_way_of_a_newcomer(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, pictures: Path, theme: str
) -> None:
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    wizard = open_wizard()
    set_theme(page, theme)
    expect(wizard.get_by_label("Your token")).to_be_visible()
    take(wizard, pictures / f"sign-in-{theme}.png")
    paste(wizard, page, demo.world.make_key(grace, "hopper-laptop").text)
    expect(wizard.get_by_role("link", name="Read and accept the terms")).to_be_visible()
    take(wizard, pictures / f"terms-{theme}.png")
    demo.world.accept(grace, 2)
    wizard.get_by_role("button", name="Check again").click()
    expect(wizard.get_by_role("button", name="Save", exact=True)).to_be_visible()
    take(wizard, pictures / f"save-{theme}.png")
    wizard.get_by_role("button", name="Save", exact=True).click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    page.mouse.move(0, 0)
    take(wizard, pictures / f"ready-{theme}.png")
    set_theme(page, "light")
