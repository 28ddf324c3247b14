"""A whole check over real sockets: what is asked, how long it takes, and what the person is told when it fails."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from cave_setup import observe
from cave_setup.demo import DemoServer
from cave_setup.errors import ServerError
from integration import listeners
from integration.conftest import SECRET, assert_shape, authorized, cave_routes
from integration.listeners import by_path, says

if TYPE_CHECKING:
    from cave_setup import Setup
    from integration.conftest import Listen, SetUp
    from integration.listeners import Behaviour

CACHE = "/auth/api/v1/user/cache"
KEYS = "/auth/api/v1/user/token"
RECORD = "/info/api/v2/datastack/full/minnie65_public"
VERSIONS = "/materialize/api/v3/datastack/minnie65_public/versions"


def asked(demo: DemoServer) -> list[str]:
    """Paths of all requests, those of the first round sorted, since they are made at the same time."""
    paths = [entry.path for entry in demo.requests.entries()]
    return sorted(paths[:3]) + sorted(paths[3:])


def working() -> list[threading.Thread]:
    """Threads that a check started and that still run."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("cave-setup-")]


def shorten_waits(setup: Setup, seconds: float) -> None:
    """Let requests time out as early as a test can afford."""
    setup.server._exchange._timeout = (seconds, seconds)


# ---------------------------------------------------------------------------------------------- which requests


def test_a_lasting_key_costs_four_requests(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    set_up(demo.address).use_token(ada)
    assert asked(demo) == [CACHE, KEYS, RECORD, VERSIONS]
    assert [entry.listener for entry in demo.requests.entries()] == ["main", "main", "main", "data"]
    assert all(entry.method == "GET" for entry in demo.requests.entries())
    assert all(entry.authorization for entry in demo.requests.entries())


def test_only_an_unlisted_token_is_asked_how_long_it_lives(demo: DemoServer, set_up: SetUp) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    text = demo.world.sign_in(user).text
    set_up(demo.address).use_token(text)
    assert asked(demo) == [CACHE, KEYS, RECORD, f"{KEYS}/····{text[-4:]}/ttl", VERSIONS]


def test_without_a_token_only_the_version_is_asked_for(demo: DemoServer, set_up: SetUp) -> None:
    status = set_up(demo.address).check()
    assert [(entry.path, entry.authorization) for entry in demo.requests.entries()] == [("/auth/version", False)]
    assert status.step("account").state == "current"


@pytest.mark.parametrize("who", ["refused", "terms open"])
def test_nothing_is_asked_that_cannot_be_answered(demo: DemoServer, grace: str, set_up: SetUp, who: str) -> None:
    set_up(demo.address).use_token(grace if who == "terms open" else SECRET.reveal())
    assert asked(demo) == [CACHE, KEYS, RECORD]


def test_the_chosen_datastack_is_the_one_that_is_asked_for(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    set_up(demo.address, "second_public").use_token(ada)
    assert asked(demo)[2:] == [
        "/info/api/v2/datastack/full/second_public",
        "/materialize/api/v3/datastack/second_public/versions",
    ]


# ---------------------------------------------------------------------------------------------------- how long


def test_a_check_costs_two_waits_for_the_network(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    latency = 0.3
    setup = set_up(demo.address)
    setup.use_token(ada)
    demo.weather.set("latency", seconds=latency)

    def once() -> float:
        began = time.monotonic()
        assert setup.check().step("account").state == "done"
        return time.monotonic() - began

    # The quickest of some: a busy computer adds waits of its own, never takes any away.
    quickest = once()
    for _ in range(9):
        if quickest >= 3 * latency:
            quickest = min(quickest, once())
    assert 2 * latency <= quickest < 3 * latency


def test_connections_are_used_again(listen: Listen, set_up: SetUp) -> None:
    routes: dict[str, Behaviour] = {}
    there = listen(by_path(routes))
    routes.update(cave_routes(there.address))
    setup = set_up(there.address)
    assert setup.use_token(SECRET.reveal()).step("account").state == "done"
    after_first = there.accepted
    setup.check()
    setup.check()
    assert len(there.requests) == 12
    assert after_first <= there.accepted <= 4


def test_a_server_that_was_restarted_in_between_is_no_fault(set_up: SetUp) -> None:
    seed = {
        "users": [
            {"email": "a@example.org", "accepted_terms": [2, 3], "api_keys": [{"token": SECRET.reveal()}]},
        ]
    }
    with DemoServer(seed) as demo:
        setup = set_up(demo.address)
        assert setup.use_token(SECRET.reveal()).step("ready").summary.startswith("minnie65_public: 12")
        ports = [int(address.rsplit(":", 1)[1]) for address in (demo.address, demo.data_address)]
    with DemoServer(seed, port=ports[0], data_port=ports[1]):
        status = setup.check()
    assert status.step("ready").summary.startswith("minnie65_public: 12")


# ----------------------------------------------------------------------------------------- a server that is silent


def test_a_server_that_hangs_costs_a_bounded_time_and_leaves_a_way_on(
    demo: DemoServer, ada: str, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "CHECK_SECONDS", 0.8)
    demo.weather.set("hang")
    setup = set_up(demo.address)
    began = time.monotonic()
    status = setup.use_token(ada)
    assert time.monotonic() - began < 6.0
    assert_shape(status.as_dict())
    step = status.step("account")
    assert (step.state, step.need) == ("problem", "retry")
    assert "did not answer in time" in step.summary
    assert "Nothing is known to be wrong with your token" in (step.remedy or "")
    demo.weather.clear()
    assert setup.check().step("account").state == "done"


SLOW: dict[str, Behaviour] = {
    "silent": listeners.hangs,
    "a byte of the body at a time": listeners.drips_the_body,
    "a byte of the head at a time": listeners.drips_the_head,
}


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW)
def test_no_thread_piles_up_behind_a_slow_server(
    listen: Listen, set_up: SetUp, monkeypatch: pytest.MonkeyPatch, behave: Behaviour
) -> None:
    monkeypatch.setattr(observe, "CHECK_SECONDS", 0.2)
    before = set(working())
    setup = set_up(listen(behave).address)
    shorten_waits(setup, 0.3)
    for _ in range(3):
        setup.use_token(SECRET.reveal())
    deadline = time.monotonic() + 15
    while set(working()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert set(working()) - before == set()


def test_an_info_service_that_hangs_does_not_hide_who_you_are(
    demo: DemoServer, ada: str, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "CHECK_SECONDS", 3.0)
    demo.weather.set("hang", "/info")
    status = set_up(demo.address).use_token(ada)
    states = {step.key: step.state for step in status.steps}
    assert states["account"] == states["token"] == "done"
    assert states["terms"] == "problem"
    assert "did not answer in time" in status.step("terms").summary
    assert not status.ready


def test_a_data_server_that_hangs_is_the_one_that_is_named(
    demo: DemoServer, ada: str, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "CHECK_SECONDS", 3.0)
    demo.weather.set("hang", "/materialize")
    status = set_up(demo.address).use_token(ada)
    assert status.step("ready").state == "problem"
    assert demo.data_address.removeprefix("http://") in status.step("ready").summary


# --------------------------------------------------------------------------------------------- bad weather, in words

WEATHER: dict[str, str] = {
    "error-500": "is in trouble (it answered 500)",
    "error-502": "is in trouble (it answered 502)",
    "captive-portal": "A web page came back where",
    "captive-redirect": "sent the request on to another page (login.guest-network.example)",
    "truncated": "answered in a way that this version does not understand (200, cut off or no JSON)",
    "reset": "was found, but it refused or cut the connection",
}


@pytest.mark.parametrize(("kind", "words"), WEATHER.items(), ids=WEATHER)
def test_bad_weather_is_a_problem_with_a_remedy_and_never_a_refused_token(
    demo: DemoServer, ada: str, set_up: SetUp, kind: str, words: str
) -> None:
    demo.weather.set(kind)
    setup = set_up(demo.address)
    status = setup.use_token(ada)
    assert_shape(status.as_dict())
    assert status.step("account").state == "problem"
    assert words in status.step("account").summary
    assert status.step("account").remedy
    assert all("does not know the token" not in step.summary for step in status.steps)
    assert status.token is not None
    assert (status.token.kind, status.token.masked) == ("unknown", f"····{ada[-4:]}")
    assert status.account is None
    assert not status.ready
    demo.weather.clear()
    assert setup.check().step("account").state == "done"


@pytest.mark.parametrize("kind", WEATHER)
def test_bad_weather_without_a_token_is_told_before_anybody_signs_in(
    demo: DemoServer, set_up: SetUp, kind: str
) -> None:
    demo.weather.set(kind)
    status = set_up(demo.address).check()
    # A half of the version's text is still the version's text, not JSON.
    expected = "current" if kind == "truncated" else "problem"
    assert status.step("account").state == expected
    assert status.token is None
    assert_shape(status.as_dict())


@pytest.mark.parametrize("kind", WEATHER)
def test_bad_weather_at_the_data_server_alone_is_told_in_the_last_step(
    demo: DemoServer, ada: str, set_up: SetUp, kind: str
) -> None:
    demo.weather.set(kind, "/materialize")
    status = set_up(demo.address).use_token(ada)
    states = {step.key: step.state for step in status.steps}
    assert states["account"] == states["terms"] == states["token"] == "done"
    assert states["ready"] == "problem"
    assert demo.data_address.removeprefix("http://") in status.step("ready").summary


def test_an_auth_server_that_services_cannot_reach_does_not_look_like_a_bad_token(
    demo: DemoServer, ada: str, set_up: SetUp
) -> None:
    # The services answer 500 then (WIRE section 8); the account itself may be answered a moment later.
    demo.weather.set("error-502", "/auth")
    status = set_up(demo.address).use_token(ada)
    assert isinstance(status.facts.server.account, ServerError)
    assert isinstance(status.facts.server.access, ServerError)
    assert all("does not know the token" not in step.summary for step in status.steps)


def test_an_answer_nobody_thought_of_does_not_cost_the_whole_wait(
    listen: Listen, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "CHECK_SECONDS", 30.0)
    setup = set_up(listen(listeners.redirects("http://[no-address/")).address)
    began = time.monotonic()
    status = setup.use_token(SECRET.reveal())
    assert time.monotonic() - began < 10.0
    assert "sent the request on" in status.step("account").summary


def test_an_account_without_a_list_of_terms_does_not_count_as_one_that_accepted_all(
    listen: Listen, set_up: SetUp
) -> None:
    refusal = {"error": "missing_tos", "message": "…", "data": {"tos_id": 2, "tos_name": "MICrONS Public"}}
    routes: dict[str, Behaviour] = {
        **cave_routes(None),
        CACHE: says({"id": 7, "name": "Ada", "email": "ada@example.org", "missing_tos": "unknown"}),
        "/info/api/v2/datastack/full/": says(refusal, "403 FORBIDDEN"),
    }
    status = set_up(listen(by_path(routes)).address).use_token(SECRET.reveal())
    assert status.step("terms").state != "done"
    assert not status.ready


def test_a_refused_token_is_asked_about_three_times_and_shown_to_nobody_else(demo: DemoServer, set_up: SetUp) -> None:
    status = set_up(demo.address).use_token(SECRET.reveal())
    assert "does not know the token ····d0d8 (pasted)" in status.step("account").summary
    assert len(authorized(demo)) == 3
    assert status.account is None
