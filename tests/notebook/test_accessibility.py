"""That everybody can use the wizard: contrast, focus, names and roles, what is spoken, at every size. No Jupyter here.

Every state is drawn once, in the colours of JupyterLab's own themes; what takes a real Jupyter is in tests/browser.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect
from support import facts as f
from support.drawing import ADDRESS, PAGE, change, draw, draw_open
from support.looks import axe, wrong
from support.states import ALL_STATES, LISTED, PASTE, drawn

from cave_setup import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

PRINCIPAL = (
    *("nothing yet", "bad paste", "window open", "several", "terms", "keys", "revoke", "replace"),
    *("mount, to add", "not right", "choosing, listed", "ready"),
)
THEMES = ("light", "dark", "dark-high-contrast")
IN_LAB = PAGE.replace(
    "<style>", "<style id=theme></style><style>body { background: var(--jp-layout-color0) }</style><style>", 1
).replace(":hover", ":is(:hover, .hovered)")
WIDTHS = (320, 380, 480, 760)  # 380 is what a window of 760 leaves at 200 %, 480 the narrowest for the wide layout
# WCAG 1.4.12: what a reader may set must not cut anything off.
SET_WIDE = """
.cave-setup, .cave-setup * {
    line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important;
}
.cave-setup p { margin-bottom: 2em !important }"""


def theme_of_lab(name: str) -> str:
    """The variables of a theme, as the installed JupyterLab has them."""
    folder = Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
    return (folder / f"theme-{name}-extension/index.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 760, "height": 900})
    context.set_default_timeout(10_000)
    context.route(ADDRESS, lambda route: route.fulfill(body=IN_LAB, content_type="text/html"))
    yield context.new_page()
    context.close()


def fresh(page: Page, name: str, state: dict[str, Any] | None = None) -> Locator:
    """Draw a state with all that belongs to it on a page as it was."""
    page.set_viewport_size({"width": 760, "height": 900})
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    page.goto(ADDRESS)
    (draw_open if name.startswith("choosing") else draw)(page, state or ALL_STATES[name]())
    page.keyboard.press("Tab")  # somebody with a keyboard, so that the focus shows
    return page.get_by_role("region", name="CAVE Setup")


@pytest.fixture(scope="module", params=ALL_STATES)
def every(page: Page, request: pytest.FixtureRequest) -> Locator:
    """The wizard in one state after the other; all tests of a state look at one drawing."""
    return fresh(page, request.param)


def dress(page: Page, theme: str) -> None:
    page.evaluate(
        """([css, light]) => {
            document.querySelector("#theme").textContent = css;
            document.body.dataset.jpThemeLight = light;
        }""",
        [theme_of_lab(theme), str(theme == "light").lower()],
    )


def hover(wizard: Locator, on: bool) -> None:  # noqa: FBT001 - it is a switch
    """Have all of it look as if the mouse were over it: the page's rules say ``.hovered`` beside ``:hover``."""
    wizard.evaluate(
        "(root, on) => root.querySelectorAll('*').forEach((node) => node.classList.toggle('hovered', on))", on
    )


# -------------------------------------------------------------------------------------------------- every state


def stands_out(wizard: Locator, theme: str) -> None:
    dress(wizard.page, theme)
    assert wrong(wizard, "poor") == []
    hover(wizard, True)
    assert wrong(wizard, "poor") == []
    hover(wizard, False)
    assert wrong(wizard, "poorRings") == []


def test_all_that_is_read_or_pressed_stands_out_in_light_and_dark(every: Locator) -> None:
    for theme in ("light", "dark"):
        stands_out(every, theme)


def test_nothing_vanishes_in_colours_that_the_system_forces(every: Locator) -> None:
    every.page.emulate_media(forced_colors="active")
    assert wrong(every, "poor") == wrong(every, "poorRings") == []
    every.page.emulate_media(forced_colors="none")


def test_nothing_is_cut_off_or_out_of_order_at_any_width(every: Locator) -> None:
    for width in WIDTHS:
        every.page.set_viewport_size({"width": width, "height": 900})
        assert wrong(every, "cut") == wrong(every, "order") == []


def test_nothing_is_cut_off_where_a_reader_sets_text_wide(every: Locator) -> None:
    style = every.page.add_style_tag(content=SET_WIDE)
    every.page.set_viewport_size({"width": 320, "height": 900})
    assert wrong(every, "cut") == []
    every.page.set_viewport_size({"width": 760, "height": 900})
    style.evaluate("node => node.remove()")


def test_axe_finds_nothing(every: Locator) -> None:
    assert axe(every, thorough=False).said == []


@pytest.mark.parametrize("name", PRINCIPAL)
def test_in_the_principal_states_axe_looks_thoroughly_and_high_contrast_is_tried(page: Page, name: str) -> None:
    wizard = fresh(page, name)
    assert axe(wizard).said == []
    stands_out(wizard, "dark-high-contrast")
    page.set_viewport_size({"width": 320, "height": 900})
    assert axe(wizard).said == []


# ------------------------------------------------------------------------------ that these checks find something


@pytest.mark.parametrize(
    ("what", "style", "found"),
    [
        ("poor", ".cave-setup { --soft: #aaa !important }", "no token for"),
        ("poor", ".cave-setup .said { opacity: .6 }", "no token for"),
        ("poor", ".cave-setup .said { color: rgb(0 0 0 / 40%) }", "no token for"),
        ("poor", ".cave-setup .open .body { background: rgb(0 0 0 / 40%) }", "No token yet?"),
        ("poor", ".cave-setup input::placeholder { opacity: .5 }", "hint Paste it here"),
        ("poor", ".cave-setup .hovered.quiet { color: #bbb !important }", "Check token"),
        ("poor", ".cave-setup { --edge: #ddd !important }", "span.dot"),
        ("poor", ".cave-setup { --edge: #ddd !important }", "button.quiet"),
        ("poor", ".cave-setup .go { background: #eee; color: #111 }", "button.go"),
        ("poor", ".cave-setup .link { text-decoration: none }", "no underline button.link"),
        ("poor", ".cave-setup .step::after { content: 'x'; color: #ddd }", "::after"),
        ("poorRings", ".cave-setup :focus-visible { outline: none !important }", "no ring"),
        ("poorRings", ".cave-setup { --focus: #ddd !important }", "ring of"),
        ("poorRings", ".cave-setup .where { overflow: hidden }", "is cut by where"),
        ("cut", ".cave-setup .said { white-space: nowrap }", "wide"),
        ("cut", ".cave-setup .open .body { height: 60px; overflow: hidden }", "high"),
        ("cut", ".cave-setup .open .body { height: 60px }", " on "),
        ("cut", ".cave-setup .paste .row input { flex: none; width: 80px }", "hint Paste it here"),
        ("cut", ".cave-setup .go { position: relative; left: 200px }", "sticks out"),
        ("order", ".cave-setup footer { position: relative; top: -700px }", "stands above"),
    ],
)
def test_each_check_finds_what_it_is_for(page: Page, what: Any, style: str, found: str) -> None:
    wizard = fresh(page, "bad paste")
    page.set_viewport_size({"width": 340, "height": 900})
    assert wrong(wizard, what) == []
    page.add_style_tag(content=style)
    hover(wizard, "hovered" in style)
    assert any(found in one for one in wrong(wizard, what))


def test_axe_finds_what_is_wrong(page: Page) -> None:
    wizard = fresh(page, "nothing yet")
    small = "<button style='all: unset'>a</button>"
    wizard.locator("footer").evaluate("(footer, html) => { footer.innerHTML = html; }", f"<input>{small}{small}")
    said = " ".join(axe(wizard).said)
    assert "label:" in said
    assert "target-size:" in said


# --------------------------------------------------------------------------------- what the browser itself draws


def pixels(page: Page, box: Any) -> Image.Image:
    clip = {"x": box["x"] - 3, "y": box["y"] - 3, "width": box["width"] + 6, "height": box["height"] + 6}
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type] # a FloatRect


def most(picture: Image.Image) -> float:
    """The most contrast that there is to the colour at the picture's corner."""
    return max(contrast(color, picture.getpixel((0, 0))) for _, color in picture.getcolors(1 << 20) or [])


def light(color: Any) -> float:
    parts = [part / 255 for part in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def contrast(one: Any, other: Any) -> float:
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("state", "role"), [("terms", "checkbox"), ("several", "radio")])
def test_boxes_to_tick_stand_out_ticked_or_not(page: Page, theme: str, state: str, role: Any) -> None:
    wizard = fresh(page, state)
    dress(page, theme)
    for ticked in (True, False):
        box = wizard.locator(".step.open").get_by_role(role, checked=ticked if role == "radio" else None).first
        if role == "checkbox":
            box.set_checked(ticked)
        page.mouse.move(0, 0)
        wizard.get_by_role("heading").first.evaluate("node => document.activeElement.blur()")
        assert most(pixels(page, box.bounding_box())) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_code_can_be_read_while_it_is_selected(page: Page, theme: str) -> None:
    wizard = fresh(page, "ready")
    dress(page, theme)
    code = wizard.locator("pre code")
    before = most(pixels(page, code.bounding_box()))
    code.evaluate("node => getSelection().selectAllChildren(node)")
    picture = pixels(page, code.bounding_box())
    [(_, ground), *others] = sorted(picture.crop((3, 3, 60, 20)).getcolors(1 << 20) or [], reverse=True)
    assert before >= 4.5
    assert max(contrast(color, ground) for _, color in others) >= 4.5


# ------------------------------------------------------------------------------------------------- names and roles

HEARD = {
    "nothing yet": """
        - region "CAVE Setup":
          - heading "CAVE Setup" [level=2]
          - text: minnie65_public on global.daf-apis.com ·
          - button "Change"
          - text: 1 of 6
          - list:
            - listitem:
              - heading "Your own computer" [level=3]
              - text: (done) Linux · Files in the home folder are kept.
              - button "Not right?"
            - listitem:
              - heading "Account" [level=3]
              - text: (to do now) no token for global.daf-apis.com on this computer yet
              - paragraph: Sign in with the Google account that you use for CAVE, or want to. A first sign-…
              - button "Sign in"
              - button "I have a token to paste"
              - paragraph: Opens global.daf-apis.com in a small window. What comes back stays in this noteb…
            - listitem:
              - heading "Terms of service" [level=3]
              - text: (comes later)
            - listitem:
              - heading "Token" [level=3]
              - text: (comes later)
            - listitem:
              - heading "Save on this computer" [level=3]
              - text: (comes later)
            - listitem:
              - heading "Ready" [level=3]
              - text: (comes later)
          - button "Check again"
          - checkbox "Ask me before each step"
          - text: Ask me before each step checked 14:02:11
          - status
    """,
    "bad paste": """
        - listitem:
          - heading "Account" [level=3]
          - text: (to do now) no token for global.daf-apis.com on this computer yet
          - paragraph: Sign in with the Google account that you use for CAVE, or want to. A first sign-in m…
          - button "Sign in"
          - text: Your token
          - textbox "Your token" [invalid]:
          - button "Check token"
          - paragraph: That is no token.
          - paragraph:
            - text: Spaces, quotes and whole lines of code are fine. Or drop the page's download here, or c…
            - button "choose a file"
            - text: .
          - paragraph: No token yet? On the server's token page, sign in, type a description such as this c…
          - link "Open the token page":
          - paragraph: You can have several tokens at once; a new one does not end those of your other comp…
          - paragraph: What you paste goes to this notebook's kernel and from there to global.daf-apis.com …
    """,
    "terms": """
        - listitem:
          - heading "Terms of service" [level=3]
          - text: "(to do now) MICrONS Public: not accepted yet 0.2 s"
          - paragraph: Read them, and accept them if you agree.
          - 'region "Terms of service: MICrONS Public"':
            - heading "Terms" [level=4]
            - paragraph:
              - text: I
              - strong: agree
              - text: to
              - link "cite":
              - text: ","
              - code: and
              - text: not to
            - list:
              - listitem:
                - paragraph: break it
              - listitem:
                - paragraph: sell it
          - checkbox "I have read these terms and accept them"
          - text: I have read these terms and accept them
          - button "Accept" [disabled]
          - link "Read them on the server's own page":
    """,
    "several": """
        - listitem:
          - heading "Account" [level=3]
          - text: (to do now) no token for global.daf-apis.com on this computer yet
          - group "Which token shall this computer use?":
            - text: Which token shall this computer use?
            - radio "laptop ····d0d8" [checked]
            - text: laptop ····d0d8
            - radio "pasted ····3210"
            - text: pasted ····3210
          - button "Use this one"
          - button "Cancel"
    """,
    "revoke": """
        - listitem:
          - heading "Token" [level=3]
          - text: (done) key “ada-laptop” ····d0d8, no expiry 0.1 s
          - paragraph: Each key works until it is revoked, wherever it is used. One for each computer is a …
          - text: ada-laptop ····d0d8 used on this computer made 22 Nov 2026, never used
          - group "ada-laptop ····d0d8":
            - button "Replace by a new one"
            - button "Revoke"
          - text: without a name ····3210 made 21 Nov 2026, last used 22 Nov 2026
          - paragraph: Revoke the key without a name ····3210? Whatever uses it, on whichever computer, sto…
          - button "Keep it"
          - button "Revoke it"
          - button "Close"
    """,
    "replace": """
        - listitem:
          - heading "Save on this computer" [level=3]
          - text: (to do now) not saved in ~/.cloudvolume/secrets yet
          - paragraph: A different token, ····3210, stands in ~/.cloudvolume/secrets/cave-secret.json.
          - heading "What will be written" [level=4]
          - list:
            - listitem:
              - code: ~/.cloudvolume/secrets/cave-secret.json
              - text: read by both where no server has its own file · holds a different token, ····3210
            - listitem:
              - code: ~/.cloudvolume/secrets/global.daf-apis.com-cave-secret.json
              - text: read by caveclient · new file
            - listitem:
              - code: ~/.cloudvolume/secrets/minnie.microns-daf.com-cave-secret.json
              - text: read by cloud-volume · new file
          - button "Replace it"
          - button "Keep it there, save the others"
    """,
    "mount": """
        - listitem:
          - heading "Keep as a secret" [level=3]
          - text: (to do now) the token is not in this run's secrets
          - paragraph: Every run on Code Ocean is a new computer, so the token is kept as a secret of your …
          - group:
            - text: Copy the token (to do now)
            - paragraph: It goes to your clipboard and does not show. Copied something else meanwhile? Copy…
            - button "Copy the token"
            - img "The button “Copy the token” of this wizard puts the token on the clipboard; from there i…
            - button "Enlarge the picture"
          - group: Open your Code Ocean account (comes next)
          - group: Add the secret (comes next)
          - group: Attach it to this capsule (comes next)
          - group: Shut down and start again (comes next)
          - group: Good to know
          - 'button "Skip for now: use the token in this run only"'
    """,
    "ready": """
        - listitem:
          - heading "Ready" [level=3]
          - text: "(done) minnie65_public: 12 versions readable 0.4 s"
          - paragraph: "Use it like this:"
          - code: from caveclient import CAVEclient client = CAVEclient("minnie65_public") client.materiali…
          - button "Copy"
          - button "Done"
    """,
    "choosing, listed": """
        - text: CAVE server
        - textbox "CAVE server": https://global.daf-apis.com
        - list "Known deployments":
          - listitem:
            - button "global.daf-apis.com MICrONS, FlyWire, BANC"
          - listitem:
            - button "global.em.brain.allentech.org V1DD"
          - listitem:
            - button "global.brain-wire-test.org H01, Fish1"
        - text: Datastack
        - textbox "Datastack": minnie65_public
        - paragraph: 3 datastacks, 1 open to you
        - list "What there is on global.daf-apis.com":
          - listitem:
            - button "minnie65_public open to you"
          - listitem:
            - 'button "with_terms_00 terms not accepted yet: MICrONS Public"'
          - listitem:
            - button "private_stack not open to your account"
        - button "Use these"
        - button "Cancel"
    """,
}


def heard(part: Locator) -> str:
    """What a screen reader has of it: roles, names and states; long texts cut, and no addresses or hints in fields."""
    lines = [line for line in part.aria_snapshot().splitlines() if "- /" not in line]
    return "\n".join(line if len(line) <= 100 else f"{line[:99]}…" for line in lines)


@pytest.mark.parametrize("name", HEARD)
def test_what_is_heard_of_a_state_is_its_steps_and_controls_by_name(page: Page, name: str) -> None:
    few = drawn(f.facts(), listed=(LISTED[9], LISTED[10], LISTED[-1]))
    wizard = fresh(page, name, few if name == "choosing, listed" else None)
    part = {"nothing yet": wizard, "choosing, listed": wizard.locator("form.server")}
    assert heard(part.get(name, wizard.locator(".step.open"))) == dedent(HEARD[name]).strip()


def test_what_is_chosen_is_said_and_not_only_marked(page: Page) -> None:
    wizard = fresh(page, "choosing, listed")
    chosen = wizard.locator(".pick[aria-current=true]")
    assert [one.get_attribute("data-name") for one in chosen.all()] == ["global.daf-apis.com", "minnie65_public"]
    expect(wizard.get_by_role("button", name="Change", exact=True)).to_have_attribute("aria-expanded", "true")


# ------------------------------------------------------------------------------------------ motion, what is spoken


@pytest.mark.parametrize("name", ["looking", "terms watched", "window open", "choosing, asked for"])
def test_nothing_moves_for_those_who_ask_for_stillness(page: Page, name: str) -> None:
    fresh(page, name)
    moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
    assert page.evaluate(moving) >= 1
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


LISTEN = """() => {
    const [region, other] = document.querySelectorAll("[aria-live], [role=status], [role=alert], [role=log]");
    if (other) throw new Error("two regions that speak");
    window.region = region;
    window.heard = [];
    new MutationObserver(() => window.heard.push(region.textContent))
        .observe(region, { childList: true, characterData: true, subtree: true });
}"""


def test_each_thing_is_spoken_once_in_a_region_that_stays(page: Page) -> None:
    wizard = fresh(page, "nothing yet")
    page.evaluate(LISTEN)
    failed = errors.PasteError("That is no token.")
    for state in (
        drawn(f.nothing_yet(), busy="Asking …", sign_in=PASTE),
        drawn(f.nothing_yet(), sign_in=PASTE, error=failed, error_in="paste", said=1, say="That is no token."),
        drawn(f.nothing_yet(), sign_in=PASTE, error=failed, error_in="paste", said=1, say="That is no token."),
        drawn(f.nothing_yet(), busy="Asking …", sign_in=PASTE, said=1, say="That is no token."),
        drawn(f.nothing_yet(), sign_in=PASTE, error=failed, error_in="paste", said=2, say="That is no token."),
        drawn(f.nothing_yet(), error=failed, error_in="wizard", said=3, say="Something failed."),
        drawn(f.nothing_yet(), error=failed, error_in="wizard", said=3, say="Something failed."),
        drawn(f.facts(), said=4, say="Ready: done."),
        drawn(f.facts(), keys=True, said=4, say="Ready: done."),
    ):
        change(page, state)
    assert page.evaluate("() => window.heard") == [
        *("That is no token.", "That is no token."),  # pasted twice
        *("Something failed.", "Ready: done."),
    ]
    assert page.evaluate("() => window.region === document.querySelector('[role=status]')")
    # A region inside of what is busy may be kept silent until it is not.
    change(page, drawn(f.facts(), busy="Asking …"))
    assert wizard.locator("[aria-busy=true]").count() == 1
    assert page.evaluate("() => window.region.closest('[aria-busy=true]')") is None
