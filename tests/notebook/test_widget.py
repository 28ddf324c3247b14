"""The Python side of the wizard against a demo server: messages in, state out; no browser needed."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import ipywidgets
import pytest
import requests
from integration.listeners import Listener, says
from IPython.core.events import EventManager, available_events
from support.capsule import CUSTOM_KEY, Capsule
from support.wizards import focused, send, wait_until

import cave_setup
from cave_setup.notebook import beginning, ladder, output, patience, static
from cave_setup.notebook.widget import Wizard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cave_setup.demo import DemoServer


@pytest.fixture
def wizard(demo: DemoServer, home: Path) -> Iterator[Wizard]:
    made = Wizard(demo.address)
    wait_until(made, lambda state: not state["busy"])
    yield made
    made.close()


def hold(wizard: Wizard, release: threading.Event) -> None:
    """Keep what is sent waiting, as a server that is slow or a cell that runs would."""

    def wait() -> None:
        release.wait(10)

    wizard._worker.submit(wait)


def ada(demo: DemoServer) -> str:
    return demo.world.key_of("ada@example.org")


def test_a_pasted_token_is_saved_by_itself(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", secret=f"Bearer {ada(demo)}")
    assert wait_until(wizard, focused("ready"))["pill"]["text"] == "Ready"


def test_the_token_is_in_no_state_message_or_repr(wizard: Wizard, demo: DemoServer) -> None:
    token = ada(demo)
    seen: list[str] = []
    wizard.observe(lambda change: seen.append(json.dumps(change["new"])), "state")
    send(wizard, action="ask-first", on=True)
    send(wizard, action="paste", secret=token)
    wait_until(wizard, focused("save"))
    send(wizard, action="save")
    wait_until(wizard, focused("ready"))
    assert len(seen) > 3
    assert token not in "".join(seen) + repr(wizard) + repr(wizard.get_state()) + repr(vars(wizard))


def test_a_downloaded_file_is_taken_in_any_encoding(wizard: Wizard, demo: DemoServer) -> None:
    content = json.dumps({"token": ada(demo), "description": "laptop"})
    send(wizard, action="paste", secret=content.encode("utf-16"))
    wait_until(wizard, focused("ready"))


def test_a_file_that_is_no_text_is_answered(wizard: Wizard) -> None:
    send(wizard, action="paste", secret=b"\xff\xfe\x00\xd8\x00")
    state = wait_until(wizard, lambda state: "not text" in json.dumps(state))
    assert state["focus"] == "account"


def test_a_wrong_paste_of_another_token_is_answered_where_it_was_pasted(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", secret=ada(demo))
    wait_until(wizard, focused("ready"))
    send(wizard, action="another")
    wait_until(wizard, focused("account"))
    send(wizard, action="paste", secret="mia@example.org")
    state = wait_until(wizard, lambda state: "e-mail address" in json.dumps(state["steps"][1]))
    assert state["focus"] == "account"
    demo.requests.clear()
    send(wizard, action="back")
    wait_until(wizard, focused("ready"))
    assert demo.requests.entries() == []


def test_several_tokens_are_chosen_by_number(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", secret=json.dumps([{"token": "1" * 32}, {"token": ada(demo)}]))
    wait_until(wizard, lambda state: '"choice"' in json.dumps(state))
    send(wizard, action="pick", value=1)
    send(wizard, action="pick", value=1)  # a double click
    state = wait_until(wizard, focused("ready"))
    send(wizard, action="check")
    wait_until(wizard, lambda now: now is not state and not now["busy"])
    assert wizard.state["focus"] == "ready"


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"action": "nothing"},
        {"action": ["paste"]},
        {"action": "pick"},
        {"action": "pick", "value": 99},
        {"action": "pick", "value": True},
        {"action": "paste"},
    ],
    ids=json.dumps,
)
def test_odd_messages_do_no_harm(wizard: Wizard, message: dict[str, Any]) -> None:
    send(wizard, **message)
    send(wizard, action="check")
    wait_until(wizard, focused("account"))


def test_acceptance_of_terms_is_noticed_without_a_click(
    wizard: Wizard, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST_WAIT", 0.05)
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    send(wizard, action="paste", secret=demo.world.make_key(grace, "laptop").text)
    wait_until(wizard, focused("terms"))
    send(wizard, action="opened", what="terms")
    wait_until(wizard, lambda state: '"watching"' in json.dumps(state["steps"][2]["blocks"]))
    demo.requests.clear()
    demo.world.accept(grace, 2)
    wait_until(wizard, focused("ready"))
    waited = [entry.path for entry in demo.requests.entries()]
    assert waited[0].endswith("/user/missing")


def test_waiting_for_terms_asks_ever_more_rarely_and_gives_up(
    wizard: Wizard, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"FIRST_WAIT": 0.02, "LONGEST_WAIT": 0.05, "GIVE_UP": 0.4}.items():
        monkeypatch.setattr(patience, name, seconds)
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    send(wizard, action="paste", secret=demo.world.make_key(grace, "laptop").text)
    wait_until(wizard, lambda state: '"kind": "terms"' in json.dumps(state["steps"][2]))
    demo.requests.clear()
    send(wizard, action="opened", what="terms")
    wait_until(wizard, lambda state: "I have accepted them" in json.dumps(state))
    asked = [entry.path for entry in demo.requests.entries()]
    assert {path.rsplit("/", 1)[-1] for path in asked} == {"missing"}
    assert len(asked) < 15


# ------------------------------------------------------------------------------------------------------ signing in


def blocks_of(state: dict[str, Any], key: str) -> str:
    return next(json.dumps(step, ensure_ascii=False) for step in state["steps"] if step["key"] == key)


def signed_in(demo: DemoServer, email: str = "ada@example.org") -> str:
    user = demo.world.user_by_email(email)
    assert user
    return demo.world.sign_in(user).text


def test_a_sign_in_becomes_a_saved_key_without_a_further_word(wizard: Wizard, demo: DemoServer, home: Path) -> None:
    sign_in = signed_in(demo)
    send(wizard, action="signing-in")
    send(wizard, action="signed-in", secret=sign_in)
    state = wait_until(wizard, focused("ready"))
    assert "The sign-in itself has been ended again" in blocks_of(state, "token")
    saved = json.loads((home / ".cloudvolume/secrets/cave-secret.json").read_text())["token"]
    assert demo.world.token(saved)
    assert saved != sign_in
    assert demo.world.token(sign_in) is None
    assert sign_in not in json.dumps(wizard.state) + repr(vars(wizard)) + repr(vars(wizard._ladder))


@pytest.mark.parametrize("token", [None, "", "f" * 31, "F" * 32, b"\xff" * 32])
def test_what_is_no_token_is_no_sign_in(wizard: Wizard, demo: DemoServer, token: str | bytes | None) -> None:
    demo.requests.clear()
    send(wizard, action="signed-in", secret=token)
    send(wizard, action="ask-first", on=True)
    wait_until(wizard, lambda state: state["askFirst"]["on"])
    assert demo.requests.entries() == []
    assert wizard.state["focus"] == "account"


def test_asked_first_nothing_follows_until_it_is_said(wizard: Wizard, demo: DemoServer, home: Path) -> None:
    send(wizard, action="ask-first", on=True)
    send(wizard, action="signed-in", secret=signed_in(demo))
    wait_until(wizard, focused("token"))
    demo.requests.clear()
    for _ in range(2):  # a double click
        send(wizard, action="choose-key", value="new")
    send(wizard, action="check")
    wait_until(wizard, focused("save"))
    assert [entry.method for entry in demo.requests.entries()].count("POST") == 1
    assert not (home / ".cloudvolume").exists()
    send(wizard, action="ask-first", on=False)  # and then it does
    wait_until(wizard, focused("ready"))


def test_one_of_the_accounts_keys_can_be_chosen(wizard: Wizard, demo: DemoServer, home: Path) -> None:
    send(wizard, action="ask-first", on=True)
    send(wizard, action="signed-in", secret=signed_in(demo))
    wait_until(wizard, focused("token"))
    user = demo.world.user_by_email("ada@example.org")
    assert user
    [own] = [key for key, token in demo.world.keys_of(user) if token.text == ada(demo)]
    send(wizard, action="choose-key", value=own.id)
    state = wait_until(wizard, focused("save"))
    assert "key “Ada's laptop”" in blocks_of(state, "token")
    send(wizard, action="save")
    wait_until(wizard, focused("ready"))
    assert json.loads((home / ".cloudvolume/secrets/cave-secret.json").read_text())["token"] == ada(demo)


def test_a_server_that_fails_in_mid_sign_in_is_told_and_another_try_is_at_hand(
    wizard: Wizard, demo: DemoServer
) -> None:
    demo.weather.set("error-500", "/auth/api/v1/user/token", requests=1)
    sign_in = signed_in(demo)
    send(wizard, action="signed-in", secret=sign_in)
    state = wait_until(wizard, lambda state: not state["busy"] and "is in trouble" in blocks_of(state, "account"))
    assert '"signIn"' in blocks_of(state, "account")
    assert demo.world.token(sign_in) is None
    send(wizard, action="signed-in", secret=signed_in(demo))
    wait_until(wizard, focused("ready"))


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    """Give another server, that must not hear of any token."""
    with Listener(says({"error": "nothing here"}, "404 Not Found")) as server:
        yield server


@pytest.mark.parametrize("action", ["signed-in", "paste"])
def test_what_was_done_at_one_server_is_not_done_at_the_next(
    wizard: Wizard, demo: DemoServer, elsewhere: Listener, action: str
) -> None:
    seen = wizard.state["where"]["server"]
    token = signed_in(demo) if action == "signed-in" else ada(demo)
    release = threading.Event()
    hold(wizard, release)
    send(wizard, action="server", server=elsewhere.address, datastack="minnie65_public")
    send(wizard, action=action, secret=token, at=seen)
    release.set()
    state = wait_until(wizard, lambda state: bool(state["alert"]))
    assert state["alert"].startswith(f"The server was changed to {elsewhere.address.removeprefix('http://')} before")
    assert elsewhere.requests
    assert not [request for request in elsewhere.requests if request.header("Authorization")]


def test_a_tab_that_comes_back_after_the_server_was_changed_gives_its_token_to_nobody(
    wizard: Wizard, demo: DemoServer, elsewhere: Listener
) -> None:
    send(wizard, action="hello", base="", near=True)
    start = tab_address(wizard)
    release = threading.Event()
    hold(wizard, release)
    send(wizard, action="server", server=elsewhere.address, datastack="minnie65_public")
    landing = start.removesuffix("/start") + "/signed-in"
    assert requests.get(landing, {"token": signed_in(demo)}, timeout=5).status_code == 200
    release.set()
    wait_until(wizard, lambda state: "The server was changed to" in state["alert"])
    assert not [request for request in elsewhere.requests if request.header("Authorization")]


def test_a_message_that_does_not_say_what_the_person_saw_is_not_believed(wizard: Wizard, demo: DemoServer) -> None:
    for at in (None, ["x"], "", "https://global.daf-apis.com"):
        before = demo.requests.entries()
        send(wizard, action="paste", secret=ada(demo), at=at)
        wait_until(wizard, lambda state: "The server was changed to" in state["alert"])
        assert demo.requests.entries() == before
        send(wizard, action="back")
        wait_until(wizard, lambda state: not state["alert"])


def test_waiting_for_a_person_to_sign_in_costs_no_request(wizard: Wizard, demo: DemoServer) -> None:
    demo.requests.clear()
    send(wizard, action="signing-in")
    wait_until(wizard, lambda state: state["signingIn"])
    send(wizard, action="no-sign-in", why="late")
    wait_until(wizard, lambda state: "No word from the sign-in window" in blocks_of(state, "account"))
    send(wizard, action="visible")
    time.sleep(0.5)
    assert demo.requests.entries() == []


def tab_address(wizard: Wizard, why: str = "closed") -> str:
    send(wizard, action="no-sign-in", why=why)
    state = wait_until(wizard, lambda state: "/start" in blocks_of(state, "account"))
    found = re.search(r"http[^\"]*/start[a-z-]*", blocks_of(state, "account"))
    assert found
    return found.group()


def come_back(start: str, token: str) -> int:
    """Do what a browser does that has signed in: come back from the server to where the start page said."""
    with requests.Session() as browser:
        address = browser.get(start, allow_redirects=False, timeout=5).headers["Location"]
        [back] = parse_qs(urlsplit(address).query)["redirect"]
        return browser.get(f"{back}?middle_auth_token={token}&token={token}", timeout=5).status_code


@pytest.mark.parametrize("why", ["blocked", "closed", "late", "chosen"])
def test_where_the_window_fails_the_tab_comes_back_to_the_kernel(wizard: Wizard, demo: DemoServer, why: str) -> None:
    send(wizard, action="hello", base="", near=True)
    start = tab_address(wizard, why)
    send(wizard, action="opened", what="tab")
    wait_until(wizard, lambda state: "Waiting for the sign-in in that tab" in blocks_of(state, "account"))
    assert come_back(start, signed_in(demo)) == 200
    wait_until(wizard, focused("ready"))
    with pytest.raises(requests.ConnectionError):
        requests.get(start, timeout=2)


def test_the_browser_is_asked_whether_the_server_passes_on_and_the_tab_goes_that_way(
    wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(wizard._ladder, "_ask_browser", asked.append)
    send(wizard, action="hello", base="https://hub.example/user/ada/", near=False)
    send(wizard, action="no-sign-in", why="closed")
    wait_until(wizard, lambda _state: bool(asked))
    assert re.fullmatch(r"https://hub\.example/user/ada/proxy/\d+/[\w-]{32}/here", asked[0]["address"])
    send(wizard, action="reached", through=True)
    state = wait_until(wizard, lambda state: "/start-through" in blocks_of(state, "account"))
    assert asked[0]["address"].replace("/here", "/start-through") in blocks_of(state, "account")


def test_a_kernel_that_the_browser_cannot_reach_leaves_the_paste(
    wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(wizard, action="hello", base="https://hub.example/user/ada/", near=False)
    send(wizard, action="no-sign-in", why="blocked")
    send(wizard, action="reached", through=False)
    state = wait_until(
        wizard, lambda state: "cannot come back to this notebook's kernel" in blocks_of(state, "account")
    )
    assert "I have a token to paste" in blocks_of(state, "account")


def test_a_browser_that_does_not_say_how_it_reaches_us_is_not_waited_for(
    wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "LOOKING_SECONDS", 0.1)
    send(wizard, action="hello", base="http://127.0.0.1:8888/", near=True)
    assert tab_address(wizard).startswith("http://127.0.0.1:")


def test_a_tab_that_never_reached_us_says_that_nobody_has_signed_in(
    wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "TAB_REACHED_SECONDS", 0.1)
    send(wizard, action="hello", base="", near=True)
    tab_address(wizard)
    send(wizard, action="opened", what="tab")
    state = wait_until(wizard, lambda state: "Nobody has signed in." in blocks_of(state, "account"))
    assert '"paste"' in blocks_of(state, "account")


def test_no_port_stays_open_for_a_sign_in_that_is_over(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="hello", base="", near=True)
    ends: list[dict[str, Any]] = [{"action": "paste", "secret": ada(demo)}, {"action": "another"}, {"action": "back"}]
    for end in ends:
        start = tab_address(wizard)
        send(wizard, **end)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                requests.get(start, timeout=1)
            except requests.ConnectionError:
                break
        else:
            raise AssertionError(f"still open after {end['action']}")
        send(wizard, action="another")
        wait_until(wizard, focused("account"))


def test_taking_the_wizard_down_closes_the_port(demo: DemoServer, home: Path) -> None:
    made = Wizard(demo.address)
    wait_until(made, lambda state: not state["busy"])
    send(made, action="hello", base="", near=True)
    start = tab_address(made)
    made.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(start, timeout=2)


# ------------------------------------------------------------------------------------------------- terms and keys


def test_terms_are_accepted_only_with_the_tick_only_those_shown_and_only_once_read(
    wizard: Wizard, demo: DemoServer
) -> None:
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    send(wizard, action="accept", terms=2, agreed=True)  # nothing is shown yet
    send(wizard, action="signed-in", secret=signed_in(demo, "grace@example.org"))
    wait_until(wizard, lambda state: '"kind": "terms"' in blocks_of(state, "terms"))
    for refused in ({"terms": 2}, {"terms": 2, "agreed": "yes"}, {"terms": 3, "agreed": True}, {"agreed": True}):
        send(wizard, action="accept", **refused)
    send(wizard, action="check")
    wait_until(wizard, lambda state: not state["busy"])
    assert grace.accepted == set()
    send(wizard, action="accept", terms=2, agreed=True)
    wait_until(wizard, focused("ready"))
    assert grace.accepted == {2}


def test_terms_whose_text_cannot_be_had_are_left_to_the_servers_page(wizard: Wizard, demo: DemoServer) -> None:
    demo.weather.set("error-500", "/auth/api/v1/tos")
    send(wizard, action="signed-in", secret=signed_in(demo, "grace@example.org"))
    wait_until(wizard, lambda state: "Their text cannot be shown here" in blocks_of(state, "terms"))
    demo.weather.clear()
    send(wizard, action="check")
    wait_until(wizard, lambda state: '"kind": "terms"' in blocks_of(state, "terms"))


def test_terms_too_long_to_be_shown_whole_are_not_shown_cut_off(wizard: Wizard, demo: DemoServer) -> None:
    demo.world.terms[2] = replace(demo.world.terms[2], text="x " * 60_000)
    send(wizard, action="signed-in", secret=signed_in(demo, "grace@example.org"))
    wait_until(wizard, lambda state: "Their text cannot be shown here" in blocks_of(state, "terms"))


def test_the_last_save_is_undone_after_a_question(wizard: Wizard, demo: DemoServer, home: Path) -> None:
    send(wizard, ada(demo), action="paste")
    state = wait_until(wizard, focused("ready"))
    assert "Undo last save" in [item["label"] for item in state["footer"]]
    send(wizard, action="undo")  # not asked yet
    send(wizard, action="ask-undo")
    state = wait_until(wizard, focused("save"))
    [files] = [block for block in state["steps"][4]["blocks"] if block["kind"] == "files"]
    assert {row["verdict"] for row in files["rows"]} == {"removed: there was no such file"}
    assert list((home / ".cloudvolume/secrets").glob("*secret.json"))
    send(wizard, action="undo")
    state = wait_until(wizard, focused("account"))
    assert state["say"]["text"] == "The last save was taken back."
    assert not list((home / ".cloudvolume/secrets").glob("*secret.json"))
    assert "Undo last save" not in [item["label"] for item in state["footer"]]


def test_an_undo_that_is_not_possible_any_more_says_why(wizard: Wizard, demo: DemoServer, home: Path) -> None:
    send(wizard, ada(demo), action="paste")
    wait_until(wizard, focused("ready"))
    send(wizard, action="ask-undo")
    wait_until(wizard, focused("save"))
    file = home / ".cloudvolume/secrets/cave-secret.json"
    file.write_text(file.read_text() + " ")
    send(wizard, action="undo")
    state = wait_until(wizard, lambda state: state["alert"] != "" and not state["busy"])
    assert "Another program has changed" in state["alert"]
    assert state["focus"] == "ready"


def test_who_was_set_up_long_ago_is_not_offered_to_undo_a_first_save(demo: DemoServer, home: Path) -> None:
    with contextlib.closing(cave_setup.Setup(demo.address)) as setup:
        setup.use_token(ada(demo))
        assert setup.save().ready
    [backup] = (home / ".cloudvolume/secrets").glob("cave-setup.backup-*")
    long_ago = datetime.now() - timedelta(days=2)  # noqa: DTZ005 - local, as in the name
    backup.rename(backup.with_name(f"cave-setup.backup-{long_ago:%Y-%m-%d-%H%M%S}"))
    with contextlib.closing(Wizard(demo.address)) as wizard:
        state = wait_until(wizard, focused("ready"))
        assert "Undo last save" not in [item["label"] for item in state["footer"]]


def test_keys_are_looked_at_revoked_and_replaced(wizard: Wizard, demo: DemoServer) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user
    other = demo.world.make_key(user, "old laptop")
    assert other.key
    send(wizard, action="paste", secret=ada(demo))
    wait_until(wizard, focused("ready"))
    send(wizard, action="keys")
    wait_until(wizard, lambda state: "old laptop" in blocks_of(state, "token"))
    own = next(key for key, token in demo.world.keys_of(user) if token.text == ada(demo))
    send(wizard, action="ask-revoke", key=own.id)
    state = wait_until(wizard, lambda state: "This computer uses the key" in blocks_of(state, "token"))
    assert "Revoke all the same" in blocks_of(state, "token")
    send(wizard, action="revoke", key=own.id)  # without having been asked the right question
    wait_until(wizard, lambda state: "nothing was revoked" in blocks_of(state, "token"))
    assert demo.world.token(own_text := ada(demo))
    send(wizard, action="rotate")
    wait_until(wizard, lambda state: "A new key is in its place" in blocks_of(state, "token"))
    assert demo.world.token(own_text) is None
    send(wizard, action="revoke", key=999)
    wait_until(wizard, lambda state: "no key number 999" in blocks_of(state, "token"))
    for odd in ("1", None, True, 1.5):
        send(wizard, action="revoke", key=odd)
    send(wizard, action="back")
    wait_until(wizard, focused("ready"))


def test_it_is_new_until_somebody_does_something(wizard: Wizard) -> None:
    send(wizard, action="hello", base="", near=True, app="JupyterLab")
    send(wizard, action="visible")
    state = wait_until(wizard, lambda state: "JupyterLab" in json.dumps(state["steps"][0]))
    assert state["isNew"]
    send(wizard, action="paste-open")
    wait_until(wizard, lambda state: not state["isNew"])


def test_a_hung_server_never_blocks_the_kernel(wizard: Wizard, demo: DemoServer) -> None:
    demo.weather.set("hang")
    began = time.monotonic()
    send(wizard, action="check")
    send(wizard, action="check")
    assert time.monotonic() - began < 1.0


def test_closing_stops_the_thread(demo: DemoServer, home: Path) -> None:
    made = Wizard(demo.address)
    wait_until(made, lambda state: not state["busy"])
    made.close()
    deadline = time.monotonic() + 5
    while any(thread.name == "cave-setup-worker" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cave-setup-worker")]


def test_it_goes_into_any_ipywidgets_layout(wizard: Wizard) -> None:
    assert ipywidgets.VBox([wizard]).children == (wizard,)


def test_a_bad_address_is_refused_with_a_sentence() -> None:
    with pytest.raises(cave_setup.SetupError, match="name of a datastack"):
        cave_setup.wizard("minnie65_public")


class Handle:
    """Stands in for a display handle of IPython."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self.kept = kept

    def update(self, bundle: dict[str, Any], *, raw: bool) -> None:
        self.kept.append(bundle)


class Display:
    """Stands in for IPython's displays and keeps what is shown: the wizard's output, and the one above it."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.above: list[dict[str, Any]] = []
        self.events = EventManager(None, available_events)  # type: ignore[arg-type]

    def runs(self, seconds: float = 0.0) -> None:
        """A cell runs."""
        self.events.trigger("pre_run_cell", None)
        time.sleep(seconds)
        self.events.trigger("post_run_cell", None)

    def display(self, bundle: dict[str, Any], *, raw: bool, display_id: bool) -> object:
        is_wizard = "application/vnd.jupyter.widget-view+json" in bundle
        if not is_wizard:
            self.above.append(bundle)
        return Handle(self.shown if is_wizard else self.above)


@pytest.fixture
def display(wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> Display:
    made = Display()
    for module in (output, beginning):
        monkeypatch.setattr(module, "display", made.display)
        monkeypatch.setattr(module, "get_ipython", lambda: SimpleNamespace(kernel=object(), events=made.events))
    return made


def test_where_no_front_end_answers_guidance_takes_the_place_of_an_empty_box(
    wizard: Wizard, display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "HELLO_SECONDS", 0.05)
    wizard._ipython_display_()
    display.runs()
    wait_until(wizard, lambda _state: bool(display.shown))
    assert "anywidget" in display.shown[0]["text/html"]
    assert "%cave_setup --text" in display.shown[0]["text/html"]
    send(wizard, action="hello")  # it was only late: a cell kept the kernel busy
    wait_until(wizard, lambda _state: len(display.shown) == 2)
    assert "application/vnd.jupyter.widget-view+json" in display.shown[1]
    wait_until(wizard, lambda _state: len(display.above) == 3)
    assert [bool(bundle["text/html"]) for bundle in display.above] == [True, False, True]  # never both


def test_where_a_front_end_answers_nothing_is_replaced(
    wizard: Wizard, display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "HELLO_SECONDS", 1.0)
    wizard._ipython_display_()
    display.runs()
    send(wizard, action="hello")
    time.sleep(1.3)
    assert display.shown == []


def test_while_cells_run_a_front_end_cannot_be_heard_and_is_not_missed(
    wizard: Wizard, display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "HELLO_SECONDS", 0.2)
    wizard._ipython_display_()
    time.sleep(0.5)  # the cell that shows it goes on
    for _ in range(2):
        display.runs(seconds=0.5)
    send(wizard, action="hello")
    time.sleep(0.5)
    assert display.shown == []
    assert not display.events.callbacks["post_run_cell"]


def test_done_leaves_a_summary_that_needs_no_kernel(wizard: Wizard, display: Display, demo: DemoServer) -> None:
    wizard._ipython_display_()
    send(wizard, action="hello")
    send(wizard, action="paste", secret=ada(demo))
    wait_until(wizard, focused("ready"))
    send(wizard, action="done")
    wait_until(wizard, lambda _state: bool(display.shown))
    [summary] = display.shown
    assert "Ada Lovelace" in summary["text/html"]
    assert "Demo server" in summary["text/html"]
    assert demo.address in summary["text/html"]
    assert "ada@example.org" not in json.dumps(summary)  # notebooks are shared
    assert "12 versions readable" in summary["text/plain"]
    assert "<script" not in summary["text/html"]
    assert display.above[-1] == {"text/html": ""}


def test_guidance_says_what_was_found_but_no_e_mail_address(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, ada(demo), action="paste")
    wait_until(wizard, focused("ready"))
    guidance = static.front_end_missing(wizard._screen.status)
    assert all("Ada Lovelace" in text for text in guidance.values())
    assert "ada@example.org" not in json.dumps(guidance)


def test_names_from_the_server_stay_text_in_the_summary(demo: DemoServer, home: Path) -> None:
    user = demo.world.add_user("eve@example.org", "<img src=x onerror=alert(1)>")
    setup = cave_setup.Setup(demo.address, "open_sandbox")
    status = setup.use_token(demo.world.make_key(user, "'\"><script>").text)
    html = static.summary(status)["text/html"]
    assert "<img" not in html
    assert "&lt;img src=x" in html


# ----------------------------------------------------------------------------------------- a secret of the platform


@pytest.fixture
def in_capsule(demo: DemoServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wizard]:
    """The wizard in a Code Ocean capsule, with a token at hand."""
    Capsule(home)
    for name, value in Capsule.run().items():
        monkeypatch.setenv(name, value)
    made = Wizard(demo.address)
    send(made, action="paste", secret=ada(demo))
    wait_until(made, focused("save"))
    yield made
    made.close()


def told(wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], list[bytes]]]:
    """A list that fills with what is sent to the browser beside the state."""
    messages: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(wizard, "send", lambda content, buffers=None: messages.append((content, buffers)))
    return messages


def stages(state: dict[str, Any]) -> list[str]:
    (step,) = [step for step in state["steps"] if step["key"] == "save"]
    return [block["stage"] for block in step["blocks"] if block["kind"] == "guide"]


def test_the_token_goes_down_only_to_who_asks_for_it_and_into_no_state(
    in_capsule: Wizard, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = told(in_capsule, monkeypatch)
    send(in_capsule, action="copy-token", to="this view")
    send(in_capsule, action="copied")
    state = wait_until(in_capsule, lambda state: stages(state)[:2] == ["done", "now"])
    assert messages == [({"tell": "token", "to": "this view"}, [ada(demo).encode()])]
    assert ada(demo) not in json.dumps(state) + repr(in_capsule.get_state())


def test_without_a_token_nothing_is_sent(wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = told(wizard, monkeypatch)
    send(wizard, action="copy-token", to="this view")
    send(wizard, action="check")
    wait_until(wizard, lambda state: not state["busy"] and messages != [])
    assert messages == [({"tell": "token", "to": "this view"}, [b""])]


def test_what_was_copied_is_forgotten_with_the_token(in_capsule: Wizard, demo: DemoServer) -> None:
    send(in_capsule, action="copied")
    wait_until(in_capsule, lambda state: stages(state)[0] == "done")
    send(in_capsule, action="check")
    wait_until(in_capsule, lambda state: not state["busy"] and stages(state)[0] == "done")
    user = demo.world.user_by_email("ada@example.org")
    assert user
    send(in_capsule, action="paste", secret=demo.world.make_key(user, "another").text)
    wait_until(in_capsule, lambda state: focused("save")(state) and stages(state)[0] == "now")


def test_coming_back_looks_at_the_capsule_and_asks_no_server(in_capsule: Wizard, demo: DemoServer, home: Path) -> None:
    send(in_capsule, action="opened", what="account")
    demo.requests.clear()
    (home / "capsule/.codeocean/secrets.json").write_text(json.dumps({"version": 1, "secrets": [CUSTOM_KEY]}))
    send(in_capsule, action="visible")
    wait_until(in_capsule, lambda state: stages(state) == ["done"] * 4 + ["now"])
    assert demo.requests.entries() == []


def test_using_it_in_this_run_writes_files_and_the_guide_stays(in_capsule: Wizard, home: Path) -> None:
    send(in_capsule, action="copied")
    send(in_capsule, action="activate")
    state = wait_until(in_capsule, lambda state: "in files, too" in json.dumps(state) and not state["busy"])
    assert stages(state)[:2] == ["done", "now"]  # the token is the same one, wherever it stands by now
    assert len(list((home / ".cloudvolume/secrets").glob("*-secret.json"))) == 3


def test_the_pictures_are_in_the_state_only_while_the_guide_is_open(in_capsule: Wizard, wizard: Wizard) -> None:
    assert "<svg" in json.dumps(in_capsule.state)
    assert len(json.dumps(in_capsule.state)) < 60_000
    assert "<svg" not in json.dumps(wizard.state)


def test_what_was_not_written_is_not_said_to_be(in_capsule: Wizard, demo: DemoServer, home: Path) -> None:
    demo.stop()
    send(in_capsule, action="activate")
    state = wait_until(in_capsule, lambda state: not state["busy"] and state["focus"] == "account")
    assert "Written" not in state["say"]["text"]
    assert not (home / ".cloudvolume").exists()


# ------------------------------------------------------------------------------------------------ where this is


def options(state: dict[str, Any]) -> list[str]:
    step = next(step for step in state["steps"] if step["key"] == "environment")
    return [option["label"] for block in step["blocks"] if block["kind"] == "choice" for option in block["options"]]


def test_a_place_that_is_not_right_is_put_right_in_two_clicks_and_no_request(wizard: Wizard, demo: DemoServer) -> None:
    asked = len(demo.requests.entries())
    send(wizard, action="place")
    state = wait_until(wizard, focused("environment"))
    assert options(state)[0] == "Your own computer"  # where we seem to be goes first
    for _ in range(2):  # a double click
        send(wizard, action="use-place", value="colab")
    state = wait_until(wizard, focused("account"))
    assert state["steps"][0]["title"] == "Google Colab"
    assert state["steps"][4]["title"] == "Keep as a secret"
    assert len(demo.requests.entries()) == asked


def test_a_home_folder_that_does_not_last_is_said_in_one_click(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="use-place", home=False)
    state = wait_until(wizard, lambda state: state["steps"][4]["title"] == "Save for this session")
    send(wizard, action="paste", secret=ada(demo))
    state = wait_until(wizard, focused("ready"))
    assert state["steps"][4]["title"] == "Saved until this session ends"


@pytest.mark.parametrize(
    "message", [{"value": 1}, {"value": True}, {"value": "x"}, {"value": ["colab"]}, {"home": 1}, {}]
)
def test_what_is_no_answer_to_where_this_is_changes_nothing(wizard: Wizard, message: dict[str, Any]) -> None:
    send(wizard, action="use-place", **message)
    send(wizard, action="place")
    state = wait_until(wizard, focused("environment"))
    assert state["steps"][0]["title"] == "Your own computer"


@pytest.mark.parametrize(
    ("app", "says"),
    [("JupyterLab", "· JupyterLab ·"), ("Jupyter Notebook", "· Jupyter Notebook ·"), ("VS Code", "· VS Code ·")],
)
def test_the_page_says_what_draws_the_notebook(wizard: Wizard, app: str, says: str) -> None:
    send(wizard, action="hello", app=app, base="", near=True)
    wait_until(wizard, lambda state: says in state["steps"][0]["summary"])


def test_a_page_of_another_name_says_nothing(wizard: Wizard) -> None:
    send(wizard, action="hello", app="<b>Something</b>", base="", near=True)
    send(wizard, action="place")
    assert "Something" not in json.dumps(wait_until(wizard, focused("environment")))


def test_the_place_can_be_said_when_the_wizard_is_made(demo: DemoServer) -> None:
    made = cave_setup.wizard(demo.address, environment="jupyterhub")
    assert wait_until(made, lambda state: not state["busy"])["steps"][0]["title"] == "JupyterHub"
    made.close()


# -------------------------------------------------------------------------------------------- server and datastack


def names(state: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["note"] for row in state["where"]["datastacks"]["rows"]}


def test_the_servers_datastacks_are_listed_and_one_is_used_with_a_click(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", secret=ada(demo))
    wait_until(wizard, focused("ready"))
    assert names(wizard.state) == {}
    send(wizard, action="datastacks")
    state = wait_until(wizard, lambda state: bool(names(state)))
    assert names(state) == dict.fromkeys(["minnie65_public", "open_sandbox", "second_public"], "open to you")
    assert state["say"]["text"] == state["where"]["datastacks"]["note"] == "3 datastacks, 3 open to you"
    [row] = [row for row in state["where"]["datastacks"]["rows"] if row["name"] == "second_public"]
    send(wizard, **row["message"])
    state = wait_until(wizard, lambda state: state["where"]["moved"] == 1 and focused("ready")(state))
    assert state["where"]["text"].startswith("second_public on")
    assert [row["name"] for row in state["where"]["datastacks"]["rows"] if row["chosen"]] == ["second_public"]
    assert ada(demo) not in json.dumps(state)


@pytest.fixture
def at_home(wizard: Wizard, demo: DemoServer) -> Wizard:
    """The wizard when all is ready, with nothing asked since."""
    send(wizard, action="paste", secret=ada(demo))
    wait_until(wizard, focused("ready"))
    demo.requests.clear()
    return wizard


def lists(demo: DemoServer) -> int:
    return [entry.path for entry in demo.requests.entries()].count("/info/api/v2/datastacks")


def test_a_list_that_hangs_holds_up_nothing_and_is_asked_for_once(at_home: Wizard, demo: DemoServer) -> None:
    demo.weather.set("hang", "/info/api/v2/datastacks")
    for _ in range(3):  # opened, closed, opened …
        send(at_home, action="datastacks")
        wait_until(at_home, lambda state: bool(state["where"]["datastacks"]["waiting"]))
    send(at_home, action="server", server=demo.address, datastack="second_public")
    state = wait_until(at_home, lambda state: focused("ready")(state) and "second_public" in state["where"]["text"], 5)
    assert state["where"]["datastacks"]["waiting"]  # for the list that is still to come
    assert lists(demo) == 1
    assert [thread.name for thread in threading.enumerate()].count("cave-setup-lists") == 1


def test_a_list_for_another_server_is_dropped(at_home: Wizard, demo: DemoServer, elsewhere: Listener) -> None:
    demo.weather.set("latency", "/info/api/v2/datastacks", seconds=1.0)
    send(at_home, action="datastacks")
    wait_until(at_home, lambda state: bool(state["where"]["datastacks"]["waiting"]))
    send(at_home, action="server", server=elsewhere.address, datastack="x")
    state = wait_until(at_home, lambda state: state["where"]["moved"] == 1 and not state["busy"])
    assert not state["where"]["datastacks"]["waiting"]
    deadline = time.monotonic() + 15
    while any(thread.name == "cave-setup-lists" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    send(at_home, action="ask-first", on=True)
    assert names(wait_until(at_home, lambda state: state["askFirst"]["on"])) == {}


def test_a_list_is_kept_until_something_has_changed(at_home: Wizard, demo: DemoServer) -> None:
    def opened() -> None:
        send(at_home, action="datastacks")
        send(at_home, action="ask-first", on=not at_home.state["askFirst"]["on"])
        wait_until(at_home, lambda state: len(names(state)) == 3 and not state["where"]["datastacks"]["waiting"])

    opened()
    for _ in range(3):
        opened()
    send(at_home, action="server", server=demo.address, datastack="second_public")
    wait_until(at_home, lambda state: focused("ready")(state) and "second_public" in state["where"]["text"])
    opened()
    assert lists(demo) == 1
    send(at_home, action="check")
    opened()
    wait_until(at_home, lambda _state: lists(demo) == 2)


def test_a_mistake_in_listing_is_told(at_home: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_home._setup, "datastacks_later", lambda: lambda: 1 // 0)
    send(at_home, action="datastacks")
    wait_until(at_home, lambda state: "ZeroDivisionError" in state["alert"])


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [("fish1_full", "Use fish1_full on global.brain-wire"), ("", ""), ("min", ""), (None, ""), ("second_public", "")],
)
def test_a_deployment_that_is_picked_takes_a_typed_datastack_along_that_is_known(
    wizard: Wizard, monkeypatch: pytest.MonkeyPatch, typed: object, leads_to: str
) -> None:
    used: list[tuple[str, str]] = []
    monkeypatch.setattr(wizard._setup, "use_server", lambda *both: used.append(both))
    for row in wizard.state["where"]["servers"]["rows"][1:]:
        send(wizard, **row["message"], typed=typed)
    send(wizard, action="ask-first", on=True)
    wait_until(wizard, lambda state: state["askFirst"]["on"])
    v1dd, h01 = "https://global.em.brain.allentech.org", "https://global.brain-wire-test.org"
    assert used == ([(h01, "fish1_full")] if leads_to else [(v1dd, "v1dd_public"), (h01, "h01_c3_flat")])


def test_a_part_of_one_name_is_asked_about_and_what_was_typed_can_be_used(at_home: Wizard) -> None:
    send(at_home, action="datastacks")
    wait_until(at_home, lambda state: bool(names(state)))
    send(at_home, action="server", server=at_home.state["where"]["server"], datastack="second")
    state = wait_until(at_home, lambda state: bool(state["where"]["instead"]))
    assert "Did you mean second_public?" in state["where"]["error"]
    assert [item["message"]["datastack"] for item in state["where"]["instead"]] == ["second_public", "second"]


def test_without_an_account_nothing_is_asked(wizard: Wizard, demo: DemoServer) -> None:
    demo.requests.clear()
    send(wizard, action="datastacks")
    send(wizard, action="ask-first", on=True)
    state = wait_until(wizard, lambda state: state["askFirst"]["on"])
    assert demo.requests.entries() == []
    assert state["where"]["datastacks"]["note"].startswith("Once you have signed in")


def test_a_list_that_could_not_be_had_says_why_and_ends_nothing(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", secret=ada(demo))
    before = wait_until(wizard, focused("ready"))
    demo.weather.set("error-500", "/info/api/v2/datastacks")
    send(wizard, action="datastacks")
    state = wait_until(wizard, lambda state: "is in trouble" in state["where"]["datastacks"]["note"])
    assert (state["steps"], state["where"]["error"]) == (before["steps"], "")
    demo.weather.clear()
    send(wizard, action="datastacks")
    wait_until(wizard, lambda state: state["where"]["datastacks"]["note"].startswith("3 datastacks"))


def test_another_token_or_server_has_another_list(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", secret=ada(demo))
    wait_until(wizard, focused("ready"))
    send(wizard, action="datastacks")
    wait_until(wizard, lambda state: bool(names(state)))
    user = demo.world.user_by_email("grace@example.org")
    assert user
    send(wizard, action="paste", secret=demo.world.make_key(user, "laptop").text)
    wait_until(wizard, lambda state: focused("terms")(state) and not names(state))
    send(wizard, action="datastacks")
    state = wait_until(wizard, lambda state: bool(names(state)))
    assert names(state)["second_public"] == "terms not accepted yet: Second Public"
    send(wizard, action="server", server="http://127.0.0.1:9", datastack="x")
    wait_until(wizard, lambda state: state["where"]["moved"] == 1 and not names(state))


def test_a_likely_mistake_is_asked_about_before_anything_is_sent(wizard: Wizard) -> None:
    send(wizard, action="server", server="global.daf-api.com", datastack="minnie65_public")
    state = wait_until(wizard, lambda state: bool(state["where"]["instead"]))
    assert "Did you mean global.daf-apis.com?" in state["where"]["error"]
    assert state["where"]["server"] == wizard._setup.server_address.url != "https://global.daf-api.com"
    use, typed = (item["message"] for item in state["where"]["instead"])
    assert (use["server"], typed["server"], typed["sure"]) == (
        "https://global.daf-apis.com",
        "https://global.daf-api.com",
        True,
    )
    send(wizard, action="datastacks")  # the form is opened anew
    wait_until(wizard, lambda state: not state["where"]["instead"] and not state["where"]["error"])


def test_what_is_typed_all_the_same_is_used(wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr(wizard._setup, "use_server", lambda server, datastack: used.append(server))
    send(wizard, action="server", server="https://global.daf-api.com", datastack="x", sure=True)
    wait_until(wizard, lambda state: state["where"]["moved"] == 1)
    assert used == ["https://global.daf-api.com"]


def test_a_datastack_typed_as_a_server_is_offered_where_it_is(wizard: Wizard) -> None:
    send(wizard, action="server", server="v1dd_public", datastack="minnie65_public")
    state = wait_until(wizard, lambda state: bool(state["where"]["instead"]))
    assert "looks like the name of a datastack" in state["where"]["error"]
    [only] = state["where"]["instead"]
    assert only["label"] == "Use v1dd_public on global.em.brain.allentech.org"
