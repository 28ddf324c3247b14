"""The sign-in pop-up and the terms page in a real browser: what WIRE sections 6 and 7 say arrives at the opener."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

    from cave_setup.demo import DemoServer

pytestmark = pytest.mark.browser

LISTEN = """address => {
  window.arrived = new Promise(resolve => window.addEventListener("message", event => resolve(
    {data: event.data, origin: event.origin, fromPopup: event.source === window.popup})));
  document.body.innerHTML = "<button>Open</button>";
  document.querySelector("button").onclick = () => { window.popup = window.open(address, "_blank", "popup"); };
}"""


# A quarter of a second is long: a message between two windows takes a few milliseconds.
NOTHING_ARRIVED = """() => Promise.race([
  window.arrived.then(() => false), new Promise(resolve => setTimeout(resolve, 250, true))])"""


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(chromium: BrowserContext) -> Iterator[Page]:
    chromium.clear_cookies()
    page = chromium.new_page()
    page.set_default_timeout(10_000)
    yield page
    for one in chromium.pages:
        one.close()


def open_popup(page: Page, demo: DemoServer, path: str) -> Page:
    """Open a pop-up from a page of another origin: the data server's."""
    page.goto(f"{demo.data_address}/materialize/version")
    page.evaluate(LISTEN, demo.address + path)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open").click()
    return opened.value


def test_the_opener_gets_an_existing_users_token(page: Page, demo: DemoServer) -> None:
    popup = open_popup(page, demo, "/sticky_auth/api/v1/authorize")
    popup.get_by_role("button", name="Ada Lovelace").click()
    message = page.evaluate("window.arrived")
    assert message["origin"] == demo.address
    assert message["fromPopup"]
    token = demo.world.token(message["data"]["token"])
    assert token is not None
    assert token.user.name == "Ada Lovelace"
    assert token.expires is not None
    assert not popup.is_closed()


def test_the_opener_gets_a_new_users_token_after_the_form(page: Page, demo: DemoServer) -> None:
    popup = open_popup(page, demo, "/sticky_auth/api/v1/authorize")
    popup.get_by_label("E-mail").fill("mary@example.org")
    popup.get_by_label("Name", exact=True).fill("Mary S.")
    popup.get_by_role("button", name="Sign in").click()
    assert popup.get_by_role("radio", name="Mary S.").is_checked()
    popup.get_by_label("Your other name").fill("Mary Shelley")
    popup.get_by_role("button", name="Continue").click()
    token = demo.world.token(page.evaluate("window.arrived")["data"]["token"])
    assert token is not None
    assert token.user.name == "Mary Shelley"


def test_a_newcomer_is_one_click_at_google_and_one_on_the_form(page: Page, demo: DemoServer) -> None:
    popup = open_popup(page, demo, "/sticky_auth/api/v1/authorize")
    popup.get_by_role("button", name="Nia Newcomer").click()
    popup.get_by_role("button", name="Continue").click()
    token = demo.world.token(page.evaluate("window.arrived")["data"]["token"])
    assert token is not None
    assert (token.user.name, token.user.email) == ("Nia Newcomer", "nia@example.org")


def test_a_page_that_cuts_itself_off_loses_its_opener_for_good(page: Page, demo: DemoServer) -> None:
    demo.weather.set("severed", "/demo/google")
    popup = open_popup(page, demo, "/sticky_auth/api/v1/authorize")
    popup.get_by_role("button", name="Ada Lovelace").wait_for()
    assert page.evaluate("window.popup.closed")
    assert not popup.is_closed()
    popup.get_by_role("button", name="Ada Lovelace").click()
    popup.wait_for_url("**/oauth2callback*")
    assert popup.evaluate("window.opener") is None
    assert page.evaluate(NOTHING_ARRIVED)


def test_cancel_ends_on_an_error_page(page: Page, demo: DemoServer) -> None:
    popup = open_popup(page, demo, "/sticky_auth/api/v1/authorize")
    popup.get_by_role("button", name="Cancel").click()
    popup.get_by_role("heading", name="Internal Server Error").wait_for()


def test_terms_are_read_ticked_and_accepted(page: Page, demo: DemoServer) -> None:
    user = demo.world.user_by_email("grace@example.org")
    assert user is not None
    token = demo.world.sign_in(user).text
    query = f"?client=ng&middle_auth_token={token}"
    popup = open_popup(page, demo, f"/sticky_auth/api/v1/tos/2/accept{query}")
    accept = popup.get_by_role("button", name="Accept")
    assert accept.is_disabled()
    popup.get_by_label("I agree to the Terms of Service").check()
    accept.click()
    assert page.evaluate("window.arrived")["data"] == "success"
    assert user.accepted == {2}
    assert token not in popup.url


def test_the_download_has_a_name_that_caveclient_does_not_find(page: Page, demo: DemoServer) -> None:
    page.goto(f"{demo.address}/sticky_auth/settings/tokens")
    page.get_by_role("button", name="Ada Lovelace").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="download JSON").click()
    host = demo.address.removeprefix("http://").replace(":", "_")
    assert download.value.suggested_filename == f"{host}_auth-cave-secret.json"


def test_the_token_page_makes_and_deletes_keys(page: Page, demo: DemoServer) -> None:
    page.goto(f"{demo.address}/sticky_auth/settings/tokens")
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_label("Description").fill("testuser<'&\">")
    page.get_by_role("button", name="Create token").click()
    entry = page.get_by_role("listitem", name="testuser<'&\">")
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    entry.get_by_role("button", name="delete").click()
    entry.wait_for(state="detached")
    assert asked == ["Are you sure you want to delete this token?"]
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    assert [key.description for key, _token in demo.world.keys_of(user)] == ["Ada's laptop"]
