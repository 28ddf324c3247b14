"""Signing in from real JupyterLab, Notebook 7 and a hub: each way, and each way that fails, on the demo's own pages."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from integration.listeners import Listener, says
from playwright.sync_api import expect
from support import traces
from support.chromium import chromium
from support.lab import WIZARD_CELL, Notebook7, settle
from support.people import SIGN_IN, Person, is_ready, step
from support.stress import STRESS

from cave_setup.demo import DemoServer, ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, Playwright
    from support.lab import Lab

AGAIN = "Try the window again"
QUICK = (
    "import cave_setup.notebook.ladder as ladder\n"
    "ladder.WINDOW_PATIENCE, ladder.TAB_REACHED_SECONDS, ladder.PATIENCE = {window}, {tab}, {over}"
)


@dataclass
class Place:
    """A Jupyter with a page in a browser, a demo server that the browser can reach from there, and a home."""

    lab: Lab
    page: Page
    demo: DemoServer
    home: Path
    clock: ManualClock
    name: str

    def person(self, *cells: str, page: Page | None = None) -> Person:
        """Run the wizard in a notebook and sit down in front of it."""
        page = page or self.page
        notebook = self.lab.write(self.name, settle(self.home, self.demo.address), *cells, WIZARD_CELL)
        return Person(self.lab.run(page, notebook), page)

    def saved_token(self) -> str:
        token: str = json.loads((self.home / ".cloudvolume/secrets/cave-secret.json").read_text())["token"]
        return token


PLACES = ("lab", "notebook_7", "hub")


@pytest.fixture(scope="session")
def pages(context: BrowserContext) -> Callable[[Lab], Page]:
    """One page for each Jupyter, opened when it is first asked for."""
    opened: dict[str, Page] = {}

    def page_of(lab: Lab) -> Page:
        if lab.address not in opened:
            opened[lab.address] = context.new_page()
            lab.open(opened[lab.address])
        return opened[lab.address]

    return page_of


@contextlib.contextmanager
def demo_for(lab: Lab, clock: ManualClock, seed: Any = None) -> Iterator[DemoServer]:
    """A demo server as this Jupyter's browser reaches it."""
    if not lab.address.endswith("/user/demo"):
        with DemoServer(seed, clock=clock) as demo:
            yield demo
        return
    with DemoServer(seed, behind="/user/demo/", clock=clock) as demo:
        yield demo


@contextlib.contextmanager
def at(request: pytest.FixtureRequest, pages: Callable[[Lab], Page], home: Path) -> Iterator[Place]:
    lab: Lab = request.getfixturevalue(request.param)
    page = pages(lab)
    page.bring_to_front()  # of several Jupyters in one browser; one that is not seen is slow on purpose
    page.context.clear_cookies(name="session")
    page.context.clear_cookies(name="middle_auth_token")
    clock = ManualClock()
    name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
    with demo_for(lab, clock) as demo:
        yield Place(lab, page, demo, home, clock, name)
    for other in page.context.pages:
        if "oauth2callback" in other.url or other.opener():
            other.close()
    page.bring_to_front()
    lab.close_notebook(page)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, pages: Callable[[Lab], Page], home: Path) -> Iterator[Place]:
    with at(request, pages, home) as there:
        yield there


@pytest.fixture(params=PLACES if STRESS else PLACES[:1])
def any_place(request: pytest.FixtureRequest, pages: Callable[[Lab], Page], home: Path) -> Iterator[Place]:
    """For what is the same wherever it happens: it is about the server's pages and the kernel."""
    with at(request, pages, home) as there:
        yield there


# ----------------------------------------------------------------------------------------------------- the window


def test_a_newcomer_needs_five_actions_from_nothing_to_ready(place: Place) -> None:
    person = place.person()
    window = person.open_window()
    person.choose_account(window, "Nia Newcomer")
    person.click(window.get_by_role("button", name="Continue"))
    person.accept_terms()
    is_ready(person.wizard)
    assert person.actions <= 5
    assert window.is_closed()
    is_notebook_7 = isinstance(place.lab, Notebook7)
    # Which Jupyter draws it, only the page knows.
    expect(step(person.wizard, "environment")).to_contain_text("Jupyter Notebook" if is_notebook_7 else "JupyterLab")
    expect(step(person.wizard, "account")).to_contain_text("Nia Newcomer · nia@example.org")
    expect(step(person.wizard, "ready")).to_contain_text("minnie65_public: 12 versions readable")
    user = place.demo.world.user_by_email("nia@example.org")
    assert user is not None
    [(key, token)] = place.demo.world.keys_of(user)
    assert place.saved_token() == token.text
    assert f"key “{key.description}”" in step(person.wizard, "token").inner_text()
    assert user.accepted == {2}
    # Only the key is left: the sign-in itself has been ended, and so has nobody's window.
    assert [one.text for one in traces.tokens_of(place.demo, user)] == [token.text]
    ours = [entry.path for entry in place.demo.requests.entries() if entry.authorization]
    assert len(ours) + 1 < 12  # and one that needs no token


def test_who_has_an_account_with_terms_open_needs_four(place: Place) -> None:
    person = place.person()
    person.choose_account(person.open_window(), "Grace Hopper")
    expect(step(person.wizard, "terms")).to_have_attribute("aria-current", "step")
    person.accept_terms()
    is_ready(person.wizard)
    assert person.actions <= 4


def test_who_returns_needs_two_and_leaves_no_trace_but_the_file(place: Place) -> None:
    sign_ins = traces.sign_ins(place.demo)
    person = place.person()
    person.choose_account(person.open_window(), "Ada Lovelace")
    is_ready(person.wizard)
    assert person.actions <= 2
    place.lab.save(place.page)
    [sign_in] = sign_ins
    assert place.demo.world.token(sign_in) is None
    for token in (sign_in, place.saved_token()):
        traces.assert_nowhere(token, place.lab, place.home)
        assert token not in place.page.content()
        assert token not in place.page.url


@pytest.mark.parametrize("place", ["lab"], indirect=True)
def test_a_server_chosen_while_a_cell_runs_hears_nothing_of_a_sign_in_at_the_one_before(place: Place) -> None:
    over = place.home / "over"
    running = f"import os, time\nwhile not os.path.exists({str(over)!r}): time.sleep(0.05)"
    with Listener(says({"error": "nothing here"}, "404 Not Found")) as other:
        notebook = place.lab.write(place.name, settle(place.home, place.demo.address), WIZARD_CELL, running)
        person = Person(place.lab.run(place.page, notebook), place.page)
        window = person.open_window()
        window.get_by_role("button", name="Ada Lovelace").wait_for()
        person.press("Change")
        person.fill(person.wizard.get_by_label("Server"), other.address)
        person.press("Use these")
        with window.expect_event("close"):
            person.choose_account(window, "Ada Lovelace")
        over.touch()
        expect(person.wizard.locator(".alert")).to_contain_text("The server was changed to")
        expect(step(person.wizard, "account")).not_to_contain_text("Ada")
        assert other.requests
        assert not [request for request in other.requests if request.header("Authorization")]


def test_who_is_set_up_already_needs_none(place: Place) -> None:
    person = place.person()
    person.choose_account(person.open_window(), "Ada Lovelace")
    is_ready(person.wizard)
    place.lab.close_notebook(place.page)
    again = place.person()
    is_ready(again.wizard)
    assert again.actions == 0


def test_a_user_name_of_ones_own(any_place: Place) -> None:
    person = any_place.person()
    window = person.open_window()
    person.fill(window.get_by_label("E-mail"), "mary@example.org")
    person.fill(window.get_by_label("Name", exact=True), "Mary S.")
    person.click(window.get_by_role("button", name="Sign in"))
    person.fill(window.get_by_label("Your other name"), "Mary Shelley")
    person.click(window.get_by_role("button", name="Continue"))
    expect(step(person.wizard, "account")).to_contain_text("Mary Shelley · mary@example.org")


def test_terms_of_one_data_set_after_those_of_another(any_place: Place) -> None:
    person = any_place.person()
    person.choose_account(person.open_window(), "Grace Hopper")
    person.accept_terms()
    is_ready(person.wizard)
    person.wizard.get_by_role("button", name="Change").click()
    person.wizard.get_by_label("Datastack").fill("second_public")
    person.wizard.get_by_role("button", name="Use these").click()
    expect(person.wizard.get_by_role("region", name="Terms of service: Second Public")).to_be_visible()
    expect(person.wizard.get_by_role("checkbox", name="I have read these terms")).not_to_be_checked()
    person.accept_terms()
    is_ready(person.wizard)
    grace = any_place.demo.world.user_by_email("grace@example.org")
    assert grace is not None
    assert grace.accepted == {2, 3}


def test_slow_pages_change_nothing(any_place: Place) -> None:
    any_place.demo.weather.set("latency", "/sticky_auth", seconds=1.0)
    person = any_place.person()
    person.choose_account(person.open_window(), "Ada Lovelace")
    is_ready(person.wizard)


def test_whatever_else_is_asked_first_if_one_likes_to_be_asked(any_place: Place) -> None:
    person = any_place.person()
    person.wizard.get_by_label("Ask me before each step").check()
    person.choose_account(person.open_window(), "Ada Lovelace")
    expect(step(person.wizard, "token")).to_contain_text("is a sign-in token")
    expect(person.wizard.get_by_role("radio", name="A key for this computer")).to_be_checked()
    person.press("Use this one")
    expect(step(person.wizard, "save")).to_have_attribute("aria-current", "step")
    assert not (any_place.home / ".cloudvolume").exists()
    person.press("Save")
    is_ready(person.wizard)


# ------------------------------------------------------------------------------------------ where the window fails


def closed_and_again(person: Person, window: Page, name: str = "Ada Lovelace") -> None:
    """Close a window that came to nothing, see it noticed, and sign in with another."""
    window.close()
    expect(step(person.wizard, "account")).to_contain_text("was closed, or cut off from this page")
    person.choose_account(person.open_window(AGAIN), name)
    is_ready(person.wizard)


def test_cancelling_ends_on_the_servers_error_page_and_another_try_is_at_hand(any_place: Place) -> None:
    person = any_place.person()
    window = person.open_window()
    window.get_by_role("button", name="Cancel").click()
    expect(window.locator("body")).to_contain_text("Internal Server Error")
    expect(step(person.wizard, "account")).to_contain_text("Should the window end on an error page, close it")
    closed_and_again(person, window)


def test_of_two_sign_ins_at_once_the_first_fails_and_can_be_tried_again(any_place: Place) -> None:
    person = any_place.person()
    window = person.open_window()
    window.get_by_role("button", name="Ada Lovelace").wait_for()
    browser_address = any_place.lab.proxied(int(any_place.demo.address.rsplit(":", 1)[1]))
    start = browser_address if any_place.lab.address.endswith("/user/demo") else any_place.demo.address
    # Not with a page of its own: Chromium may hang in closing one that has just gone on to another address.
    same_browser = any_place.page.context.request
    google = same_browser.get(f"{start}/sticky_auth/api/v1/authorize")
    assert "postMessage" in same_browser.post(google.url, form={"email": "grace@example.org"}).text()
    window.get_by_role("button", name="Ada Lovelace").click()
    expect(window.locator("body")).to_contain_text("authorization error")
    closed_and_again(person, window)
    expect(step(person.wizard, "account")).to_contain_text("Ada Lovelace")


def test_a_session_that_has_run_out_can_be_tried_again(any_place: Place) -> None:
    person = any_place.person()
    window = person.open_window()
    window.get_by_role("button", name="Ada Lovelace").wait_for()
    any_place.clock.advance(3601)
    window.get_by_role("button", name="Ada Lovelace").click()
    expect(window.locator("body")).to_contain_text("session has expired")
    closed_and_again(person, window)


def test_a_silent_window_is_told_and_the_tab_offered_while_it_may_still_speak(any_place: Place) -> None:
    person = any_place.person(QUICK.format(window=0.3, tab=10, over=300))
    window = person.open_window()
    expect(step(person.wizard, "account")).to_contain_text("No word from the sign-in window yet.")
    expect(person.wizard.get_by_role("link", name="Sign in in a tab of its own")).to_be_visible()
    person.choose_account(window, "Ada Lovelace")
    is_ready(person.wizard)


def test_a_window_that_loses_its_opener_is_noticed_and_the_tab_takes_over(place: Place) -> None:
    place.demo.weather.set("severed", "/demo/google")
    sign_ins = traces.sign_ins(place.demo)
    person = place.person()
    window = person.open_window()
    expect(step(person.wizard, "account")).to_contain_text("cut off from this page")
    assert not window.is_closed()
    tab = person.open_tab()
    through = place.lab.proxied(0).removesuffix("0")
    person.choose_account(tab, "Ada Lovelace")
    expect(tab.locator("body")).to_contain_text("You can close this tab")
    assert tab.url.startswith(through) == place.lab.address.endswith("/user/demo")
    is_ready(person.wizard)
    place.lab.save(place.page)
    [sign_in] = sign_ins
    assert place.demo.world.token(sign_in) is None
    for token in (sign_in, place.saved_token()):
        assert token not in tab.url
        assert token not in tab.content()
    traces.assert_nowhere(place.saved_token(), place.lab, place.home)
    # With DEBUG on, as here, jupyter-server-proxy writes down every address that it passes on or sees in a redirect.
    # The one that the browser comes back to has the sign-in token in it, which is dead by now.
    passing_on = re.compile(rb"\[D .*(Proxying request to|Not rewriting full URL Location header)")
    traces.assert_nowhere(sign_in, place.lab, place.home, but_for=passing_on)
    tab.go_back()
    assert sign_in not in tab.url
    place.page.bring_to_front()


@pytest.fixture(scope="module")
def strict_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose blocker of pop-up windows is on."""
    with chromium(playwright, blocks_windows=True) as running:
        yield running


def test_a_window_that_is_really_blocked_gives_way_to_the_tab(place: Place, strict_browser: Browser) -> None:
    context = strict_browser.new_context()
    page = context.new_page()
    place.lab.open(page)
    person = place.person(page=page)
    # Six seconds after the click that it goes back to, a browser takes it for the page's own doing.
    person.wizard.get_by_role("button", name=SIGN_IN, exact=True).evaluate(
        "button => { setTimeout(() => button.click(), 6000); }"
    )
    page.wait_for_timeout(6300)  # and not a look at the page meanwhile: that would count as the person's doing
    expect(step(person.wizard, "account")).to_contain_text("Your browser blocked the sign-in window.")
    assert len(context.pages) == 1
    person.choose_account(person.open_tab(), "Ada Lovelace")
    is_ready(person.wizard)
    place.lab.close_notebook(page)
    context.close()


def test_a_paste_is_one_click_away_from_the_start_and_from_every_rung(place: Place) -> None:
    person = place.person()
    window = person.open_window()
    person.press("Sign in another way")
    expect(person.wizard.get_by_role("link", name="Sign in in a tab of its own")).to_be_visible()
    person.press("I have a token to paste")
    field = person.wizard.get_by_label("Your token")
    expect(field).to_be_focused()
    field.fill(place.demo.world.key_of("ada@example.org"))
    field.press("Enter")
    is_ready(person.wizard)
    # Who has come in another way leaves no window in which somebody else could sign in by mistake.
    assert window.is_closed()
    expect(step(person.wizard, "account")).to_contain_text("Ada Lovelace")


# ---------------------------------------------------------------------------------------------- where the tab fails


@pytest.fixture
def lab_only(request: pytest.FixtureRequest, pages: Callable[[Lab], Page], home: Path) -> Iterator[Place]:
    lab: Lab = request.getfixturevalue("lab")
    clock = ManualClock()
    with DemoServer(clock=clock) as demo:
        yield Place(lab, pages(lab), demo, home, clock, f"{request.node.name}.ipynb")
    pages(lab).context.unroute_all()
    lab.close_notebook(pages(lab))


def test_a_kernel_elsewhere_is_noticed_before_anybody_has_signed_in(lab_only: Place) -> None:
    person = lab_only.person(QUICK.format(window=60, tab=0.5, over=300))
    window = person.open_window()
    person.press("Sign in another way")
    # As from another computer: the address of the kernel's own computer leads nowhere.
    lab_only.page.context.route("http://127.0.0.1:*/*/start", lambda route: route.abort("connectionrefused"))
    window.close()
    with lab_only.page.expect_popup():
        person.wizard.get_by_role("link", name="Sign in in a tab of its own").click()
    expect(step(person.wizard, "account")).to_contain_text("Nobody has signed in.")
    expect(person.wizard.get_by_label("Your token")).to_be_visible()


def test_a_tab_that_nobody_comes_back_from_is_told(lab_only: Place) -> None:
    person = lab_only.person(QUICK.format(window=60, tab=10, over=1.0))
    person.open_window()
    person.press("Sign in another way")
    expect(step(person.wizard, "account")).to_contain_text("Nobody came back from the sign-in tab in time.")
    person.choose_account(person.open_window(AGAIN), "Ada Lovelace")
    is_ready(person.wizard)
