"""A Code Ocean capsule acted out in real JupyterLab: from nothing to a mounted secret, and each way it can be stuck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.capsule import CUSTOM_KEY, Capsule
from support.lab import WIZARD_CELL, settle
from support.people import Person, is_ready, step
from support.traces import assert_nowhere

if TYPE_CHECKING:
    from browser.conftest import OpenWizard
    from support.lab import Lab

    from cave_setup.demo import DemoServer

SECRETS = Path(".cloudvolume/secrets")
READ = """from caveclient import CAVEclient
client = CAVEclient("minnie65_public", server_address={address!r})
print(len(client.materialize.get_versions()), "versions were read")"""
LOOK_UP = """import json, pathlib
folder = pathlib.Path.home() / ".cloudvolume/secrets"
first = next(path for path in (folder / "{host}-cave-secret.json", folder / "cave-secret.json") if path.exists())
print("cloud-volume finds one of", len(json.loads(first.read_text())["token"]))"""


@pytest.fixture
def capsule(home: Path) -> Capsule:
    return Capsule(home)


@pytest.fixture(autouse=True)
def _a_code_ocean_that_answers(page: Page) -> None:
    """Stand in for Code Ocean's account page, which no test reaches."""
    page.context.route("https://codeocean.example.org/**", lambda route: route.fulfill(body="account"))


def mounts(home: Path, name: str, token: str) -> str:
    """Source of a cell in which the platform mounts a secret, which so stands in no notebook."""
    kept_by_the_platform = home.parent / "platform"
    kept_by_the_platform.write_text(token)
    return f"import os, pathlib\nos.environ[{name!r}] = pathlib.Path({str(kept_by_the_platform)!r}).read_text()"


def guide(wizard: Locator, number: int) -> Locator:
    return wizard.locator(f"details.guide >> nth={number - 1}")


def come_back(page: Page) -> None:
    """Come back to this page from another one."""
    page.bring_to_front()
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")


def clipboard(page: Page) -> str:
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text


def open_account_page(wizard: Locator, page: Page) -> str:
    with page.expect_popup() as opened:
        wizard.get_by_role("link", name="Open your account at codeocean.example.org").click()
    address: str = opened.value.url
    opened.value.close()
    return address


def test_from_nothing_to_a_mounted_secret_and_a_notebook_that_names_no_token(
    open_wizard: OpenWizard, page: Page, lab: Lab, home: Path, demo: DemoServer, capsule: Capsule
) -> None:
    person = Person(open_wizard(**capsule.run()), page)
    wizard = person.wizard
    expect(step(wizard, "environment")).to_contain_text("Code Ocean capsule")
    person.choose_account(person.open_window(), "Ada Lovelace")
    expect(step(wizard, "save")).to_have_attribute("aria-current", "step")
    assert not (home / SECRETS).exists()

    person.press("Copy the token")
    expect(wizard.locator(".notice")).to_contain_text("Copied")
    token = clipboard(page)
    user = demo.world.user_by_email("ada@example.org")
    assert user
    assert token in [key.text for _, key in demo.world.keys_of(user)]
    assert token not in page.content()
    expect(guide(wizard, 1)).to_have_attribute("data-stage", "done")
    expect(guide(wizard, 2)).to_have_attribute("open", "")

    assert open_account_page(wizard, page) == "https://codeocean.example.org/account"
    for number in (3, 4):
        expect(guide(wizard, number)).to_have_attribute("data-stage", "now")
    expect(guide(wizard, 4)).to_contain_text("Not attached yet")

    capsule.attach(CUSTOM_KEY)
    demo.requests.clear()
    come_back(page)
    expect(guide(wizard, 4)).to_contain_text("“CAVE TOKEN” is attached and arrives as CUSTOM_KEY")
    expect(step(wizard, "save")).to_contain_text("this run started before it was attached")
    expect(guide(wizard, 5)).to_have_attribute("open", "")
    assert demo.requests.entries() == []
    lab.save(page)
    assert_nowhere(token, lab, home)

    # A kernel restart is not enough: the computer is still the same one.
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    expect(step(wizard, "account")).to_contain_text("a kernel restart is not enough")
    expect(guide(wizard, 5)).to_have_attribute("data-stage", "now")
    lab.close_notebook(page)

    # Shut down and started again: a new computer, with the secret.
    name = lab.write(
        "next-run.ipynb",
        settle(home, demo.address, **capsule.run()),
        mounts(home, "CUSTOM_KEY", token),
        WIZARD_CELL,
        READ.format(address=demo.address),
    )
    wizard = lab.run(page, name)
    is_ready(wizard)
    expect(step(wizard, "save")).to_contain_text("CUSTOM_KEY (“CAVE TOKEN”)")
    expect(wizard.locator("pre")).to_contain_text('auth_token=os.environ["CUSTOM_KEY"]')
    assert not list((home / SECRETS).glob("*-secret.json"))

    wizard.get_by_role("button", name="Write the token file").click()
    expect(wizard.get_by_role("paragraph").filter(has_text="✓ Written")).to_be_focused()
    expect(step(wizard, "save")).to_contain_text("in files, too, for this run")
    expect(wizard.get_by_role("button", name="Write the token file")).to_have_count(0)
    assert {json.loads(path.read_text())["token"] for path in (home / SECRETS).glob("*-secret.json")} == {token}
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    expect(page.locator(".jp-OutputArea-output:visible", has_text="12 versions were read")).to_be_visible()
    lab.save(page)
    assert_nowhere(token, lab, home)


def test_other_peoples_notebooks_work_after_one_line(
    page: Page, lab: Lab, home: Path, demo: DemoServer, capsule: Capsule, request: pytest.FixtureRequest
) -> None:
    token = demo.world.key_of("ada@example.org")
    name = lab.write(
        f"{request.node.name}.ipynb",
        settle(home, demo.address, **capsule.run()),
        mounts(home, "API_SECRET", token),
        "import cave_setup\ncave_setup.activate()",
        READ.format(address=demo.address),
        LOOK_UP.format(host=demo.data_address.removeprefix("http://")),
        WIZARD_CELL,
    )
    is_ready(lab.run(page, name))
    outputs = page.locator(".jp-OutputArea-output:visible")
    for told in ("Status(ready=True", "12 versions were read", "cloud-volume finds one of 32"):
        expect(outputs.filter(has_text=told)).to_have_count(1)
    lab.save(page)
    assert_nowhere(token, lab, home)


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "Code Ocean's own": ({"API_SECRET": "cop_0123456789abcdef"}, "one of Code Ocean's own access tokens"),
    "40 hex": ({"CUSTOM_KEY": "0123456789" * 4}, "40 characters"),
    "another deployment's": ({"API_SECRET_v1dd": "0123456789abcdef0123456789abd0d8"}, "is for global.em.brain"),
    "empty": ({"CAVE_TOKEN": ""}, "CAVE_TOKEN: It is empty"),
}


def test_every_wrong_secret_gets_its_sentence_and_nothing_of_it_is_sent(
    page: Page, lab: Lab, home: Path, demo: DemoServer, capsule: Capsule
) -> None:
    begin = settle(home, demo.address, **capsule.run())
    cells = [
        "import os, cave_setup\nfrom cave_setup.notebook.widget import Wizard\n"
        f"Wizard(setup=cave_setup.Setup(variables={{**os.environ, **{secrets!r}}}))"
        for secrets, _ in WRONG.values()
    ]
    lab.run(page, lab.write("wrong-secrets.ipynb", begin, *cells))
    wizards = page.get_by_role("region", name="CAVE Setup")
    expect(wizards).to_have_count(len(WRONG))
    for number, (_, says_so) in enumerate(WRONG.values()):
        expect(step(wizards.nth(number), "account")).to_contain_text(says_so)
        expect(wizards.nth(number).get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert not [entry for entry in demo.requests.entries() if entry.authorization]


def test_whoever_has_the_secret_already_needs_no_sign_in(
    open_wizard: OpenWizard, page: Page, demo: DemoServer, capsule: Capsule
) -> None:
    (capsule.folder / ".git/config").unlink()
    wizard = open_wizard(**capsule.run())
    wizard.get_by_role("button", name="My token is already a Code Ocean secret").click()
    expect(step(wizard, "save")).to_have_attribute("aria-current", "step")
    expect(guide(wizard, 4)).to_have_attribute("open", "")
    guide(wizard, 2).locator("summary").click()
    field = wizard.get_by_label("Address of your Code Ocean")
    field.fill("my capsule")
    field.press("Enter")
    expect(guide(wizard, 2)).to_contain_text("not the address of a Code Ocean")
    expect(field).to_be_focused()
    expect(field).to_have_value("my capsule")
    field.fill("https://codeocean.example.org/capsule/1234567/tree")
    field.press("Enter")
    link = wizard.get_by_role("link", name="Open your account at codeocean.example.org")
    expect(link).to_have_attribute("href", "https://codeocean.example.org/account")
    expect(link).to_be_focused()
    capsule.attach(CUSTOM_KEY)
    come_back(page)
    expect(step(wizard, "account")).to_contain_text("this run started before it was attached")
    expect(guide(wizard, 5)).to_have_attribute("open", "")
    assert not [entry for entry in demo.requests.entries() if entry.authorization]


def test_a_clipboard_that_refuses_reveals_the_token_once(
    open_wizard: OpenWizard, page: Page, lab: Lab, home: Path, demo: DemoServer, capsule: Capsule
) -> None:
    person = Person(open_wizard(**capsule.run()), page)
    person.choose_account(person.open_window(), "Ada Lovelace")
    copy = person.wizard.get_by_role("button", name="Copy the token", exact=True)
    expect(copy).to_be_visible()
    page.evaluate(
        "() => { window.kept = navigator.clipboard.write; navigator.clipboard.write = () => Promise.reject(); }"
    )
    copy.click()
    field = person.wizard.get_by_label("The token", exact=True)
    expect(field).to_be_focused()
    token = field.input_value()
    assert len(token) == 32
    page.keyboard.press("Tab")  # left without copying: nothing has been done
    expect(field).to_have_count(0)
    expect(guide(person.wizard, 1)).to_have_attribute("data-stage", "now")
    copy.click()
    expect(field).to_be_focused()
    page.keyboard.press("Control+C")
    assert clipboard(page) == token
    page.keyboard.press("Tab")
    expect(field).to_have_count(0)
    expect(guide(person.wizard, 1)).to_have_attribute("data-stage", "done")
    assert token not in page.content()
    page.evaluate("() => { navigator.clipboard.write = window.kept; }")
    lab.save(page)
    assert_nowhere(token, lab, home)


def test_a_picture_is_enlarged_and_put_away_by_keyboard(open_wizard: OpenWizard, page: Page, capsule: Capsule) -> None:
    wizard = open_wizard(**capsule.run())
    wizard.get_by_role("button", name="My token is already a Code Ocean secret").click()
    guide(wizard, 3).locator("summary").first.press("Enter")
    picture = guide(wizard, 3).get_by_role("button", name="Enlarge the picture").first
    picture.focus()
    before: Any = picture.bounding_box()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    large: Any = dialog.locator("svg").bounding_box()
    assert large["width"] > 1.8 * before["width"]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(picture).to_be_focused()
    page.keyboard.press("Enter")
    capsule.attach(CUSTOM_KEY)  # while the picture is enlarged, its step is folded
    come_back(page)
    expect(guide(wizard, 5)).to_have_attribute("data-stage", "now")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(guide(wizard, 5).locator("summary")).to_be_focused()


def test_a_secret_with_quotes_is_mended_and_can_be_used_meanwhile(
    page: Page, lab: Lab, home: Path, demo: DemoServer, capsule: Capsule
) -> None:
    capsule.attach(CUSTOM_KEY)
    token = demo.world.key_of("ada@example.org")
    begin = settle(home, demo.address, **capsule.run())
    wizard = lab.run(page, lab.write("quoted.ipynb", begin, mounts(home, "CUSTOM_KEY", f'"{token}"'), WIZARD_CELL))
    expect(step(wizard, "save")).to_contain_text("There is more in it than the token (quotes)")
    expect(guide(wizard, 3)).to_contain_text("Replace the value of the secret")
    expect(guide(wizard, 4)).to_have_attribute("data-stage", "done")
    wizard.get_by_role("button", name="Copy the token").click()
    open_account_page(wizard, page)
    for number in (3, 5):
        expect(guide(wizard, number)).to_have_attribute("data-stage", "now")
    assert clipboard(page) == token
    wizard.get_by_role("button", name="Skip for now").click()
    expect(wizard.get_by_role("paragraph").filter(has_text="✓ Notebooks can use the token")).to_be_focused()
    expect(wizard.locator("pre")).not_to_contain_text("environ")
    assert {json.loads(path.read_text())["token"] for path in (home / SECRETS).glob("*-secret.json")} == {token}
