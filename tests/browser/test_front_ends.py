"""Where nothing draws the wizard, or what drew it has lost its kernel: guidance, and a way on; never an empty box."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support import traces
from support.lab import WIZARD_CELL, running_lab, settle
from support.people import step
from support.stress import STRESS

from cave_setup import words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser.conftest import OpenWizard
    from playwright.sync_api import BrowserContext, Locator, Page
    from support.lab import Lab

    from cave_setup.demo import DemoServer

WIDGETS, ANYWIDGET = "@jupyter-widgets/jupyterlab-manager", "anywidget"
NOT_TO_BE_SEEN = re.compile("model not found|Loading widget|Failed to load|Error displaying widget")
GUIDANCE = ".cave-setup-instead"


@contextlib.contextmanager
def without(lab: Lab, *extensions: str) -> Iterator[None]:
    """Let JupyterLab's next page be one of an environment in which these packages are not installed."""
    config = lab.home / ".jupyter/labconfig/page_config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(extensions, True)}))
    try:
        yield
    finally:
        config.unlink()


@pytest.fixture
def other_page(context: BrowserContext, lab: Lab) -> Iterator[Page]:
    made = context.new_page()
    yield made
    lab.close_notebook(made)
    made.close()


def test_where_jupyterlab_has_no_widgets_there_is_guidance_at_once_and_its_way_on_leads_to_ready(
    lab: Lab, other_page: Page, demo: DemoServer, home: Path
) -> None:
    with without(lab, WIDGETS, ANYWIDGET):
        lab.open(other_page)
    longer_than_this = "from cave_setup.notebook import output\noutput.HELLO_SECONDS = 600"
    way_on = words.WITHOUT_WIDGETS[0][1]
    name = lab.write("no-widgets.ipynb", settle(home, demo.address), longer_than_this, WIZARD_CELL, way_on)
    notebook = lab.begin(other_page, name)
    guidance = notebook.locator(GUIDANCE)
    expect(guidance).to_contain_text("Run this cell")
    expect(guidance.locator("pre").first).to_have_text(way_on)
    expect(guidance).to_be_visible()
    expect(notebook).not_to_contain_text(NOT_TO_BE_SEEN)
    sign_in_by_text(other_page, notebook)
    lab.save(other_page)
    saved = json.loads((home / ".cloudvolume/secrets/cave-secret.json").read_text())
    traces.assert_nowhere(saved["token"], lab, home)


def sign_in_by_text(page: Page, notebook: Locator) -> None:
    """Sign in as Ada through the link and the prompt of a cell."""
    prompt = notebook.locator(".jp-Stdin-input")
    expect(prompt).to_have_attribute("type", "password")
    with page.expect_popup() as opened:
        notebook.get_by_role("link", name=re.compile("start$")).click()
    opened.value.get_by_role("button", name="Ada Lovelace").click()
    expect(opened.value.locator("body")).to_contain_text("You can close this tab")
    opened.value.close()
    page.bring_to_front()
    prompt.press("Enter")
    expect(notebook.locator(".jp-OutputArea").last).to_contain_text("versions readable")
    expect(notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)


def test_where_only_anywidget_is_missing_guidance_takes_the_place_of_the_error(
    lab: Lab, other_page: Page, demo: DemoServer, home: Path
) -> None:
    with without(lab, ANYWIDGET):
        lab.open(other_page)
    soon = "from cave_setup.notebook import output\noutput.HELLO_SECONDS = 1"
    name = lab.write("no-anywidget.ipynb", settle(home, demo.address), soon, WIZARD_CELL)
    notebook = lab.begin(other_page, name)
    expect(notebook.locator(GUIDANCE).last).to_be_visible()
    expect(notebook.locator(GUIDANCE).first).to_contain_text("could not draw itself")
    expect(notebook.locator(GUIDANCE).first).to_contain_text("no token for")  # what was found, too
    expect(notebook).not_to_contain_text(NOT_TO_BE_SEEN)


@pytest.mark.skipif(not STRESS, reason="makes an environment, which takes minutes: `make stress`")
@pytest.mark.parametrize("packages", [("jupyterlab",), ("jupyterlab", "jupyterlab_widgets")], ids=" ".join)
def test_with_the_kernel_in_one_environment_and_jupyterlab_in_another(
    packages: tuple[str, ...], tmp_path: Path, context: BrowserContext, demo: DemoServer, home: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    python = str(elsewhere / "bin/python")
    subprocess.run([sys.executable, "-m", "venv", elsewhere], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    kernel = [sys.executable, "-m", "ipykernel", "install", f"--prefix={elsewhere}", "--name=with-cave-setup"]
    subprocess.run(kernel, check=True)
    page = context.new_page()
    with running_lab(tmp_path / "lab", python=python) as lab:
        lab.open(page)
        cells = settle(home, demo.address), WIZARD_CELL, words.WITHOUT_WIDGETS[0][1]
        notebook = lab.begin(page, lab.write("elsewhere.ipynb", *cells, kernel="with-cave-setup"))
        expect(notebook.locator(GUIDANCE)).to_contain_text("Run this cell")
        sign_in_by_text(page, notebook)
        expect(notebook.locator(GUIDANCE).first).to_contain_text("could not draw itself")
        assert not NOT_TO_BE_SEEN.search(notebook.inner_text())  # which leaves out what is not displayed
        lab.close_notebook(page)
    page.close()


@contextlib.contextmanager
def without_saving_widgets(page: Page) -> Iterator[None]:
    """Have JupyterLab save no state of widgets, as it does unless told to; the one of the tests is."""
    switch = "() => window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
    page.evaluate(switch)
    try:
        yield
    finally:
        page.evaluate(switch)


def test_reopened_without_its_kernel_a_notebook_says_to_run_the_cell(
    open_wizard: OpenWizard, lab: Lab, page: Page, request: pytest.FixtureRequest
) -> None:
    wizard = open_wizard()
    notebook = page.locator(".jp-NotebookPanel:visible")
    expect(step(wizard, "account")).to_contain_text("no token for")
    page.wait_for_timeout(2500)  # until what stands for a wizard that does not come would show
    expect(notebook.locator(GUIDANCE)).to_be_hidden()
    name = f"{request.node.name}.ipynb"
    with without_saving_widgets(page):
        lab.close_notebook(page)
    assert "widgets" not in json.loads((lab.folder / name).read_text())["metadata"]
    for starts_kernel, said_by_jupyterlab in ((False, "Loading widget"), (True, "model not found")):
        page.evaluate(
            """async ([path, autoStartDefault]) => {
                const kernelPreference = { autoStartDefault, shouldStart: autoStartDefault };
                const open = { path, factory: "Notebook", kernelPreference };
                const panel = await window.jupyterapp.commands.execute("docmanager:open", open);
                await panel.context.ready;
            }""",
            [name, starts_kernel],
        )
        expect(notebook.locator(GUIDANCE)).to_be_visible()
        expect(notebook.locator(GUIDANCE)).to_contain_text("Run this cell")
        expect(notebook.get_by_text(said_by_jupyterlab)).to_have_count(1)
        expect(notebook.get_by_text(said_by_jupyterlab)).to_be_hidden()
        with without_saving_widgets(page):
            lab.close_notebook(page)


# ------------------------------------------------------------------------------------- after the kernel was restarted


def restart(page: Page) -> None:
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => null)"
    )


def says_run_again(wizard: Locator) -> None:
    """Look for the sentence, and take it away for the next control."""
    alert = wizard.locator(".alert")
    expect(alert).to_have_text(words.KERNEL_GONE)
    alert.evaluate("alert => { alert.textContent = ''; }")


@pytest.fixture(params=["lab", "notebook_7"])
def begun(
    request: pytest.FixtureRequest, context: BrowserContext, home: Path, demo: DemoServer
) -> Iterator[tuple[Locator, Page]]:
    """The wizard, with the field to paste into open, in JupyterLab and in Notebook 7."""
    app: Lab = request.getfixturevalue(request.param)
    page = request.getfixturevalue("page") if request.param == "lab" else context.new_page()
    if request.param == "notebook_7":
        app.open(page)
    wizard = app.run(page, app.write(f"restarted-{request.param}.ipynb", settle(home, demo.address), WIZARD_CELL))
    wizard.get_by_role("button", name="I have a token to paste").click()
    expect(wizard.get_by_label("Your token")).to_be_visible()
    yield wizard, page
    if request.param == "notebook_7":
        app.close_notebook(page)
        page.close()


def test_after_a_kernel_restart_every_control_says_to_run_the_cell_again(
    begun: tuple[Locator, Page],
) -> None:
    wizard, page = begun
    restart(page)
    for name in ("Check again", "Not right?", "Check token"):  # the last one sends the form that pastes are typed into
        wizard.get_by_role("button", name=name, exact=True).click()
        says_run_again(wizard)
    wizard.get_by_role("button", name="Check again").focus()
    page.keyboard.press("Enter")
    says_run_again(wizard)
    page.evaluate("text => navigator.clipboard.writeText(text)", "0" * 32)
    field = wizard.get_by_label("Your token")
    field.focus()
    page.keyboard.press("Control+V")
    says_run_again(wizard)
    assert field.input_value() == ""
    wizard.locator("input[type=file]").set_input_files({"name": "t.json", "mimeType": "text/plain", "buffer": b"{}"})
    says_run_again(wizard)
    wizard.locator("form.paste").evaluate(
        """form => {
            const dataTransfer = new DataTransfer();
            dataTransfer.setData("text", "nothing");
            form.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }"""
    )
    says_run_again(wizard)
    wizard.get_by_role("checkbox", name="Ask me before each step").check()
    says_run_again(wizard)
    wizard.get_by_role("button", name="Change", exact=True).click()
    says_run_again(wizard)
    wizard.get_by_role("button", name="Use these").click()
    says_run_again(wizard)
    windows = len(page.context.pages)
    wizard.get_by_role("button", name="Sign in", exact=True).click()
    says_run_again(wizard)
    page.wait_for_timeout(300)
    assert len(page.context.pages) == windows  # nobody signs in for a kernel that is not there
