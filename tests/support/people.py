"""A person at the screen, who signs in on the demo server's pages; every click, tick and filled field is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SIGN_IN = "Sign in"
TAB = "Sign in in a tab of its own"


class Person:
    """Counts what it does as DESIGN section 1 says: after the cell has run, on whatever page.

    Parameters
    ----------
    wizard : Locator
    page : Page
        The page that the wizard is on.
    """

    def __init__(self, wizard: Locator, page: Page) -> None:
        self.wizard = wizard
        self.page = page
        self.actions = 0

    def click(self, what: Locator) -> None:
        self.actions += 1
        what.click()

    def tick(self, what: Locator) -> None:
        self.actions += 1
        what.check()

    def fill(self, what: Locator, text: str) -> None:
        self.actions += 1
        what.fill(text)

    def press(self, name: str) -> None:
        """Press a button of the wizard."""
        self.click(self.wizard.get_by_role("button", name=name, exact=True))

    def open_window(self, name: str = SIGN_IN) -> Page:
        """Press the button that opens the sign-in window, and give the window."""
        with self.page.expect_popup() as opened:
            self.press(name)
        return opened.value

    def open_tab(self) -> Page:
        with self.page.expect_popup() as opened:
            self.click(self.wizard.get_by_role("link", name=TAB))
        return opened.value

    def choose_account(self, window: Page, name: str) -> None:
        """Click on one's Google account."""
        self.click(window.get_by_role("button", name=name))

    def accept_terms(self) -> None:
        self.tick(self.wizard.get_by_role("checkbox", name="I have read these terms"))
        self.press("Accept")


def step(wizard: Locator, key: str) -> Locator:
    return wizard.locator(f"[data-step={key}]")


def is_ready(wizard: Locator) -> None:
    expect(wizard.locator(".pill")).to_have_text("Ready")


def paste(wizard: Locator, page: Page, text: str) -> None:
    """Paste with the keyboard, from the clipboard."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    field, opens = wizard.get_by_label("Your token"), wizard.get_by_role("button", name="I have a token to paste")
    expect(field.or_(opens).first).to_be_visible()
    if not field.is_visible():
        opens.click()
    field.focus()
    page.keyboard.press("Control+V")
