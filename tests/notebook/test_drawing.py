"""The browser side by itself, in real Chromium with a model made up by the test: no Jupyter, no kernel."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support import facts as f
from support.drawing import ADDRESS, PAGE, change, draw, draw_open, sent
from support.states import ALL_STATES, LISTED, PAGES, PASTE, READ, TAB, TERMS_OPEN, drawn

from cave_setup import errors
from cave_setup.environment import choose
from cave_setup.models import Account, DatastackChoice
from cave_setup.notebook.markdown import as_tree
from cave_setup.notebook.situation import TermsText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

HPC = choose("hpc", {}, Path("/nowhere"))
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(
        viewport={"width": 760, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    made.set_default_timeout(5000)
    made.route(ADDRESS, lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def one_page(context: BrowserContext) -> Iterator[Page]:
    """One page for all tests that only look at a state: making a page takes longer than looking."""
    made = context.new_page()
    yield made
    made.close()


@pytest.fixture
def still(one_page: Page) -> Page:
    one_page.goto(ADDRESS)
    return one_page


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    made = context.new_page()
    made.goto(ADDRESS)
    yield made
    made.close()


def whole(page: Page, name: str, state: dict[str, Any]) -> None:
    """Draw a state with all that belongs to it."""
    (draw_open if name.startswith("choosing") else draw)(page, state)


def paste(page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.get_by_label("Your token").focus()
    page.keyboard.press("Control+V")


def test_it_says_hello_so_that_the_kernel_knows_there_is_a_front_end(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    assert page.evaluate("() => window.sent[0].action") == "hello"


@pytest.mark.parametrize("name", ALL_STATES)
def test_every_state_is_drawn_whole_and_in_order(still: Page, name: str) -> None:
    failures: list[str] = []
    still.once("pageerror", lambda error: failures.append(str(error)))
    state = ALL_STATES[name]()
    whole(still, name, state)
    headings = still.get_by_role("region", name="CAVE Setup").get_by_role("heading", level=3)
    expect(headings).to_have_text([step["title"] for step in state["steps"]])
    assert failures == []


def test_pasting_sends_the_whole_text_and_leaves_nothing_in_the_page(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    text = '{\n  "token": "0123456789abcdef0123456789abcdef"\n}'
    paste(page, text)
    assert sent(page) == [{"action": "paste", "bytes": text}]
    assert page.get_by_label("Your token").input_value() == ""
    assert "0123456789abcdef" not in page.content()


def test_typing_sends_on_enter_and_empties_the_field(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    field = page.get_by_label("Your token")
    assert (field.get_attribute("type"), field.get_attribute("autocomplete")) == ("password", "off")
    field.fill("abc")
    field.press("Enter")
    assert sent(page) == [{"action": "paste", "bytes": "abc"}]
    assert field.input_value() == ""


def test_a_dropped_file_is_sent_and_kept_from_the_file_browser(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    reached = page.evaluate(
        """() => {
            let outside = false;
            document.addEventListener("drop", () => { outside = true; });
            const data = new DataTransfer();
            data.items.add(new File(["0123"], "token.json"));
            const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
            document.querySelector(".paste").dispatchEvent(drop);
            return [outside, drop.defaultPrevented];
        }"""
    )
    page.wait_for_function("() => window.sent.length > 1")
    assert sent(page) == [{"action": "paste", "bytes": "0123"}]
    assert reached == [False, True]


def test_a_file_too_large_is_refused_before_it_is_read(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.locator("input[type=file]").set_input_files(
        {"name": "big", "mimeType": "text/plain", "buffer": b"x" * 1_000_001}
    )
    expect(page.locator(".alert")).to_contain_text("too large")
    assert sent(page) == []


def test_keys_typed_in_the_wizard_reach_nobody_else(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.get_by_role("button", name="Change").focus()
    for key in ("b", "ArrowDown", "Escape", "Shift+Enter"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.keys") == []
    page.locator("#outside").press("b")
    assert page.evaluate("() => window.keys") == ["b"]


def test_a_half_typed_field_survives_a_change_elsewhere(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.get_by_label("Your token").fill("half typed")
    change(page, drawn(f.nothing_yet(), busy="Asking the server …", sign_in=PASTE))
    field = page.get_by_label("Your token")
    assert field.input_value() == "half typed"
    expect(field).to_be_focused()


def test_the_focus_stays_in_the_field_while_answers_come_and_go(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    field = page.get_by_label("Your token")
    field.focus()
    for _ in range(2):
        change(page, drawn(f.nothing_yet(), busy="Asking …", sign_in=PASTE))
        change(page, ALL_STATES["bad paste"]())
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")


def test_without_any_answer_it_says_so(page: Page) -> None:
    page.clock.install()
    draw(page, ALL_STATES["paste"]())
    page.get_by_role("button", name="Check again").click()
    page.clock.run_for(4000)
    expect(page.locator(".alert")).to_be_hidden()
    page.clock.run_for(2000)
    expect(page.locator(".alert")).to_contain_text("No answer from the kernel yet")
    change(page, ALL_STATES["save"]())
    expect(page.locator(".alert")).to_be_hidden()


def test_cancelling_a_change_forgets_what_was_typed(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.get_by_role("button", name="Change").click()
    page.get_by_label("Datastack").fill("minnie 65!")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Change")).to_be_focused()
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Datastack")).to_have_value("minnie65_public")


def test_focus_is_taken_along_to_the_next_step_only_for_those_who_are_here(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.get_by_label("Your token").focus()
    change(page, ALL_STATES["save"]())
    expect(page.get_by_role("heading", name="Save on this computer")).to_be_focused()
    page.locator("#outside").focus()
    change(page, ALL_STATES["ready"]())
    expect(page.locator("#outside")).to_be_focused()


@pytest.mark.parametrize("key", ["Enter", "Escape"])
@pytest.mark.parametrize(
    ("opener", "before", "opened"),
    [
        ("Not right?", lambda: drawn(f.nothing_yet()), lambda: drawn(f.nothing_yet(), place="choose")),
        ("About", lambda: drawn(f.nothing_yet(environment=HPC)), ALL_STATES["guide to hpc"]),
        ("Your keys", lambda: drawn(f.facts()), ALL_STATES["keys"]),
        ("Use another token", lambda: drawn(f.facts()), ALL_STATES["another token"]),
    ],
    ids=["place", "about", "keys", "another"],
)
def test_what_is_put_away_leads_back_to_what_opened_it(
    page: Page, key: str, opener: str, before: Any, opened: Any
) -> None:
    draw(page, before())
    button = page.get_by_role("button", name=opener)
    button.press("Enter")
    change(page, opened())
    expect(page.locator(".step.open .title")).to_be_focused()
    away = page.locator(".step.open").get_by_role("button", name=re.compile("^(Cancel|Close)$"))
    away.press(key)
    assert sent(page)[-1] == {"action": "back"}
    change(page, before())
    expect(button).to_be_focused()


def test_a_field_keeps_the_focus_while_what_is_above_it_changes(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.get_by_label("Your token").fill("half")
    change(
        page, drawn(f.nothing_yet(reachable=None, problems={"account": errors.ServerTimeout("host")}), sign_in=PASTE)
    )
    expect(page.get_by_label("Your token")).to_be_focused()
    expect(page.get_by_label("Your token")).to_have_value("half")


def test_what_was_done_before_is_no_news_at_the_next_place(page: Page) -> None:
    written = {"store": f.facts().store}
    draw(page, drawn(f.pasted(environment=f.COLAB, **written), place="choose"))
    page.get_by_role("button", name="Use this").press("Enter")
    state = drawn(f.in_capsule(f.pasted(**written)))
    assert '"kind": "done"' in json.dumps(state)
    change(page, state)
    expect(page.locator(".step.open .title")).to_be_focused()


def test_what_can_be_done_comes_into_view_also_where_it_comes_later(page: Page) -> None:
    page.set_viewport_size({"width": 760, "height": 470})
    draw(page, ALL_STATES["nothing yet"]())
    page.get_by_role("button", name="Sign in", exact=True).focus()
    change(page, ALL_STATES["terms not yet here"]())
    change(page, ALL_STATES["terms"]())
    for seen in (page.get_by_role("button", name="Accept"), page.locator(".step.open .title")):
        expect(seen).to_be_in_viewport(ratio=1)


def test_an_answer_is_sent_as_what_it_is(page: Page) -> None:
    draw(page, ALL_STATES["not right"]())
    page.get_by_role("radio", name="Google Colab").check()
    page.get_by_role("button", name="Use this").click()
    assert sent(page)[-1] == {"action": "use-place", "value": "colab"}


def test_a_typed_address_can_be_corrected(page: Page) -> None:
    draw(page, ALL_STATES["mount, to add"]())
    guide = page.locator("details.guide >> nth=1")
    guide.locator("summary").first.click()
    guide.get_by_text("Another address").click()
    field = guide.get_by_label("Address of your Code Ocean")
    field.fill("https://right.example.org")
    field.press("Enter")
    assert sent(page)[-1] == {"action": "platform", "text": "https://right.example.org"}
    wrong = errors.AddressError("That is no address.")
    change(
        page,
        drawn(
            replace(f.in_capsule(f.pasted()), secret_variables=(f.COP, f.FOR_V1DD)),
            copied=True,
            opened=True,
            error=wrong,
            error_in="platform",
        ),
    )
    expect(guide.get_by_text("That is no address.")).to_be_visible()
    expect(field).to_be_focused()


def test_each_step_says_its_state_in_words_and_not_by_colour_alone(page: Page) -> None:
    draw(page, ALL_STATES["terms"]())
    expect(page.locator("[data-step=terms]")).to_have_attribute("aria-current", "step")
    expect(page.locator("[data-step=account]")).to_contain_text("(done)")
    expect(page.locator("[data-step=terms]")).to_contain_text("(to do now)")
    expect(page.locator("[data-step=save]")).to_contain_text("(comes later)")


def test_what_a_server_calls_itself_stays_text(page: Page) -> None:
    name = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\'">'
    draw(page, drawn(f.facts(account=Account(1, name, "eve@example.org"))))
    expect(page.locator("[data-step=account]")).to_contain_text(name)
    assert page.evaluate("() => window.pwned") is None


def test_the_terms_page_is_believed_only_if_it_is_that_window_of_that_server(page: Page) -> None:
    state = json.loads(json.dumps(ALL_STATES["terms"]()).replace(PAGES.terms, "http://localhost/terms"))
    body = "<script>if (opener) opener.postMessage(location.hash.slice(1) || 'success', '*')</script>"
    page.context.route(
        "http://localhost/terms*", lambda route: route.fulfill(body="<p>terms", content_type="text/html")
    )
    page.context.route("http://other.test/*", lambda route: route.fulfill(body=body, content_type="text/html"))
    draw(page, state)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Read them on the server's own page").click()
    popup = opened.value
    assert sent(page) == [{"action": "opened", "what": "terms"}]
    page.evaluate("() => window.postMessage('success', '*')")  # this page itself
    popup.evaluate("() => opener.postMessage('something else', '*')")
    page.wait_for_timeout(150)
    assert len(sent(page)) == 1
    popup.evaluate("() => opener.postMessage('success', '*')")
    page.wait_for_function("() => window.sent.some((message) => message.action === 'visible')")
    page.wait_for_timeout(100)
    assert popup.is_closed()


# ------------------------------------------------------------------------------------------------------ signing in

SECRET = "0123456789abcdef0123456789abcdef"
MESSAGE = {"token": SECRET, "app_urls": []}
SIGN_IN_PAGE = "http://auth.test/sign-in"


@pytest.fixture
def servers(context: BrowserContext) -> Iterator[None]:
    """The auth server and another one: pages that do what the test has them do."""
    for host in ("auth.test", "other.test"):
        context.route(f"http://{host}/*", lambda route: route.fulfill(body="<p>page", content_type="text/html"))
    yield
    for host in ("auth.test", "other.test"):
        context.unroute(f"http://{host}/*")


def signing_in(page: Page, **changes: Any) -> Page:
    """Draw the wizard, press its button, and give the window."""
    state = json.loads(json.dumps(ALL_STATES["nothing yet"]()))
    [sign_in] = [item["signIn"] for item in state["steps"][1]["blocks"][1]["items"] if "signIn" in item]
    sign_in.update({"address": SIGN_IN_PAGE, "origins": ["http://auth.test"], **changes})
    draw(page, state)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in", exact=True).click()
    popup = opened.value
    popup.wait_for_load_state()
    assert sent(page) == [{"action": "signing-in"}]
    return popup


def post(source: Page, message: object) -> None:
    source.evaluate("message => (window.opener || window).postMessage(message, '*')", message)


def go(popup: Page, address: str) -> None:
    """Go on as a page does, which keeps the opener; the address bar would cut it off."""
    popup.evaluate("address => { location.href = address; }", address)
    popup.wait_for_url(address)
    assert popup.evaluate("() => window.opener !== null")


def test_a_token_of_the_window_is_passed_on_once_and_the_window_is_closed(page: Page, servers: None) -> None:
    popup = signing_in(page)
    with popup.expect_event("close"):
        popup.evaluate(
            "message => { opener.postMessage(message, '*'); opener.postMessage(message, '*'); }",
            MESSAGE,
        )
    page.wait_for_timeout(150)
    assert sent(page)[1:] == [{"action": "signed-in", "bytes": SECRET}]
    assert SECRET not in page.content()


def test_what_is_sent_says_at_which_server_the_person_began_it(page: Page, servers: None) -> None:
    popup = signing_in(page)
    began = page.evaluate("() => window.sent.at(-1).at")
    state = json.loads(json.dumps(ALL_STATES["nothing yet"]()))
    state["signingIn"] = True
    state["where"]["server"] = "https://other.example.org"
    change(page, state)
    post(popup, MESSAGE)
    page.wait_for_function("() => window.sent.at(-1).action === 'signed-in'")
    assert page.evaluate("() => window.sent.at(-1).at") == began == "https://global.daf-apis.com"
    page.get_by_role("button", name="Check again").first.click()
    assert page.evaluate("() => window.sent.at(-1).at") == "https://other.example.org"


@pytest.mark.parametrize(
    "message",
    [
        SECRET,
        None,
        {},
        {"token": None},
        {"token": SECRET.upper()},
        {"token": SECRET[:-1]},
        {"token": SECRET + "0"},
        {"token": f" {SECRET}"},
        {"token": [SECRET]},
        {"token": {"toString": SECRET}},
        "success",
    ],
    ids=repr,
)
def test_what_has_not_the_shape_of_a_token_is_not_passed_on(page: Page, servers: None, message: object) -> None:
    popup = signing_in(page)
    post(popup, message)
    page.wait_for_timeout(100)
    assert len(sent(page)) == 1
    post(popup, MESSAGE)  # it was heard, and only not believed
    page.wait_for_function("() => window.sent.some((message) => message.action === 'signed-in')")


def test_a_token_from_this_page_another_window_or_another_origin_is_not_believed(page: Page, servers: None) -> None:
    popup = signing_in(page)
    post(page, MESSAGE)
    page.evaluate("() => document.body.append(document.createElement('iframe'))")
    page.locator("iframe").evaluate("frame => { frame.src = 'http://auth.test/framed'; }")
    page.frame_locator("iframe").locator("p").evaluate("(_, message) => parent.postMessage(message, '*')", MESSAGE)
    with page.expect_popup() as opened:
        page.evaluate("() => { window.open('http://auth.test/other'); }")
    opened.value.wait_for_load_state()
    post(opened.value, MESSAGE)  # the right origin, but not the window that was opened for it
    go(popup, "http://other.test/")
    post(popup, MESSAGE)  # the right window, but it has gone elsewhere
    page.wait_for_timeout(150)
    assert len(sent(page)) == 1
    go(popup, SIGN_IN_PAGE)
    post(popup, MESSAGE)
    page.wait_for_function("() => window.sent.some((message) => message.action === 'signed-in')")


def test_a_closed_window_is_told(page: Page, servers: None) -> None:
    popup = signing_in(page)
    popup.close()
    page.wait_for_function("() => window.sent.length > 2")
    assert sent(page)[1:] == [{"action": "no-sign-in", "why": "closed"}]


def test_a_silent_window_is_told_once_and_may_still_speak(page: Page, servers: None) -> None:
    popup = signing_in(page, patience=0.1)
    page.wait_for_function("() => window.sent.length > 2")
    page.wait_for_timeout(900)
    assert sent(page)[1:] == [{"action": "no-sign-in", "why": "late"}]
    post(popup, MESSAGE)
    page.wait_for_function("() => window.sent.some((message) => message.action === 'signed-in')")


def test_a_window_that_cannot_be_opened_is_told(page: Page, servers: None) -> None:
    draw(page, ALL_STATES["nothing yet"]())
    page.evaluate("() => { window.open = () => null; }")  # as in an editor; a real blocker is tried in JupyterLab
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert sent(page) == [{"action": "no-sign-in", "why": "blocked"}]


# As VS Code's webview is described (microsoft/vscode-jupyter#12484): not a page of the web, no Jupyter server's
# settings in it, windows do not open and say nothing, and there may be no clipboard.
IN_AN_EDITOR = """
    const origin = "vscode-webview://1a2b3c";
    const location = { protocol: "vscode-webview:", hostname: "1a2b3c", origin, href: `${origin}/index.html` };
    const navigator = {};
    window.open = () => undefined;
"""


def test_in_an_editor_that_opens_no_windows_every_way_on_is_open_and_nothing_breaks(page: Page) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    draw(page, ALL_STATES["nothing yet"](), IN_AN_EDITOR)
    assert page.evaluate("() => window.sent[0]") == {"action": "hello", "base": "", "near": True, "app": "VS Code"}
    page.get_by_role("button", name="Sign in", exact=True).click()
    change(page, ALL_STATES["tab"]())  # which Python offers then
    tab = page.get_by_role("link", name="Sign in in a tab of its own")
    expect(tab).to_have_attribute("href", TAB)  # a plain link, which an editor hands to the browser
    with page.context.expect_page():
        tab.click()
    change(page, ALL_STATES["paste"]())
    page.get_by_label("Your token").fill("0" * 32)
    page.keyboard.press("Enter")
    assert sent(page) == [
        {"action": "no-sign-in", "why": "blocked"},
        {"action": "opened", "what": "tab"},
        {"action": "paste", "bytes": "0" * 32},
    ]
    change(page, ALL_STATES["terms without text"]())
    with page.context.expect_page():  # the link itself opens it
        page.get_by_role("link", name="Read and accept the terms").click()
    change(page, ALL_STATES["ready"]())
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("The browser did not allow copying; the text is selected.")
    change(page, ALL_STATES["mount"]())
    page.get_by_role("button", name="Copy the token").click()
    asked = sent(page)[-1]
    page.evaluate("([message, token]) => window.model.ask(message, token)", [{**asked, "tell": "token"}, "0" * 32])
    expect(page.get_by_label("The token", exact=True)).to_have_value("0" * 32)
    assert broken == []


def test_for_a_kernel_that_is_gone_no_window_stays_open(page: Page, servers: None) -> None:
    draw(page, ALL_STATES["nothing yet"]())
    page.evaluate("() => { window.gone = true; }")
    windows = len(page.context.pages)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".alert")).to_contain_text("Run the cell again")
    change(page, ALL_STATES["tab"]())
    page.get_by_role("link", name="Sign in in a tab of its own").click()
    expect(page.locator(".alert")).to_contain_text("Run the cell again")
    page.wait_for_timeout(200)
    assert len(page.context.pages) == windows


def test_a_second_try_closes_the_first_window(page: Page, servers: None) -> None:
    popup = signing_in(page)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in", exact=True).click()
    assert popup.is_closed()
    assert not opened.value.is_closed()
    page.wait_for_timeout(900)
    assert [message["action"] for message in sent(page)] == ["signing-in", "signing-in"]


def test_who_signs_in_another_way_meanwhile_is_not_overtaken_by_the_window(page: Page, servers: None) -> None:
    popup = signing_in(page)
    change(page, ALL_STATES["window open"]())
    with popup.expect_event("close"):
        change(page, ALL_STATES["ready"]())
    post(page, MESSAGE)
    page.wait_for_timeout(150)
    assert len(sent(page)) == 1


def test_the_browser_says_whether_a_port_of_the_kernel_can_be_reached_through_the_server(page: Page) -> None:
    draw(page, ALL_STATES["window blocked"]())
    page.route("http://localhost/proxy/1/here", lambda route: route.fulfill(body="cave-setup"))
    page.route("http://localhost/proxy/2/here", lambda route: route.fulfill(body="<html>log in"))
    page.route("http://localhost/proxy/3/here", lambda route: route.fulfill(status=404))
    for number in (1, 2, 3):
        page.evaluate("address => window.model.ask({ ask: 'reach', address })", f"http://localhost/proxy/{number}/here")
        page.wait_for_function("count => window.sent.length > count", arg=number)
    assert [message["through"] for message in sent(page)] == [True, False, False]


def test_the_tab_is_opened_without_an_opener(page: Page) -> None:
    page.context.route("http://127.0.0.1:40123/**", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    draw(page, ALL_STATES["tab"]())
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in in a tab of its own").click()
    opened.value.wait_for_load_state()
    assert opened.value.url == TAB
    assert opened.value.evaluate("() => window.opener") is None
    assert sent(page) == [{"action": "opened", "what": "tab"}]


# ----------------------------------------------------------------------------------------------------- terms, keys


def test_terms_are_accepted_with_the_tick_only(page: Page) -> None:
    draw(page, ALL_STATES["terms"]())
    accept = page.get_by_role("button", name="Accept")
    expect(accept).to_be_disabled()
    page.get_by_label("I have read these terms and accept them").focus()
    page.keyboard.press("Enter")  # a form is sent by Enter in a field, too
    assert sent(page) == []
    page.keyboard.press("Space")
    accept.click()
    assert sent(page) == [{"action": "accept", "terms": 2, "agreed": True}]


def test_the_tick_survives_what_happens_around_it(page: Page) -> None:
    draw(page, ALL_STATES["terms"]())
    page.get_by_role("checkbox", name="I have read").check()
    change(page, drawn(f.pasted(**TERMS_OPEN), terms=READ, busy="Asking …"))
    expect(page.get_by_role("checkbox", name="I have read")).to_be_checked()


def test_the_text_of_terms_can_be_scrolled_by_keyboard_and_grows_nothing_harmful(page: Page) -> None:
    hostile = (
        "# Terms <script>window.pwned=1</script>\n\n<img src=x onerror=window.pwned=1>\n\n"
        "[a](javascript:window.pwned=1) [b](https://example.org/) ![c](https://example.org/c.png)\n\n"
        "<a href='javascript:window.pwned=1'>x</a>"
    )
    draw(page, drawn(f.pasted(**TERMS_OPEN), terms=TermsText(2, (*as_tree(hostile), ["script", {}, "window.pwned=1"]))))
    text = page.get_by_role("region", name="Terms of service: MICrONS Public")
    expect(text).to_contain_text("<script>window.pwned=1</script>")
    expect(text).to_have_attribute("tabindex", "0")
    assert text.locator("script, img").count() == 0
    assert text.get_by_role("link").evaluate_all("links => links.map((link) => link.href)") == [
        "https://example.org/",
        "https://example.org/c.png",  # a picture would tell its server who is reading
    ]
    assert page.evaluate("() => window.pwned") is None


def test_what_can_be_done_with_a_key_is_said_with_its_name(page: Page) -> None:
    draw(page, ALL_STATES["keys"]())
    page.get_by_role("group", name="without a name ····3210").get_by_role("button", name="Revoke").click()
    assert sent(page) == [{"action": "ask-revoke", "key": 2}]


def scrolled_past(page: Page, **changes: Any) -> None:
    """Draw as after Shift+Enter: the page stands at what comes next, far below."""
    page.evaluate(
        """() => {
            const below = document.createElement("div");
            below.style.height = "5000px";
            document.body.append(below);
            window.scrollTo(0, 4000);
        }"""
    )
    draw(page, {**ALL_STATES["nothing yet"](), **changes})


def test_who_is_needed_is_brought_back_however_late_the_page_scrolls_on(page: Page) -> None:
    scrolled_past(page, isNew=True)
    heading = page.get_by_role("heading", name="CAVE Setup")
    expect(heading).to_be_in_viewport()
    page.evaluate("() => window.scrollTo(0, 4000)")
    expect(heading).to_be_in_viewport()


def test_who_does_something_else_meanwhile_is_left_there(page: Page) -> None:
    scrolled_past(page, isNew=True)
    heading = page.get_by_role("heading", name="CAVE Setup")
    expect(heading).to_be_in_viewport()
    page.mouse.wheel(0, 3000)
    expect(heading).not_to_be_in_viewport()
    page.wait_for_timeout(3200)
    expect(heading).not_to_be_in_viewport()


def test_a_page_that_is_opened_later_stays_where_it_is(page: Page) -> None:
    scrolled_past(page, isNew=False)
    page.wait_for_timeout(800)
    expect(page.get_by_role("heading", name="CAVE Setup")).not_to_be_in_viewport()


def test_the_switch_is_sent(page: Page) -> None:
    draw(page, ALL_STATES["nothing yet"]())
    page.get_by_label("Ask me before each step").check()
    assert sent(page) == [{"action": "ask-first", "on": True}]
    change(page, ALL_STATES["asks first"]())
    expect(page.get_by_label("Ask me before each step")).to_be_checked()


def test_opening_the_field_to_paste_into_takes_the_focus_there(page: Page) -> None:
    draw(page, ALL_STATES["nothing yet"]())
    page.get_by_role("button", name="I have a token to paste").click()
    assert sent(page) == [{"action": "paste-open"}]
    change(page, ALL_STATES["paste"]())
    expect(page.get_by_label("Your token")).to_be_focused()


def test_coming_back_to_the_page_makes_it_look_at_once(page: Page) -> None:
    waiting = json.loads(json.dumps(ALL_STATES["terms"]()))
    draw(page, waiting)
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    assert sent(page) == []
    waiting["steps"][2]["blocks"].append({"id": "window", "kind": "waiting", "text": "Waiting …"})
    change(page, waiting)
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    assert sent(page) == []
    waiting["steps"][2]["blocks"].append({"id": "watching", "kind": "waiting", "text": "Waiting …"})
    change(page, waiting)
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    assert sent(page) == [{"action": "visible"}]


def test_a_dead_kernel_is_said(page: Page) -> None:
    draw(page, ALL_STATES["paste"]())
    page.evaluate("() => { window.gone = true; }")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator(".alert")).to_contain_text("Run the cell again")


def test_the_lines_can_be_copied(page: Page) -> None:
    draw(page, ALL_STATES["ready"]())
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert "CAVEclient" in page.evaluate("() => navigator.clipboard.readText()")


def test_taking_it_down_takes_its_listeners_along(page: Page) -> None:
    draw(page, ALL_STATES["terms"]())
    page.evaluate("() => window.dispose()")
    page.get_by_role("button", name="Change").focus()
    page.keyboard.press("b")
    assert page.evaluate("() => window.keys") == ["b"]
    assert page.evaluate("() => window.wasOff")


def test_the_button_to_change_the_server_opens_its_form(page: Page) -> None:
    draw(page, ALL_STATES["no permission"]())
    page.get_by_role("button", name="Change server or datastack").click()
    expect(page.get_by_label("CAVE server")).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("CAVE server")).to_be_hidden()
    assert sent(page) == [{"action": "datastacks"}]


# -------------------------------------------------------------------------------------------- server and datastack


def picked(page: Page) -> list[dict[str, Any]]:
    return [message for message in sent(page) if message["action"] != "datastacks"]


def test_a_datastack_is_picked_with_the_keyboard(page: Page) -> None:
    draw(page, ALL_STATES["choosing, listed"]())
    page.get_by_role("button", name="Change", exact=True).focus()
    for key in ("Enter", "Tab", "Tab", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert picked(page) == [{"action": "server", "server": "https://global.daf-apis.com", "datastack": "open_stack_00"}]
    assert page.evaluate("() => window.keys") == []  # none of them reached the notebook
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Datastack")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="private_stack")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")  # a list is one stop
    expect(page.get_by_role("button", name="Use these")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="private_stack")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Change", exact=True)).to_be_focused()
    expect(page.get_by_label("Datastack")).to_be_hidden()


def test_typing_narrows_the_list_down_and_enter_takes_what_was_typed(page: Page) -> None:
    draw_open(page, ALL_STATES["choosing, listed"]())
    field = page.get_by_label("Datastack")
    rows = page.get_by_role("list", name="What there is on global.daf-apis.com").get_by_role("button")
    expect(rows).to_have_count(21)
    field.fill("WITH_TERMS_0")
    expect(rows).to_have_count(8)
    expect(rows.first).to_have_accessible_name("with_terms_00 terms not accepted yet: MICrONS Public")
    field.fill("no such thing")
    expect(rows).to_have_count(0)
    expect(page.get_by_text("None of these has that in its name")).to_be_visible()
    field.press("ArrowDown")
    expect(field).to_be_focused()
    field.press("Enter")
    assert picked(page)[0]["datastack"] == "no such thing"
    field.fill("")
    expect(rows).to_have_count(21)


def test_a_list_that_arrives_keeps_the_form_what_was_typed_and_the_place(page: Page) -> None:
    draw_open(page, ALL_STATES["choosing, asked for"]())
    page.get_by_label("CAVE server").fill("global.daf-apis.com/auth")
    page.get_by_label("Datastack").fill("minnie65")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="minnie65_public")).to_be_focused()
    change(page, ALL_STATES["choosing, listed"]())
    expect(page.get_by_label("CAVE server")).to_have_value("global.daf-apis.com/auth")
    expect(page.get_by_label("Datastack")).to_have_value("minnie65")
    expect(page.get_by_role("button", name="minnie65_public open to you")).to_be_focused()
    expect(page.get_by_role("list", name="What there is on").get_by_role("button")).to_have_count(1)
    change(page, drawn(f.facts(), listed=LISTED, moved=1))
    expect(page.get_by_label("Datastack")).to_be_hidden()


def test_a_deployment_brings_its_usual_datastack_and_the_chosen_one_is_said(page: Page) -> None:
    draw_open(page, ALL_STATES["choosing"]())
    known = page.get_by_role("list", name="Known deployments").get_by_role("button")
    expect(known).to_have_count(3)
    assert [one.get_attribute("aria-current") for one in known.all()] == ["true", None, None]
    v1dd = {"action": "server", "server": "https://global.em.brain.allentech.org", "datastack": "v1dd_public"}
    known.nth(1).click()
    page.get_by_label("Datastack").fill("v1dd")
    known.nth(1).click()
    assert picked(page) == [{**v1dd, "typed": ""}, {**v1dd, "typed": "v1dd"}]


def test_the_list_of_one_server_goes_while_another_one_is_typed(page: Page) -> None:
    draw_open(page, ALL_STATES["choosing, listed"]())
    there = page.get_by_role("list", name="What there is on global.daf-apis.com")
    other = page.get_by_text("Another server: its datastacks are listed once it is used.")
    server = page.get_by_label("CAVE server")
    for typed, is_other in {"cave.example.org": True, "HTTPS://Global.daf-apis.com/": False, "": True}.items():
        server.fill(typed)
        expect(there).to_be_visible(visible=not is_other)
        expect(other).to_be_visible(visible=is_other)
    page.get_by_label("Datastack").press("ArrowDown")
    expect(page.get_by_label("Datastack")).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(there).to_be_visible()


def test_a_likely_mistake_is_asked_about_and_told_again(page: Page) -> None:
    draw_open(page, ALL_STATES["choosing, a mistake"]())
    error = page.get_by_text("Did you mean global.daf-apis.com?")
    expect(error).to_be_visible()
    page.get_by_role("button", name="Use minnie65_public on global.daf-apis.com").click()
    page.get_by_role("button", name="Use it as typed").click()
    assert [(message["server"], message.get("sure")) for message in picked(page)] == [
        ("https://global.daf-apis.com", None),
        ("https://global.daf-api.com", True),
    ]
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(error).to_be_hidden()
    change(page, ALL_STATES["choosing, a mistake"]())
    expect(error).to_be_visible()


def test_what_a_server_calls_its_datastacks_stays_text(page: Page) -> None:
    hostile = (DatastackChoice("<img src=x onerror=window.pwned=1>", "terms", replace(f.MICRONS, name="<b>x</b>")),)
    draw_open(page, drawn(f.facts(), listed=hostile))
    expect(page.get_by_role("button", name="<img src=x")).to_have_text(
        "<img src=x onerror=window.pwned=1> terms not accepted yet: <b>x</b>"
    )
    assert page.evaluate("() => window.pwned") is None
