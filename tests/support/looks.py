"""How the wizard looks, measured in the page: contrast, rings of focus, what is cut off; axe does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import axe_playwright_python

if TYPE_CHECKING:
    from playwright.sync_api import Locator

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LOOKS = Path(__file__).with_name("looks.js").read_text(encoding="utf-8")
# JupyterLab defines an AMD loader, into which axe would go instead of into the page.
_LOAD_AXE = "source => { const module = undefined, exports = undefined, define = undefined; eval(source); }"
# Headings and landmarks of the whole page are Jupyter's, and so is what is above the wizard's own.
_RUN_AXE = """async (root, enabled) => {
    const rules = { "target-size": { enabled }, "color-contrast": { enabled }, region: { enabled: false } };
    const { violations, passes } = await axe.run(root, { rules, resultTypes: ["violations"] });
    const told = (id, { html, failureSummary }) => `${id}: ${html} ${failureSummary}`;
    const said = violations.flatMap(({ id, nodes }) => nodes.map((node) => told(id, node)));
    return [said, passes.map(({ id }) => id)];
}"""


class Axe(NamedTuple):
    """What axe said, each as a sentence, and which of its rules found something to judge and nothing wrong."""

    said: list[str]
    passed: list[str]


def axe(wizard: Locator, *, thorough: bool = True) -> Axe:
    """Have axe look at the wizard; its rules on contrast and on the size of targets take longer than all others."""
    if not wizard.page.evaluate("() => 'axe' in window"):
        wizard.page.evaluate(_LOAD_AXE, AXE)
    return Axe(*wizard.evaluate(_RUN_AXE, thorough))


def wrong(wizard: Locator, what: Literal["poor", "poorRings", "cut", "order"]) -> list[str]:
    """What is wrong with how the wizard looks, each thing as a sentence."""
    if not wizard.page.evaluate("() => 'looks' in window"):
        wizard.page.evaluate(LOOKS)
    found: list[str] = wizard.evaluate(f"root => window.looks.{what}(root)")
    return found
