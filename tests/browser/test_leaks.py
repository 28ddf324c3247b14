"""The token shows nowhere: every way in, every end, and after each of them all places are searched, with every log on.

What is searched: `support.watch`. What is searched for: every token that ever was, in each form of `support.searching`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect
from support.capsule import CUSTOM_KEY, Capsule
from support.lab import WIZARD_CELL, settle
from support.people import Person, paste, step
from support.searching import disguises, found
from support.stress import STRESS
from support.traces import every_token
from support.watch import Watch, processes, proven, written

from cave_setup.demo import DemoServer, transport
from cave_setup.demo.messages import JSON, Answer
from cave_setup.demo.weather import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Locator, Page
    from support.lab import Lab

    from cave_setup.demo.messages import Request

# x: in every run of the tests; s: under stress only, each in a notebook of its own; -: cannot happen.
MATRIX = """
                        | pasted | dropped | window | tab | mounted
unknown to the server   |   x    |    x    |   -    |  -  |    x
revoked                 |   x    |    s    |   -    |  -  |    s
one of several          |   x    |    x    |   -    |  -  |    -
of another deployment   |   x    |    s    |   -    |  -  |    s
connection cut          |   x    |    s    |   s    |  s  |    s
no answer               |   s    |    s    |   s    |  s  |    s
server broken           |   x    |    s    |   x    |  s  |    x
a web page instead      |   x    |    s    |   s    |  s  |    s
sent on elsewhere       |   x    |    s    |   s    |  s  |    s
repeated in an error    |   x    |    x    |   x    |  x  |    x
repeated as a name      |   x    |    s    |   -    |  -  |    x
sign-in cancelled       |   -    |    -    |   x    |  x  |    -
nowhere to save         |   x    |    s    |   s    |  s  |    -
success                 |   x    |    x    |   x    |  x  |    x
"""
PASTE = "I have a token to paste"
CANCEL = "Cancel"
# As JupyterLab's own "Copy Output to Clipboard" does it: what is drawn, as text and as HTML.
COPY_OUTPUT = """async () => {
    const drawn = [...document.querySelectorAll(".jp-OutputArea")].filter((one) => one.offsetHeight);
    getSelection().selectAllChildren(drawn.at(-1));
    document.execCommand("copy");
    getSelection().removeAllRanges();
    const [item] = await navigator.clipboard.read();
    const copied = await Promise.all(item.types.map(async (type) => (await item.getType(type)).text()));
    return copied.join(" ");
}"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => null)"
# What puts a token into each place, where the search must find it.
PLANTS = {
    "notebook": "display('{token}')",
    "checkpoint": "display('{token}')",
    "history": "",
    "home folders": "open(os.path.expanduser('~/.planted'), 'w').write('{token}')",
    "server's log": "",
    "processes": "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', '{token}'])",
    "kernel": "planted = '{token}'",
    "page": "display(HTML('<input class=planted value={token}>'))",
    "page's storage": "",
    "console": "",
    "wire": "display({{'application/x-planted': '{token}', 'text/plain': ''}}, raw=True)",
}
EVERYTHING_LOGGED = "import logging\nlogging.basicConfig(level=logging.DEBUG)"


class Sitting:
    """One person at one notebook, who begins anew as often as it takes.

    Parameters
    ----------
    lab : Lab
    page : Page
    demo : DemoServer
    home : Path
        The kernel's home folder.
    name : str
        The notebook's file.
    """

    def __init__(self, lab: Lab, page: Page, demo: DemoServer, home: Path, name: str) -> None:
        self.lab, self.page, self.demo, self.home, self.name = lab, page, demo, home, name
        self.tokens = every_token(demo)
        self.weather = ""
        self._wizard: Locator | None = None

    def strike(self) -> None:
        """Let the weather break on what the kernel asks, not on the pages of the sign-in."""
        if self.weather:
            self.demo.weather.set(self.weather, "/auth")

    @property
    def wizard(self) -> Locator:
        assert self._wizard
        return self._wizard

    @property
    def person(self) -> Person:
        return Person(self.wizard, self.page)

    def begin(self, *cells: str, **variables: str) -> None:
        """Run the notebook with the wizard; once more, where it is open."""
        if self._wizard is None:
            first = settle(self.home, self.demo.address, **variables)
            self.lab.write(self.name, first, EVERYTHING_LOGGED, *cells, WIZARD_CELL)
            self._wizard = self.lab.run(self.page, self.name)
        else:
            self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
            expect(self.wizard).to_have_count(0)
            self.page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def forget(self) -> None:
        """Begin with a computer on which nothing is saved."""
        kept = self.home / ".cloudvolume"
        if kept.is_dir():
            shutil.rmtree(kept)
        kept.unlink(missing_ok=True)

    def made_up(self) -> str:
        """A token of nobody's."""
        self.tokens.append(secrets.token_hex(16))
        return self.tokens[-1]


# --------------------------------------------------------------------------------------------------------- ways in


def pasted(at: Sitting, text: str) -> None:
    at.begin()
    at.wizard.get_by_role("button", name=PASTE).click()
    expect(at.wizard.get_by_label("Your token")).to_be_visible()
    at.strike()
    paste(at.wizard, at.page, text)


def dropped(at: Sitting, text: str) -> None:
    at.begin()
    at.wizard.get_by_role("button", name=PASTE).click()
    expect(at.wizard.get_by_label("Your token")).to_be_visible()
    at.strike()
    file: Any = at.page.evaluate_handle(
        """text => {
            const dragged = new DataTransfer();
            dragged.items.add(new File([text], "token.txt", { type: "text/plain" }));
            return dragged;
        }""",
        text,
    )
    for event in ("dragenter", "dragover", "drop"):
        at.wizard.locator("form.paste").dispatch_event(event, {"dataTransfer": file})


def window(at: Sitting, text: str) -> None:
    at.begin()
    sign_in(at, at.person.open_window(), text)


def tab(at: Sitting, text: str) -> None:
    at.begin()
    at.person.open_window()
    at.person.press("Sign in another way")
    sign_in(at, at.person.open_tab(), text)


def sign_in(at: Sitting, page: Page, text: str) -> None:
    at.strike()
    if text == CANCEL:
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("body")).to_contain_text("Internal Server Error")
        page.close()
    else:
        page.get_by_role("button", name="Ada Lovelace").click()


def mounted(at: Sitting, text: str) -> None:
    platform = at.home.parent / "platform"  # what the platform keeps lies in nobody's home and in no notebook
    platform.write_text(text)
    if not (at.home / "capsule").exists():
        Capsule(at.home).attach(CUSTOM_KEY)
    cell = f"import os, pathlib\nos.environ['CUSTOM_KEY'] = pathlib.Path({str(platform)!r}).read_text()"
    at.strike()
    at.begin(cell, **Capsule.run())


WAYS = {"pasted": pasted, "dropped": dropped, "window": window, "tab": tab, "mounted": mounted}


# ------------------------------------------------------------------------------------------------------------ ends


@dataclass(frozen=True)
class End:
    """How it ends: what is given, what the weather is, and what shows that it came to that."""

    step: str
    shows: str
    gives: Callable[[Sitting], str] = lambda at: at.demo.world.key_of("ada@example.org")
    weather: str = ""


def revoked(at: Sitting) -> str:
    user = at.demo.world.user_by_email("ada@example.org")
    assert user
    token = at.demo.world.make_key(user, "old")
    at.demo.world.end(token)
    return token.text


def download(at: Sitting) -> str:
    return json.dumps({"token": at.made_up(), "middle_auth_url": "global.em.brain.allentech.org/auth"})


def named_like_the_token(at: Sitting) -> str:
    user = at.demo.world.add_user("echo@example.org", "echo")
    token = at.demo.world.make_key(user, "x")
    user.accepted = {2}
    user.name = f"by {token.text}, {token.text.upper()}"
    assert token.key
    token.key.description = f"key {token.text}"
    return token.text


def no_folder(at: Sitting) -> str:
    (at.home / ".cloudvolume").write_text("a file where the folder should be")
    return at.demo.world.key_of("ada@example.org")


ENDS = {
    "unknown to the server": End("account", "does not know the token", Sitting.made_up),
    "revoked": End("account", "does not know the token", revoked),
    "one of several": End(
        "account", "Which token shall this computer use?", lambda at: f"{at.made_up()} {at.made_up()}"
    ),
    "of another deployment": End("account", "global.em.brain.allentech.org", download),
    "connection cut": End("account", "refused or cut the connection", weather="reset"),
    "no answer": End("account", "did not answer in time", weather="hang"),
    "server broken": End("account", "is in trouble (it answered 500)", weather="error-500"),
    "a web page instead": End("account", "A web page came back", weather="captive-portal"),
    "sent on elsewhere": End("account", "sent the request on to another page", weather="captive-redirect"),
    "repeated in an error": End("account", "does not understand (400, dict)", weather="error-502"),
    "repeated as a name": End("account", "by ····", named_like_the_token),
    "sign-in cancelled": End("account", "Try the window again", lambda at: CANCEL),
    "nowhere to save": End("save", "stands where a folder should be", no_folder),
    "success": End("ready", "12 versions readable"),
}


def rows() -> Iterator[Any]:
    """Give ways with their ends: all of a way in one sitting, or under stress each by itself."""
    _, head, *lines = MATRIX.splitlines()
    ways = [name.strip() for name in head.split("|")[1:]]
    table = {line.split("|")[0].strip(): [cell.strip() for cell in line.split("|")[1:]] for line in lines}
    assert list(table) == list(ENDS)
    assert ways == list(WAYS)
    for number, way in enumerate(ways):
        marks = {end: cells[number] for end, cells in table.items()}
        assert set(marks.values()) <= {"x", "s", "-"}
        if STRESS:
            yield from (pytest.param(way, [end], id=f"{way}-{end}") for end, mark in marks.items() if mark != "-")
        else:
            yield pytest.param(way, [end for end, mark in marks.items() if mark == "x"], id=way)


@pytest.fixture
def sitting(page: Page, lab: Lab, demo: DemoServer, home: Path, request: pytest.FixtureRequest) -> Sitting:
    page.context.clear_cookies(name="session")
    page.context.clear_cookies(name="middle_auth_token")
    return Sitting(lab, page, demo, home, re.sub(r"\W+", "-", request.node.name) + ".ipynb")


@pytest.fixture
def sitting_in_notebook_7(context: BrowserContext, notebook_7: Lab, demo: DemoServer, home: Path) -> Iterator[Sitting]:
    page = context.new_page()
    context.clear_cookies(name="session")
    context.clear_cookies(name="middle_auth_token")
    notebook_7.open(page)
    yield Sitting(notebook_7, page, demo, home, "leaks.ipynb")
    notebook_7.close_notebook(page)
    page.close()


@pytest.fixture(autouse=True)
def _a_server_that_repeats_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kind of the demo's weather is worse here: what it says has the token in it."""
    usual = transport._instead

    def instead(kind: Kind, request: Request) -> Answer | None:
        if kind is not Kind.ERROR_502:
            return usual(kind, request)
        sent = request.headers.get("Authorization", "")
        error = {"error": sent, "message": f"{sent} is bad", "token": sent, "reversed": sent[::-1]}
        return Answer(400, json.dumps(error).encode(), JSON)

    monkeypatch.setattr(transport, "_instead", instead)


@pytest.mark.parametrize(("way", "ends"), [*rows()])
def test_no_token_shows(sitting: Sitting, way: str, ends: list[str]) -> None:
    with Watch(sitting.lab, sitting.page, sitting.home) as watch:
        for name in ends:
            end = ENDS[name]
            sitting.forget()
            sitting.weather = end.weather
            WAYS[way](sitting, end.gives(sitting))
            expect(step(sitting.wizard, end.step)).to_contain_text(end.shows)
            sitting.demo.weather.clear()
            assert found(watch.places(), sitting.tokens) == []
        if ends[-1] != "success":
            return
        sitting.person.press("Done")
        expect(sitting.page.locator(".jp-OutputArea-output:visible", has_text="as found at")).to_be_visible()
        assert found(watch.places(), sitting.tokens) == []


def test_nor_in_notebook_7(sitting_in_notebook_7: Sitting) -> None:
    at = sitting_in_notebook_7
    with Watch(at.lab, at.page, at.home) as watch:
        window(at, "")
        expect(step(at.wizard, "ready")).to_contain_text("12 versions readable")
        assert found(watch.places(), at.tokens) == []


# ------------------------------------------------------------------------------------------------------- mid-flow


@pytest.mark.parametrize("way", [*WAYS] if STRESS else ["pasted"])
def test_nor_where_page_and_kernel_go_away_in_mid_flow(sitting: Sitting, way: str) -> None:
    with Watch(sitting.lab, sitting.page, sitting.home) as watch:
        sitting.weather = "hang"
        WAYS[way](sitting, sitting.demo.world.key_of("ada@example.org"))
        expect(sitting.wizard.locator(".dot .spin")).to_be_visible()
        sitting.lab.save(sitting.page)
        sitting.page.reload()
        sitting.page.wait_for_function("() => window.jupyterapp?.restored", timeout=60_000)
        expect(step(sitting.wizard, "account")).to_be_visible(timeout=60_000)
        assert found(watch.places(), sitting.tokens) == []
        sitting.page.evaluate(RESTART)
        sitting.wizard.get_by_role("button", name="Check again").click()
        expect(sitting.wizard.locator(".alert")).to_contain_text("Run the cell again")
        sitting.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
        assert found(watch.places(), sitting.tokens) == []
    sitting.lab.close_notebook(sitting.page)
    sitting.lab.open(sitting.page)  # afresh for the next test: a reloaded JupyterLab goes on restoring its layout


# ------------------------------------------------------------------------------------------------------ and copied


def test_what_is_copied_of_the_output_has_no_token(sitting: Sitting) -> None:
    pasted(sitting, sitting.demo.world.key_of("ada@example.org"))
    expect(step(sitting.wizard, "ready")).to_contain_text("12 versions readable")
    copies = [sitting.page.evaluate(COPY_OUTPUT)]
    sitting.person.press("Done")
    expect(sitting.page.locator(".jp-OutputArea-output:visible", has_text="as found at")).to_be_visible()
    copies.append(sitting.page.evaluate(COPY_OUTPUT))
    for copied in copies:
        assert "Ada Lovelace" in copied
        assert found({"clipboard": {"copied": copied.encode()}}, sitting.tokens) == []


def test_it_comes_down_only_as_bytes_and_only_when_it_is_asked_for(sitting: Sitting) -> None:
    with Watch(sitting.lab, sitting.page, sitting.home) as watch:
        Capsule(sitting.home)
        sitting.begin(**Capsule.run())
        sign_in(sitting, sitting.person.open_window(), "")
        copy = sitting.wizard.get_by_role("button", name="Copy the token", exact=True)
        expect(copy).to_be_visible()
        assert found(watch.places(), sitting.tokens) == []
        copy.click()
        expect(sitting.wizard.locator(".notice")).to_contain_text("Copied")
        token = sitting.page.evaluate("() => navigator.clipboard.readText()")
        assert token in sitting.tokens
        places = watch.places()
        [frame] = [frame for frame in watch.frames if token.encode() in frame]
        assert frame.endswith(token.encode())  # what stands before it are the fields of the message
        del places["wire"]
        assert found(places, sitting.tokens) == []


# ------------------------------------------------------------------------------------------------- without a page

EXECUTE = [
    *(sys.executable, "-m", "nbconvert", "--debug"),
    *("--to", "notebook", "--inplace", "--execute", "--allow-errors"),
]
HANGING = """interrupt = lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
threading.Timer(1, interrupt).start()
cave_setup.Setup(os.environ["HANGS"]).check()"""
EXECUTED = [
    f"%xmode Verbose\n{EVERYTHING_LOGGED}\nimport os, signal, threading\nimport cave_setup",
    WIZARD_CELL,
    "setup = cave_setup.Setup()\nsetup.use_token(os.environ['SEVERAL'])",
    "%tb",
    "cave_setup.Setup(environment='nowhere')",
    "%tb",
    "%cave_setup --environment nowhere",
    "%tb",
    HANGING,
    "%tb",
    "setup = cave_setup.Setup()\nstatus = setup.use_token(os.environ['GIVEN'])\nstatus.as_dict(), status, setup",
    "setup.save()",
    "%cave_setup status",
]


def test_nor_where_a_notebook_is_executed_without_a_page(demo: DemoServer, home: Path, tmp_path: Path) -> None:
    tokens, given, several = (
        every_token(demo),
        demo.world.key_of("ada@example.org"),
        [secrets.token_hex(16) for _ in "ab"],
    )
    folder = tmp_path / "notebooks"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in EXECUTED])
    nbformat.write(notebook, folder / "executed.ipynb")
    with DemoServer() as hanging:
        hanging.weather.set("hang")
        variables = {"CAVE_SETUP_SERVER": demo.address, "HANGS": hanging.address, "GIVEN": given}
        ran = subprocess.run(
            [*EXECUTE, "executed.ipynb"],
            env={**os.environ, **variables, "SEVERAL": " ".join(several), "PYTHONPATH": str(Path.cwd())},
            cwd=folder,
            capture_output=True,
            timeout=100,
            check=True,
        )
    places = {**written(folder, home), "said": {"stdout": ran.stdout, "stderr": ran.stderr}, "processes": processes()}
    proven({place: places[place] for place in ("notebook", "processes")})  # nbconvert keeps no history
    text = (folder / "executed.ipynb").read_text()
    for shown in ("SeveralTokens", "UnknownPlace", "KeyboardInterrupt", "12 versions readable", "DEBUG:urllib3"):
        assert shown in text
    assert found(places, [*tokens, *several]) == []


# ------------------------------------------------------------------------------------------------- the search itself


@pytest.mark.parametrize("form", disguises("0" * 32))
def test_a_token_is_found_in_every_form(form: str) -> None:
    token = secrets.token_hex(16)
    for before in ("", "x", "xy", "xyz"):
        written_as = {
            "as it is": token,
            "in capitals": token.upper(),
            "backwards": token[::-1],
            "in JSON's escapes": "".join(f"\\u{ord(one):04x}" for one in token),
            "in an address's escapes": "".join(f"%{ord(one):02X}" for one in token),
            "in hexadecimal": token.encode().hex(),
            "as numbers": str(list(token.encode())),
            "as close numbers": json.dumps(list(token.encode()), separators=(",", ":")),
            "in UTF-16": token.encode("utf-16").decode("latin-1"),
        }
        coded = base64.b64encode(f"{before}{token}".encode()).decode()
        content = written_as.get(form, coded).encode("latin-1")
        if form in written_as or form.endswith(str(len(before) % 3)):
            [told] = found({"a place": {"a file": content}}, [token])
            assert told.startswith(f"a place: a file has ····{token[-4:]} {form}")
    assert found({"a place": {"a file": content}}, [secrets.token_hex(16)]) == []


def test_a_token_is_found_in_every_place(sitting: Sitting, tmp_path: Path) -> None:
    planted = {place: secrets.token_hex(16) for place in PLANTS}
    kept = tmp_path / "planted"
    with Watch(sitting.lab, sitting.page, sitting.home) as watch:
        plants = [plant.format(token=planted[place]) for place, plant in PLANTS.items()]
        kept.write_text("import os, subprocess, sys\nfrom IPython.display import HTML, display\n" + "\n".join(plants))
        sitting.begin(f"token = '{planted['history']}'\nexec(open({str(kept)!r}).read())")
        sitting.page.evaluate("token => localStorage.setItem('planted', token)", planted["page's storage"])
        sitting.page.evaluate("token => console.log(token)", planted["console"])
        sitting.page.evaluate("token => fetch(`/api/contents/${token}`).then(() => null)", planted["server's log"])
        expect(sitting.page.locator(".planted")).to_be_attached()
        places = watch.places()
    sitting.page.evaluate("() => localStorage.removeItem('planted')")
    missed = {place: token for place, token in planted.items() if not found({place: places[place]}, [token])}
    assert missed == {}
