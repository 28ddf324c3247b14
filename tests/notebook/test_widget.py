"""The Python side of the wizard against a demo server: messages in, state out; no browser needed."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest

import cave_setup
from cave_setup.notebook import static, widget
from cave_setup.notebook.widget import Wizard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cave_setup.demo import DemoServer


@pytest.fixture
def wizard(demo: DemoServer, home: Path) -> Iterator[Wizard]:
    made = Wizard(demo.address)
    wait_until(made, lambda state: not state["busy"])
    yield made
    made.close()


def wait_until(wizard: Wizard, condition: Callable[[dict[str, Any]], bool], seconds: float = 10.0) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state: dict[str, Any] = wizard.state
        if condition(state):
            return state
        time.sleep(0.01)
    raise AssertionError(f"still: {json.dumps(wizard.state, indent=1)[:3000]}")


def send(wizard: Wizard, buffers: list[bytes] | None = None, **message: Any) -> None:
    """Send what the browser would send."""
    wizard._handle_custom_msg(message, [memoryview(one) for one in buffers or []])


def focused(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda state: state["focus"] == key and not state["busy"]


def ada(demo: DemoServer) -> str:
    return demo.world.key_of("ada@example.org")


def test_a_pasted_token_is_saved_by_itself(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", text=f"Bearer {ada(demo)}")
    assert wait_until(wizard, focused("ready"))["pill"]["text"] == "Ready"


def test_the_token_is_in_no_state_message_or_repr(wizard: Wizard, demo: DemoServer) -> None:
    token = ada(demo)
    seen: list[str] = []
    wizard.observe(lambda change: seen.append(json.dumps(change["new"])), "state")
    send(wizard, action="ask-first", on=True)
    send(wizard, action="paste", text=token)
    wait_until(wizard, focused("save"))
    send(wizard, action="save")
    wait_until(wizard, focused("ready"))
    assert len(seen) > 3
    assert token not in "".join(seen) + repr(wizard) + repr(wizard.get_state()) + repr(vars(wizard))


def test_a_downloaded_file_is_taken_in_any_encoding(wizard: Wizard, demo: DemoServer) -> None:
    content = json.dumps({"token": ada(demo), "description": "laptop"})
    send(wizard, [content.encode("utf-16")], action="file")
    wait_until(wizard, focused("ready"))


def test_a_file_that_is_no_text_is_answered(wizard: Wizard) -> None:
    send(wizard, [b"\xff\xfe\x00\xd8\x00"], action="file")
    state = wait_until(wizard, lambda state: "not text" in json.dumps(state))
    assert state["focus"] == "account"


def test_a_wrong_paste_of_another_token_is_answered_where_it_was_pasted(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", text=ada(demo))
    wait_until(wizard, focused("ready"))
    send(wizard, action="another")
    wait_until(wizard, focused("account"))
    send(wizard, action="paste", text="mia@example.org")
    state = wait_until(wizard, lambda state: "e-mail address" in json.dumps(state["steps"][1]))
    assert state["focus"] == "account"
    demo.requests.clear()
    send(wizard, action="back")
    wait_until(wizard, focused("ready"))
    assert demo.requests.entries() == []


def test_several_tokens_are_chosen_by_number(wizard: Wizard, demo: DemoServer) -> None:
    send(wizard, action="paste", text=json.dumps([{"token": "1" * 32}, {"token": ada(demo)}]))
    wait_until(wizard, lambda state: '"choice"' in json.dumps(state))
    send(wizard, action="pick", index=1)
    wait_until(wizard, focused("ready"))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"action": "nothing"},
        {"action": ["paste"]},
        {"action": "pick"},
        {"action": "pick", "index": 99},
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
    monkeypatch.setattr(widget, "TERMS_FIRST_WAIT", 0.05)
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    send(wizard, action="paste", text=demo.world.make_key(grace, "laptop").text)
    wait_until(wizard, focused("terms"))
    send(wizard, action="opened", what="terms")
    wait_until(wizard, lambda state: '"waiting"' in json.dumps(state["steps"][2]["blocks"]))
    demo.requests.clear()
    demo.world.accept(grace, 2)
    wait_until(wizard, focused("ready"))
    waited = [entry.path for entry in demo.requests.entries()]
    assert waited[0].endswith("/user/missing")


def test_waiting_for_terms_asks_ever_more_rarely_and_gives_up(
    wizard: Wizard, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"TERMS_FIRST_WAIT": 0.02, "TERMS_LONGEST_WAIT": 0.05, "TERMS_GIVE_UP": 0.4}.items():
        monkeypatch.setattr(widget, name, seconds)
    grace = demo.world.user_by_email("grace@example.org")
    assert grace
    send(wizard, action="paste", text=demo.world.make_key(grace, "laptop").text)
    wait_until(wizard, focused("terms"))
    demo.requests.clear()
    send(wizard, action="opened", what="terms")
    wait_until(wizard, lambda state: "I have accepted them" in json.dumps(state))
    asked = [entry.path for entry in demo.requests.entries()]
    assert {path.rsplit("/", 1)[-1] for path in asked} == {"missing"}
    assert len(asked) < 15


def test_a_hung_server_never_blocks_the_kernel(wizard: Wizard, demo: DemoServer) -> None:
    demo.weather.set("hang")
    began = time.monotonic()
    send(wizard, action="check")
    send(wizard, action="check")
    assert time.monotonic() - began < 0.25


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


def test_a_front_end_without_widgets_shows_a_sentence(wizard: Wizard) -> None:
    bundle = wizard._bundle()
    assert "run the cell in JupyterLab" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_bad_address_is_refused_with_a_sentence() -> None:
    with pytest.raises(cave_setup.SetupError, match="name of a datastack"):
        cave_setup.wizard("minnie65_public")


class Display:
    """Stands in for IPython's display handle and keeps what is shown."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []

    def update(self, bundle: dict[str, Any], *, raw: bool) -> None:
        self.shown.append(bundle)


@pytest.fixture
def display(wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> Display:
    made = Display()
    monkeypatch.setattr(widget, "display", lambda *_args, **_options: made)
    monkeypatch.setattr(widget, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    return made


def test_where_no_front_end_answers_guidance_takes_the_place_of_an_empty_box(
    wizard: Wizard, display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget, "HELLO_SECONDS", 0.05)
    wizard._ipython_display_()
    wait_until(wizard, lambda _state: bool(display.shown))
    assert "anywidget" in display.shown[0]["text/html"]
    send(wizard, action="hello")  # it was only late: a cell kept the kernel busy
    wait_until(wizard, lambda _state: len(display.shown) == 2)
    assert "application/vnd.jupyter.widget-view+json" in display.shown[1]


def test_where_a_front_end_answers_nothing_is_replaced(
    wizard: Wizard, display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget, "HELLO_SECONDS", 0.2)
    wizard._ipython_display_()
    send(wizard, action="hello")
    time.sleep(0.4)
    assert display.shown == []


def test_done_leaves_a_summary_that_needs_no_kernel(wizard: Wizard, display: Display, demo: DemoServer) -> None:
    wizard._ipython_display_()
    send(wizard, action="hello")
    send(wizard, action="paste", text=ada(demo))
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


def test_names_from_the_server_stay_text_in_the_summary(demo: DemoServer, home: Path) -> None:
    user = demo.world.add_user("eve@example.org", "<img src=x onerror=alert(1)>")
    setup = cave_setup.Setup(demo.address, "open_sandbox")
    status = setup.use_token(demo.world.make_key(user, "'\"><script>").text)
    html = static.summary(status)["text/html"]
    assert "<img" not in html
    assert "&lt;img src=x" in html
