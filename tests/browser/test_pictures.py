"""Pictures of the real thing for the README; with CAVE_SETUP_PICTURES set they are kept, else only taken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.capsule import Capsule
from support.people import Person, is_ready, step

if TYPE_CHECKING:
    from browser.conftest import OpenWizard
    from support.lab import Lab

    from cave_setup.demo import DemoServer

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("CAVE_SETUP_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def set_theme(lab: Lab, page: Page, name: str) -> None:
    lab.theme(page, THEMES[name])
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(name == "light").lower())


def take(wizard: Locator, file: Path) -> None:
    wizard.scroll_into_view_if_needed()
    assert len(wizard.screenshot(path=file, animations="disabled")) > 10_000


@pytest.mark.parametrize("theme", THEMES)
def test_the_way_of_a_newcomer(
    open_wizard: OpenWizard, page: Page, lab: Lab, demo: DemoServer, pictures: Path, theme: str
) -> None:
    person = Person(open_wizard(), page)
    set_theme(lab, page, theme)
    expect(person.wizard.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    take(person.wizard, pictures / f"sign-in-{theme}.png")
    window = person.open_window()
    expect(window.get_by_role("button", name="Nia Newcomer")).to_be_visible()
    person.choose_account(window, "Nia Newcomer")
    person.click(window.get_by_role("button", name="Continue"))
    expect(person.wizard.get_by_role("checkbox", name="I have read")).to_be_visible()
    expect(step(person.wizard, "save")).to_contain_text("read by caveclient")
    take(person.wizard, pictures / f"terms-{theme}.png")
    person.accept_terms()
    is_ready(person.wizard)
    page.mouse.move(0, 0)
    take(person.wizard, pictures / f"ready-{theme}.png")
    ada = demo.world.user_by_email("nia@example.org")
    assert ada
    demo.world.make_key(ada, "old laptop")
    person.press("Your keys")
    person.wizard.get_by_role("group", name="old laptop").get_by_role("button", name="Revoke").click()
    expect(person.wizard.get_by_role("button", name="Revoke it")).to_be_visible()
    page.mouse.move(0, 0)
    take(person.wizard, pictures / f"keys-{theme}.png")
    set_theme(lab, page, "light")


@pytest.mark.parametrize("theme", THEMES)
def test_the_guide_on_code_ocean(
    open_wizard: OpenWizard, page: Page, lab: Lab, home: Path, pictures: Path, theme: str
) -> None:
    Capsule(home)
    person = Person(open_wizard(**Capsule.run()), page)
    set_theme(lab, page, theme)
    person.press("My token is already a Code Ocean secret")
    expect(person.wizard.get_by_role("img")).to_be_visible()
    before = page.viewport_size
    page.set_viewport_size({"width": 1180, "height": 1600})  # the guide is tall
    page.mouse.move(0, 0)
    take(person.wizard, pictures / f"code-ocean-{theme}.png")
    page.set_viewport_size(before or {"width": 1180, "height": 1000})
    set_theme(lab, page, "light")
