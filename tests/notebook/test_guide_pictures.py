"""The guides' pictures as the browser draws them: nothing cut off or overlapping, legible, enlarged; and the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.drawing import ADDRESS, PAGE, change, draw, sent
from support.states import ALL_STATES

from cave_setup.guides import guide_to, places
from cave_setup.notebook import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

OPEN_ALL = "() => document.querySelectorAll('details').forEach((node) => { node.open = true; })"
# Boxes of all texts and marks of each picture, in its own units; what lies outside, and what lies on something else.
LIE_BADLY = """() => [...document.querySelectorAll(".cave-picture")].flatMap((svg) => {
    const { width, height } = svg.viewBox.baseVal;
    const box = (node) => {
        const frame = svg.getScreenCTM().inverse(), own = node.getScreenCTM(), b = node.getBBox();
        const at = (x, y) => new DOMPoint(x, y).matrixTransform(own).matrixTransform(frame);
        const [a, c] = [at(b.x, b.y), at(b.x + b.width, b.y + b.height)];
        return { text: node.textContent.trim(), x: a.x, y: a.y, right: c.x, bottom: c.y };
    };
    const texts = [...svg.querySelectorAll("text")].filter((node) => !node.closest(".mark")).map(box);
    const boxes = [...texts, ...[...svg.querySelectorAll(".mark")].map(box)];
    const outside = texts.filter((b) => b.x < 2 || b.y < 2 || b.right > width - 2 || b.bottom > height - 2);
    const meet = (a, b) => a.x < b.right && b.x < a.right && a.y + 2 < b.bottom && b.y + 2 < a.bottom;
    const overlapping = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a, b)).map((b) => [a, b]));
    return [...outside.map((b) => `outside: ${b.text}`), ...overlapping.map(([a, b]) => `${a.text} on ${b.text}`)];
})"""
# Shapes that something else on the page has a say in: the wizard's own rules for a class of the same name.
FORCED = """() => [...document.querySelectorAll(".cave-picture rect")]
    .filter((rect) => rect.getBBox().width !== Number(rect.getAttribute("width"))).map((rect) => rect.outerHTML)"""
# A text's ground is the last filled shape that was drawn below its middle.
POOR = """() => {
    const linear = (part) => (part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    const light = (color) => {
        const [r, g, b] = color.match(/[0-9.]+/g).map((part) => linear(part / 255));
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const poor = [];
    for (const text of document.querySelectorAll(".cave-picture text")) {
        const { x, y, width, height } = text.getBoundingClientRect();
        const [middle, half] = [x + width / 2, y + height / 2];
        const inside = (b) => b.left <= middle && b.right >= middle && b.top <= half && b.bottom >= half;
        const shapes = [...text.closest("svg").querySelectorAll("rect, circle, path")]
            .filter((shape) => shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)
            .filter((shape) => getComputedStyle(shape).fill !== "none" && inside(shape.getBoundingClientRect()));
        const below = getComputedStyle(text.closest(".picture, .pan")).backgroundColor;
        const ground = shapes.length ? getComputedStyle(shapes.at(-1)).fill : below;
        const [a, b] = [light(getComputedStyle(text).fill), light(ground)];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${text.textContent}`);
    }
    return poor;
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 760, "height": 900})
    made.route(ADDRESS, lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    made.goto(ADDRESS)
    draw(made, ALL_STATES["mount"]())
    made.evaluate(OPEN_ALL)
    yield made
    made.close()


def all_pictures() -> dict[str, Any]:
    """A wizard that shows the pictures of every guide, each once, as if it were read about."""
    guides = [guide for place in places() if (guide := guide_to(place))]
    state: dict[str, Any] = ALL_STATES["guide to jupyterhub"]()
    drawn: dict[str, Any] = {}
    for guide in guides:
        for one in [one for step in guide.steps for one in (step, step.instead) if one]:
            if one.picture:
                drawn.setdefault(one.picture.svg, blocks.picture(f"p{len(drawn)}", one.picture.svg, one.picture.alt))
    state["steps"][0]["blocks"] = list(drawn.values())
    return state


def test_every_picture_of_the_guide_is_drawn_with_its_alternative_text(page: Page) -> None:
    guide = guide_to("code-ocean")
    assert guide
    every = [one.picture for step in guide.steps for one in (step, step.instead) if one]
    wanted = [picture.alt for picture in every if picture]
    drawn = page.get_by_role("img")
    expect(drawn).to_have_count(len(wanted))
    assert [drawn.nth(number).get_attribute("aria-label") for number in range(len(wanted))] == wanted


def test_texts_of_pictures_lie_inside_and_on_nothing_else(page: Page) -> None:
    change(page, all_pictures())
    assert page.get_by_role("img").count() >= 7
    assert page.evaluate(LIE_BADLY) == []


@pytest.mark.parametrize("width", [320, 760])
def test_shapes_of_pictures_are_as_wide_as_they_were_drawn(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    change(page, all_pictures())
    assert page.evaluate(FORCED) == []
    page.add_style_tag(content="#here rect { width: 100% }")
    assert page.evaluate(FORCED)


def test_the_check_of_how_texts_lie_finds_what_lies_badly(page: Page) -> None:
    page.evaluate("() => { document.querySelector('.cave-picture text').setAttribute('x', '350'); }")
    assert page.evaluate(LIE_BADLY)


def test_texts_of_pictures_can_be_read_in_light_and_dark(page: Page) -> None:
    change(page, all_pictures())
    for light in ("true", "false"):
        page.evaluate("light => { document.body.dataset.jpThemeLight = light; }", light)
        assert page.evaluate(POOR) == []
    page.add_style_tag(content=".cave-picture text { fill: #777 !important }")
    assert page.evaluate(POOR)


@pytest.mark.parametrize("width", [320, 760])
def test_an_enlarged_picture_is_larger_and_moves_inside_its_frame(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    picture = page.locator(".picture button").nth(2)
    before: Any = picture.bounding_box()
    picture.click()
    dialog = page.get_by_role("dialog")
    after: Any = dialog.locator("svg").bounding_box()
    frame: Any = dialog.bounding_box()
    assert after["width"] > 1.4 * before["width"]
    assert frame["width"] <= width
    assert dialog.locator(".pan").evaluate("node => getComputedStyle(node).overflowX") == "auto"
    assert dialog.evaluate("node => [node.scrollTop, node.querySelector('.pan').scrollLeft]") == [0, 0]
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(picture).to_be_focused()


def test_what_a_person_opened_stays_open_while_something_is_found(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((node) => { node.open = false; })")
    third = page.locator("details.guide").nth(2)
    third.locator("> summary").click()
    change(page, ALL_STATES["mount, copied"]())
    assert third.evaluate("node => node.open")
    assert page.locator("details.guide").nth(1).evaluate("node => node.open")
    assert not page.locator("details.guide").nth(0).evaluate("node => node.open")


def test_copying_asks_for_the_token_and_believes_only_the_answer_to_that(page: Page) -> None:
    page.evaluate("""() => {
        window.copied = [];
        navigator.clipboard.write = async ([item]) => {
            window.copied.push(await (await item.getType("text/plain")).text());
        };
    }""")
    page.get_by_role("button", name="Copy the token", exact=True).click()
    (asked,) = sent(page)
    assert asked["action"] == "copy-token"
    page.evaluate("() => window.model.ask({ tell: 'token', to: 'somebody else' }, 'x'.repeat(32))")
    page.evaluate("to => window.model.ask({ tell: 'token', to }, 'y'.repeat(32))", asked["to"])
    page.wait_for_function("() => window.copied.length")
    assert page.evaluate("() => window.copied") == ["y" * 32]
    page.wait_for_function("() => window.sent.some((message) => message.action === 'copied')")
    assert "yyyy" not in page.content()


def test_coming_back_to_the_page_makes_the_kernel_look(page: Page) -> None:
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    assert sent(page) == [{"action": "visible"}]


def test_copying_twice_leaves_the_buttons_own_words(page: Page) -> None:
    page.evaluate("() => { navigator.clipboard.write = async ([item]) => { await item.getType('text/plain'); }; }")
    copy = page.locator("details.guide button").first
    for _ in range(2):
        copy.click()
        asked = [message for message in sent(page) if message["action"] == "copy-token"][-1]
        page.evaluate("to => window.model.ask({ tell: 'token', to }, 'y'.repeat(32))", asked["to"])
        expect(copy).to_have_text("✓ Copied")
    expect(copy).to_have_text("Copy the token")
    expect(page.locator(".alert")).to_be_hidden()
