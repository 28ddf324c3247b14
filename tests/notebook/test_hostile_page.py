"""What a server, or anybody else, calls things stays text in the page: in every block, and in what a notebook keeps."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support import facts as f
from support.drawing import ADDRESS, PAGE, SOURCE, draw, draw_open
from support.states import ALL_STATES, READ, TERMS_OPEN, drawn

from cave_setup import errors
from cave_setup.models import Account, ApiKey, Candidate, DatastackChoice, PermissionMissing, Terms, TermsOpen
from cave_setup.notebook.markdown import as_tree
from cave_setup.notebook.offers import choices
from cave_setup.notebook.situation import TermsText
from cave_setup.notebook.static import front_end_missing, summary
from cave_setup.plan import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Page, Route

    from cave_setup.models import Facts

pytestmark = pytest.mark.browser

HARM = (
    "'\"><script>window.pwned=1</script><img src=http://localhost/harm.png onerror=window.pwned=1>"
    "<svg onload=window.pwned=1></svg><iframe srcdoc='<script>parent.pwned=1</script>'></iframe>"
    "<style>*{background:url(http://localhost/harm.css)}</style><details open ontoggle=window.pwned=1>x</details>"
    "<a href='javascript:window.pwned=1'>x</a>${window.pwned=1}</textarea></title>"
)
TREE: list[Any] = [
    ["script", {}, "window.pwned=1"],
    ["img", {"src": "http://localhost/harm.png", "onerror": "window.pwned=1"}],
    ["iframe", {"srcdoc": "<script>parent.pwned=1</script>"}, "x"],
    ["a", {"href": "javascript:window.pwned=1", "onclick": "window.pwned=1"}, HARM],
    ["a", {"href": " \tjavascript:window.pwned=1", "target": "_self"}, HARM],
    ["p", {"style": "background:url(http://localhost/harm.css)", "onfocus": "window.pwned=1", "autofocus": True}, HARM],
    ["ol", {"start": HARM, "onclick": "window.pwned=1"}, ["li", {}, HARM]],
    *as_tree(f"# {HARM}\n\n{HARM}\n\n[x](javascript:window.pwned=1) ![x](http://localhost/harm.png) <{HARM}>"),
]
# What Python alone says, and what no text of anybody's gets into; everything else is replaced.
OURS = {
    *("id", "kind", "key", "state", "style", "tone", "focus", "stage", "action", "svg", "href", "address", "origins"),
    *("message", "value", "opened", "server"),
}


class Tripwire:
    """A page on which anything that runs, or asks for anything, is noticed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.said: list[str] = []
        page.context.route("**/*", self._asked)
        page.on("dialog", self._spoke)
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _spoke(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def _asked(self, route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=PAGE, content_type="text/html")
        else:
            self.asked.append(route.request.url)
            route.abort()

    def start(self) -> None:
        self.page.goto(ADDRESS)
        self.asked.clear()
        self.said.clear()

    def noticed(self) -> list[str]:
        """What ran or was asked for, after what was drawn has had the time for it."""
        self.page.evaluate("() => new Promise((done) => setTimeout(done, 30))")
        ran = self.page.evaluate("() => String(window.pwned)")
        return [*self.asked, *self.said, *([] if ran == "undefined" else [ran])]


@pytest.fixture(scope="module")
def one_tripwire(browser: Browser) -> Iterator[Tripwire]:
    context = browser.new_context(viewport={"width": 760, "height": 900})
    context.set_default_timeout(5000)
    yield Tripwire(context.new_page())
    context.close()


@pytest.fixture
def tripwire(one_tripwire: Tripwire) -> Tripwire:
    one_tripwire.start()
    return one_tripwire


def poisoned(value: Any, key: str = "") -> Any:
    """The state with every text in it replaced that is not the wizard's own structure."""
    if isinstance(value, dict):
        found = {name: child if name in OURS else poisoned(child, name) for name, child in value.items()}
        return found | {"body": TREE} if value.get("kind") in {"terms", "rich"} else found
    if isinstance(value, list):
        return [poisoned(child, key) for child in value]
    return HARM if isinstance(value, str) and value else value


def kinds(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["kind"]} - {""} | kinds(list(value.values())) if "kind" in value else kinds(list(value.values()))
    return set().union(*map(kinds, value)) if isinstance(value, list) else set()


KEEP = """html => {
    const kept = document.createElement("div");
    kept.id = "kept";
    kept.innerHTML = html;
    document.body.append(kept);
}"""
GREW = """() => [...document.querySelectorAll(".cave-setup *, #kept *")].flatMap((node) => [
    ...(/^(script|img|iframe|style|link|meta|object|embed|base)$/i.test(node.tagName) ? [node.outerHTML] : []),
    ...[...node.attributes].filter(({ name }) => name.startsWith("on")).map(({ name }) => `${node.tagName} ${name}`),
    ...(node.matches("a[href]") && !/^(https?|mailto):/.test(node.protocol) ? [node.outerHTML] : []),
])"""


def test_the_tripwire_notices_what_runs(tripwire: Tripwire) -> None:
    tripwire.page.evaluate("html => { document.querySelector('#here').innerHTML = html; }", HARM)
    noticed = tripwire.noticed()
    assert "1" in noticed
    assert "http://localhost/harm.png" in noticed
    tripwire.start()
    tripwire.page.evaluate(KEEP, HARM)
    assert {one.split()[0] for one in tripwire.page.evaluate(GREW)} >= {"<img", "<iframe", "<a", "svg", "DETAILS"}


@pytest.mark.parametrize("name", ALL_STATES)
def test_every_text_of_every_state_stays_text(tripwire: Tripwire, name: str) -> None:
    state = poisoned(ALL_STATES[name]())
    if name.startswith("choosing"):
        draw(tripwire.page, state)
        tripwire.page.locator(".cave-setup header button").click()
    else:
        draw(tripwire.page, state)
    tripwire.page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert HARM in str(tripwire.page.locator(".cave-setup").text_content())
    assert tripwire.page.evaluate(GREW) == []
    assert tripwire.noticed() == []


def test_these_states_have_every_kind_of_block_that_can_be_drawn() -> None:
    section = SOURCE.split("const blocks = {", 1)[1].split("\n};", 1)[0]
    found = set().union(*(kinds(state()) for state in ALL_STATES.values()))
    assert found == set(re.findall(r"^  (\w+): \(", section, re.MULTILINE))


EVIL = Terms(2, HARM, HARM, f.MICRONS.url)
KEYS = (ApiKey(1, f.TOKEN, HARM, HARM, HARM), ApiKey(2, f.OTHER, HARM, HARM, HARM))
ACCOUNT = Account(7, HARM, HARM, (replace(EVIL, id=9),))
LISTED = (DatastackChoice(HARM, "terms", EVIL), DatastackChoice(HARM, "no-permission"))
FAULT = errors.UnexpectedAnswer("host", HARM)
# Facts as a server would give them that calls everything so, through all that judges and words them.
FACTS: dict[str, tuple[Facts, dict[str, Any]]] = {
    "account and keys": (f.facts(account=ACCOUNT, keys=KEYS, reports=(HARM,)), {"keys": True, "confirm": 2}),
    "terms": (
        f.pasted(account=replace(ACCOUNT, missing_terms=(EVIL,)), access=TermsOpen(EVIL), versions=None),
        {"terms": TermsText(2, tuple(TREE))},
    ),
    "no permission": (f.facts(account=ACCOUNT, access=PermissionMissing(HARM, HARM), versions=None), {}),
    "an error": (
        f.facts(account=FAULT, keys=FAULT, access=FAULT, versions=FAULT),
        {"error": FAULT, "error_in": "wizard"},
    ),
    "a failed sign-in": (f.nothing_yet(problems={"account": FAULT}), {}),
    "datastacks": (f.facts(account=ACCOUNT), {"listed": LISTED}),
    "candidates": (f.nothing_yet(), {"choices": choices((Candidate(f.TOKEN, HARM), Candidate(f.OTHER, HARM)))}),
    "a terms' fault": (f.pasted(**TERMS_OPEN, problems={"terms": FAULT}), {"terms": READ}),
}


@pytest.mark.parametrize("name", FACTS)
def test_what_a_server_calls_things_stays_text_wherever_it_comes_to(tripwire: Tripwire, name: str) -> None:
    facts, situation = FACTS[name]
    state = drawn(facts, **situation)
    assert json.dumps(HARM)[1:-1] in json.dumps(state)
    (draw_open if "listed" in situation else draw)(tripwire.page, state)
    kept = summary(plan(facts))["text/html"] + front_end_missing(plan(facts))["text/html"]
    tripwire.page.evaluate(
        KEEP,
        kept,
    )
    assert tripwire.page.evaluate(GREW) == []
    assert tripwire.noticed() == []
