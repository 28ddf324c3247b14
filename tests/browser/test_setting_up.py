"""The way by hand in real JupyterLab: a token made elsewhere is pasted; and what can be wrong on a computer."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from support.lab import WIZARD_CELL, free_port, settle
from support.people import paste, step
from support.traces import assert_nowhere

from cave_setup import Setup
from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from browser.conftest import OpenWizard
    from support.lab import Lab

SECRETS = Path(".cloudvolume/secrets")


def sign_in_as_newcomer(page: Page, email: str, name: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Continue").click()


def make_token(page: Page, description: str) -> str:
    page.get_by_role("textbox").first.fill(description)
    page.get_by_role("button", name=re.compile("create", re.IGNORECASE)).click()
    expect(page.locator("body")).to_contain_text(re.compile(r"\b[0-9a-f]{32}\b"))
    found = re.search(r"\b[0-9a-f]{32}\b", page.locator("body").inner_text())
    assert found
    return found.group()


def test_newcomer_goes_from_nothing_to_ready_by_hand(
    open_wizard: OpenWizard, page: Page, lab: Lab, home: Path, demo: DemoServer
) -> None:
    wizard = open_wizard()
    expect(step(wizard, "account")).to_have_attribute("aria-current", "step")

    wizard.get_by_role("button", name="I have a token to paste").click()
    with page.expect_popup() as opened:
        wizard.get_by_role("link", name="Open the token page").click()
    server_page = opened.value
    sign_in_as_newcomer(server_page, "newcomer@example.org", "Nia Newcomer")
    token = make_token(server_page, "summer school laptop")
    server_page.close()

    paste(wizard, page, f'  client.auth.save_token(token="{token}", overwrite=True)\n')
    expect(step(wizard, "account")).to_contain_text("Nia Newcomer")
    expect(step(wizard, "terms")).to_have_attribute("aria-current", "step")

    with page.expect_popup() as opened:
        wizard.get_by_role("link", name="Read them on the server's own page").click()
    terms_page = opened.value
    terms_page.get_by_role("checkbox").check()
    terms_page.get_by_role("button", name="Accept").click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    expect(step(wizard, "ready")).to_contain_text("minnie65_public: 12 versions readable")
    assert json.loads((home / SECRETS / "cave-secret.json").read_text())["token"] == token

    wizard.get_by_role("button", name="Copy").click()
    assert 'CAVEclient("minnie65_public"' in page.evaluate("() => navigator.clipboard.readText()")

    lab.save(page)
    assert_nowhere(token, lab, home)
    wizard.get_by_role("button", name="Done").click()
    summary = page.locator(".jp-OutputArea-output:visible", has_text="as found at")
    expect(summary).to_contain_text("Nia Newcomer")
    lab.save(page)
    assert_nowhere(token, lab, home)
    assert "12 versions readable" in (lab.folder / "test_newcomer_goes_from_nothing_to_ready_by_hand.ipynb").read_text()


def test_returning_user_is_ready_without_a_click(open_wizard: OpenWizard, demo: DemoServer, home: Path) -> None:
    saved = Setup(demo.address)
    saved.use_token(demo.world.key_of("ada@example.org"))
    assert saved.save().ready
    wizard = open_wizard()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    expect(step(wizard, "account")).to_contain_text("Ada Lovelace · ada@example.org")


def test_another_account_can_take_the_place_of_one_that_works(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, home: Path
) -> None:
    saved = Setup(demo.address)
    saved.use_token(demo.world.key_of("ada@example.org"))
    assert saved.save().ready
    wizard = open_wizard()
    wizard.get_by_role("button", name="Use another token").click()
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    demo.world.accept(grace, 2)
    token = demo.world.make_key(grace, "hopper-laptop").text
    paste(wizard, page, token)
    expect(step(wizard, "save")).to_contain_text("A different token")
    wizard.get_by_role("button", name="Replace it").click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    expect(step(wizard, "account")).to_contain_text("Grace Hopper")
    saved_tokens = {json.loads(path.read_text())["token"] for path in (home / SECRETS).glob("*.json")}
    assert saved_tokens == {token}


def test_damaged_file_is_named_and_mended(open_wizard: OpenWizard, page: Page, demo: DemoServer, home: Path) -> None:
    folder = home / SECRETS
    folder.mkdir(parents=True)
    (folder / "cave-secret.json").write_text('{"token": "0123')
    wizard = open_wizard()
    paste(wizard, page, demo.world.key_of("ada@example.org"))
    expect(step(wizard, "save")).to_contain_text("cave-secret.json is damaged: it is not JSON")
    wizard.get_by_role("button", name="Save", exact=True).click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    [aside] = folder.glob("cave-secret.json.damaged-*")
    assert aside.read_text() == '{"token": "0123'


def test_server_down_then_up(open_wizard: OpenWizard, home: Path) -> None:
    port = free_port()
    wizard = open_wizard(f"http://127.0.0.1:{port}")
    expect(step(wizard, "account")).to_contain_text("refused or cut the connection")
    expect(wizard.locator(".pill")).to_have_text("Needs you")
    with DemoServer(port=port):
        wizard.get_by_role("button", name="Try again").click()
        expect(wizard.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_another_token_on_the_computer_is_asked_about(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, home: Path
) -> None:
    folder = home / SECRETS
    folder.mkdir(parents=True)
    (folder / "cave-secret.json").write_text(json.dumps({"token": "f" * 28 + "beef", "note": "mine"}))
    wizard = open_wizard()
    expect(step(wizard, "account")).to_contain_text("does not know the token ····beef")
    token = demo.world.key_of("ada@example.org")
    paste(wizard, page, token)
    expect(step(wizard, "save")).to_contain_text("A different token, ····beef, stands in")
    wizard.get_by_role("button", name="Replace it").click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    assert json.loads((folder / "cave-secret.json").read_text()) == {"token": token, "note": "mine"}


def test_dropped_download_and_several_tokens(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, tmp_path: Path
) -> None:
    ada = demo.world.user_by_email("ada@example.org")
    assert ada
    wanted = demo.world.make_key(ada, "cluster").text
    rows = [{"token": "1" * 32, "description": "old laptop"}, {"token": wanted, "description": "cluster"}]
    download = tmp_path / "tokens.json"
    download.write_text(json.dumps(rows))
    wizard = open_wizard()
    wizard.get_by_role("button", name="I have a token to paste").click()
    wizard.locator("input[type=file]").set_input_files(download)
    wizard.get_by_role("radio", name="cluster").check()
    wizard.get_by_role("button", name="Use this one").click()
    expect(step(wizard, "token")).to_contain_text("key “cluster”")


def test_wrong_paste_says_what_it_was(open_wizard: OpenWizard, page: Page) -> None:
    wizard = open_wizard()
    paste(wizard, page, "cop_abcdefghijklmnop")
    expect(step(wizard, "account")).to_contain_text("Code Ocean's own access tokens")
    expect(wizard.get_by_label("Your token")).to_be_focused()
    expect(wizard.get_by_label("Your token")).to_have_value("")


def test_a_place_is_put_right_and_its_guide_followed(open_wizard: OpenWizard, page: Page, demo: DemoServer) -> None:
    wizard = open_wizard()
    wizard.get_by_role("button", name="Not right?").click()
    wizard.get_by_role("radio", name="Google Colab").check()
    wizard.get_by_role("button", name="Use this one").click()
    expect(step(wizard, "environment")).to_contain_text("Google Colab")
    paste(wizard, page, demo.world.key_of("ada@example.org"))
    expect(step(wizard, "save")).to_have_attribute("aria-current", "step")
    wizard.get_by_role("button", name="Copy the token", exact=True).click()
    expect(wizard.locator("[data-stage=now]")).to_have_count(2)  # adding it, and allowing this notebook to read it
    wizard.get_by_role("button", name="Not right?").click()
    wizard.get_by_role("radio", name="Your own computer").check()
    wizard.get_by_role("button", name="Use this one").click()
    expect(wizard.locator(".pill")).to_have_text("Ready")


def test_server_can_be_changed(open_wizard: OpenWizard, page: Page) -> None:
    wizard = open_wizard()
    wizard.get_by_role("button", name="Change").click()
    wizard.get_by_label("CAVE server").fill("minnie65_public")
    wizard.get_by_role("button", name="Use these").click()
    expect(wizard.locator(".server")).to_contain_text("looks like the name of a datastack")
    with DemoServer() as other:
        wizard.get_by_label("CAVE server").fill(other.address)
        wizard.get_by_label("Datastack").fill("open_sandbox")
        wizard.get_by_role("button", name="Use these").click()
        expect(wizard.locator(".where")).to_contain_text(f"open_sandbox on {other.address[7:]}")
        paste(wizard, page, other.world.key_of("ada@example.org"))
        expect(step(wizard, "terms")).to_contain_text("nothing left to accept for open_sandbox")


def test_another_datastack_is_picked_by_keyboard_alone(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, home: Path
) -> None:
    saved = Setup(demo.address)
    saved.use_token(demo.world.key_of("ada@example.org"))
    assert saved.save().ready
    wizard = open_wizard()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    cells = page.locator(".jp-NotebookPanel:visible .jp-Cell").count()
    wizard.get_by_role("button", name="Change").focus()
    page.keyboard.press("Enter")
    expect(wizard.get_by_label("CAVE server")).to_be_focused()
    expect(wizard.get_by_role("button", name="second_public open to you")).to_be_visible()
    for key in ("Tab", "Tab", "ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(step(wizard, "ready")).to_contain_text("second_public: 3 versions readable")
    expect(wizard.locator(".pill")).to_have_text("Ready")
    expect(wizard.locator(".where")).to_contain_text("second_public on")
    expect(wizard.get_by_role("button", name="Change")).to_be_focused()
    assert page.locator(".jp-NotebookPanel:visible .jp-Cell").count() == cells


def test_keys_are_revoked_and_replaced_where_they_are_used(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, home: Path
) -> None:
    ada = demo.world.user_by_email("ada@example.org")
    assert ada
    spare = demo.world.make_key(ada, "lost laptop")
    own = demo.world.make_key(ada, "this one")
    wizard = open_wizard()
    paste(wizard, page, own.text)
    expect(wizard.locator(".pill")).to_have_text("Ready")
    wizard.get_by_role("button", name="Your keys").click()
    wizard.get_by_role("group", name="lost laptop").get_by_role("button", name="Revoke").click()
    expect(step(wizard, "token")).to_contain_text("Revoke the key lost laptop")
    assert demo.world.token(spare.text)
    wizard.get_by_role("button", name="Revoke it").click()
    expect(step(wizard, "token")).to_contain_text("has been revoked; it opens nothing any more")
    assert demo.world.token(spare.text) is None

    wizard.get_by_role("group", name="this one").get_by_role("button", name="Revoke").click()
    expect(step(wizard, "token")).to_contain_text("This computer uses the key this one")
    wizard.get_by_role("button", name="Replace it by a new one").click()
    expect(step(wizard, "token")).to_contain_text("A new key is in its place")
    assert demo.world.token(own.text) is None
    [saved] = {json.loads(path.read_text())["token"] for path in (home / SECRETS).glob("*.json")}
    token = demo.world.token(saved)
    assert token
    assert token.key
    expect(wizard.locator(".pill")).to_have_text("Ready")

    wizard.get_by_role("button", name="Revoke", exact=True).first.click()
    wizard.get_by_role("button", name="Revoke all the same").click()
    expect(step(wizard, "account")).to_contain_text("does not know the token")
    expect(wizard.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert demo.world.token(saved) is None


def test_a_pasted_sign_in_token_becomes_a_lasting_key_in_one_click(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, home: Path
) -> None:
    user = demo.world.add_user("nora@example.org", "Nora")
    demo.world.accept(user, 2)
    sign_in = demo.world.sign_in(user).text
    wizard = open_wizard()
    paste(wizard, page, sign_in)
    expect(step(wizard, "token")).to_contain_text("is a sign-in token: it stops working in 7 days")
    wizard.get_by_role("button", name="Make a lasting key").click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    expect(step(wizard, "token")).to_contain_text("The sign-in itself has been ended again")
    assert demo.world.token(sign_in) is None


def test_two_wizards_on_a_page_do_not_get_into_each_others_way(
    open_wizard: OpenWizard, page: Page, lab: Lab, demo: DemoServer
) -> None:
    open_wizard()
    cell = "import ipywidgets, cave_setup\nipywidgets.VBox([cave_setup.wizard(datastack='open_sandbox')])"
    page.evaluate(
        """cell => {
            const { content, model } = window.jupyterapp.shell.currentWidget;
            model.sharedModel.addCell({ cell_type: "code", source: cell });
            content.activeCellIndex = content.widgets.length - 1;
            void window.jupyterapp.commands.execute("notebook:run-cell");
        }""",
        cell,
    )
    both = page.locator(".jp-NotebookPanel:visible").get_by_role("region", name="CAVE Setup")
    expect(both).to_have_count(2)
    second = both.nth(1)
    second.get_by_role("button", name="I have a token to paste").click()
    second.locator("label", has_text="Your token").click()
    expect(second.get_by_label("Your token")).to_be_focused()
    names = page.evaluate("() => [...document.querySelectorAll('.cave-setup [id]')].map((node) => node.id)")
    assert len(names) == len(set(names)) > 4
    paste(second, page, demo.world.key_of("ada@example.org"))
    expect(step(second, "account")).to_contain_text("Ada Lovelace")
    expect(step(both.nth(0), "account")).to_contain_text("no token for")


def test_the_page_can_be_reloaded_in_the_middle(
    open_wizard: OpenWizard, page: Page, lab: Lab, demo: DemoServer
) -> None:
    wizard = open_wizard()
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    paste(wizard, page, demo.world.make_key(grace, "laptop").text)
    expect(wizard.get_by_role("region", name="Terms of service: MICrONS Public")).to_be_visible()
    lab.save(page)
    page.reload()
    page.wait_for_function("() => window.jupyterapp?.restored", timeout=60_000)
    expect(step(wizard, "terms")).to_have_attribute("aria-current", "step", timeout=20_000)
    wizard.get_by_role("checkbox", name="I have read").check()
    wizard.get_by_role("button", name="Accept").click()
    expect(wizard.locator(".pill")).to_have_text("Ready")
    lab.close_notebook(page)
    lab.open(page)  # afresh for the next test: a reloaded JupyterLab goes on restoring its layout for a while


def test_a_hung_server_leaves_the_next_cell_free(page: Page, lab: Lab, home: Path, demo: DemoServer) -> None:
    demo.weather.set("hang")
    cells = [
        "import time, threading\nidle = time.monotonic()",
        "usual = time.monotonic() - idle",
        f"{WIZARD_CELL}\nshown = time.monotonic()",
        (
            "waited = time.monotonic() - shown\n"
            "asking = lambda: str(threading.enumerate()).count('cave-setup-asks')\n"
            "while not asking() and time.monotonic() < shown + 5: time.sleep(0.05)\n"
            "asks = asking()"
        ),
        "print(f'usual {usual:.3f} waited {waited:.3f} asks {asks}', end=' end')",
    ]
    wizard = lab.run(page, lab.write("hung.ipynb", settle(home, demo.address), *cells))
    began = time.monotonic()
    panel = page.locator(".jp-NotebookPanel:visible")
    expect(panel).to_contain_text(re.compile(r"usual [\d.]+ waited [\d.]+ asks \d+ end"), timeout=5000)
    said = re.search(r"usual ([\d.]+) waited ([\d.]+) asks (\d+) end", panel.inner_text())
    assert said
    usual, waited = float(said[1]), float(said[2])
    assert waited - usual < 2.5  # ten times what is promised, and a third of what the server is waited for
    assert said[3] != "0"  # the server was being waited for meanwhile
    host = demo.address.removeprefix("http://")
    expect(step(wizard, "account")).to_contain_text(f"{host} did not answer in time", timeout=12_000)
    assert time.monotonic() - began < 15
