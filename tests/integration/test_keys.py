"""Lasting keys: from a sign-in to a key, which keys there are, revoking, replacing; whatever fails, a key works."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cave_setup import Setup, keys, words
from cave_setup.environment import computer_name
from cave_setup.errors import (
    FolderNotWritable,
    NoTokenToActWith,
    OwnKey,
    RotationStopped,
    ServerError,
    SetupError,
    SignInRefused,
    StoreError,
    UnknownKey,
)
from cave_setup.exchange import READ_SECONDS
from cave_setup.models import DEMO_HOME_MARK, Environment, ServerAddress, Token
from cave_setup.token_store import TokenStore
from integration.conftest import LAPTOP, SECRET, assert_shape, authorized, read_secrets, write_secret
from integration.test_no_leak import shown
from integration.test_setup import files_of, host, sign_in, states

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup import Status
    from cave_setup.demo import DemoServer
    from cave_setup.demo.world import Token as WorldToken
    from cave_setup.demo.world import User
    from integration.conftest import Connect, SetUp

KEYS = "/auth/api/v1/user/token"
CACHE = "/auth/api/v1/user/cache"
LOGOUT = "/auth/api/v1/logout"
HERE = computer_name(LAPTOP)  # how this computer is called in the list of keys
ADA = "ada@example.org"


def person(demo: DemoServer, email: str = ADA) -> User:
    user = demo.world.user_by_email(email)
    assert user is not None
    return user


def described(demo: DemoServer, email: str = ADA) -> list[str | None]:
    """How the keys of a person are called, newest first."""
    return [key.description for key, _token in demo.world.keys_of(person(demo, email))]


def alive(demo: DemoServer, text: str) -> bool:
    return demo.world.token(text) is not None


def unlisted(demo: DemoServer) -> list[str]:
    """Keys that work for ever and stand in no list: what failed requests leave behind."""
    every = list(demo.world._tokens.values())
    return [token.text for token in every if token.key is None and token.expires is None]


def sign_ins(demo: DemoServer) -> list[str]:
    return [token.text for token in list(demo.world._tokens.values()) if token.expires is not None]


def asked(demo: DemoServer) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in demo.requests.entries()]


def problem_of(status: Status) -> tuple[str, Any]:
    """The one step that is a problem because of what was just done, with its error; it is shown with a remedy."""
    assert_shape(status.as_dict())
    ((key, error),) = status.facts.problems.items()
    step = status.step(key)
    assert step.state == "problem"
    assert step.summary == error.sentence
    assert step.remedy == error.remedy
    assert step.remedy
    assert step.need
    return key, error


def impatient(setup: Setup, connect: Connect) -> Setup:
    """Make the waits for a server that hangs as short as a test can afford."""
    setup._server = connect(setup.server_address.url, (2.0, 0.8))
    return setup


# ---------------------------------------------------------------------------------------------- from sign-in to key


def test_a_sign_in_becomes_a_key_of_this_computer_and_ends(demo: DemoServer, set_up: SetUp) -> None:
    text = sign_in(demo, "grace@example.org")
    status = set_up(demo.address).signed_in(Token(text))
    assert states(status) == {
        "environment": "done",
        "account": "done",
        "terms": "current",
        "token": "done",
        "save": "waiting",
        "ready": "waiting",
    }
    assert status.step("save").need == "save"
    assert described(demo, "grace@example.org") == [HERE]
    assert not alive(demo, text)
    key = demo.world.key_of("grace@example.org")
    assert status.step("token").summary == f"key “{HERE}” ····{key[-4:]}, no expiry"
    assert status.step("token").notes == ("The sign-in itself has been ended again; only the key remains.",)
    assert status.as_dict()["token"]["kind"] == "api-key"


def test_the_key_is_verified_with_the_key_itself(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    demo.requests.clear()
    setup.signed_in(Token(sign_in(demo)))
    assert asked(demo)[:2] == [f"GET {KEYS}", f"POST {KEYS}"]
    assert f"GET {CACHE}" in asked(demo)[2:-1]
    assert f"GET {KEYS}" in asked(demo)[2:-1]
    assert asked(demo)[-1] == f"GET {LOGOUT}"
    key = next(entry for entry, _token in demo.world.keys_of(person(demo)) if entry.description == HERE)
    assert key.last_used is not None


def test_the_next_sign_in_uses_the_same_key(demo: DemoServer, set_up: SetUp, secrets: Path) -> None:
    first = set_up(demo.address)
    first.signed_in(Token(sign_in(demo)))
    assert first.save().ready
    key = demo.world.key_of(ADA)
    for _ in range(2):
        text = sign_in(demo)
        status = set_up(demo.address).signed_in(Token(text))
        assert status.ready
        assert not alive(demo, text)
    assert described(demo) == [HERE, "Ada's laptop"]
    assert set(read_secrets(secrets).values()) == {key}


def test_of_several_keys_of_this_computer_the_newest_is_used(demo: DemoServer, set_up: SetUp) -> None:
    for _ in range(3):
        demo.world.make_key(person(demo), HERE)
    status = set_up(demo.address).signed_in(Token(sign_in(demo)))
    assert f"····{demo.world.key_of(ADA)[-4:]}" in status.step("token").summary
    assert len(described(demo)) == 4


def test_two_computers_have_a_key_each(demo: DemoServer, set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(demo.address).signed_in(Token(sign_in(demo)))
    capsule = Environment("code-ocean", "Code Ocean capsule", "Linux", home_persists=False, variables_first=True)
    set_up(demo.address, None, capsule).signed_in(Token(sign_in(demo)))
    assert described(demo) == ["Code Ocean capsule", HERE, "Ada's laptop"]
    monkeypatch.setenv("LOGNAME", "somebody-else")  # where Python looks first for the name of a user
    set_up(demo.address).signed_in(Token(sign_in(demo)))
    assert len(described(demo)) == 4
    assert (described(demo)[0] or "").startswith("somebody-else")


DESCRIPTIONS = {
    "120 characters": "x" * 120,
    "121 characters": "x" * 121,
    "a thousand characters": "word " * 200,
    "cut at a space": "x" * 119 + " y",
    "a NUL": "lab\0top",
    "a line break": "lab\ntop",
    "space around it": "  laptop\t",
    "emoji": "laptop 🔬🧠",
    "emoji of several": "👩‍🔬's laptop",
    "121 emoji": "🧠" * 121,
    "a colour for terminals": "\x1b[31mlaptop",
    "no width": "lap\u200btop",
    "half a character": "laptop\udcff",
    "markup": "<b>laptop</b> & “co”",
    "a number": "5",
    "right to left": "\u202eפוטפל",
    "odd spaces": "lab\u00a0top\u2003",
    "only what does not show": "\u200b\0",
    "nothing": "",
    "spaces": "   ",
}


@pytest.mark.parametrize("description", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_whatever_a_key_is_called_it_is_made_once_and_found_again(
    demo: DemoServer, set_up: SetUp, description: str
) -> None:
    setup = set_up(demo.address)
    for _ in range(2):  # the second time there is one of this description
        setup.use_token(sign_in(demo))
        status = setup.make_token(description)
        assert states(status)["token"] == "done"
    assert len(described(demo)) == 2
    assert unlisted(demo) == []
    assert sign_ins(demo) == []
    stored = described(demo)[0]
    assert stored
    assert len(stored) <= 120
    assert stored == (" ".join(stored.split())) != ""
    assert stored.isprintable()


def test_without_a_name_a_key_is_called_after_this_computer(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(sign_in(demo))
    setup.make_token()
    assert described(demo)[0] == HERE


# ------------------------------------------------------------------------------------------- when something fails

BREAKS = ("reset", "error-500", "hang", "truncated", "captive-portal", "captive-redirect", "error-502")
SAYS_NOTHING_OF_A_TOKEN = re.compile(r"(?i)does not know|refused it|bad token|invalid|expired|deleted|no token")


@dataclass
class Journey:
    """A sign-in that becomes a key, up to the request that fails."""

    prefix: str
    before: int = 0  # requests to such paths that go well first
    reached: set[str] = field(default_factory=lambda: {"logout"})


# GET the keys, POST one; then, at once, GET the account and the keys; then GET the end of the sign-in.
STATIONS = {
    "list of keys": Journey(KEYS),
    "new key": Journey(KEYS, 1),
}


def fail_after(demo: DemoServer, kind: str, prefix: str, before: int) -> None:
    """Let so many requests to these paths go well, and have the next one fail."""
    demo.weather.set(kind, prefix[:-1], requests=1)
    if before:
        demo.weather.set("latency", prefix, requests=before)  # of no time at all; the longer prefix counts first


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("station", STATIONS.values(), ids=STATIONS)
def test_a_sign_in_that_brings_no_key_is_ended_and_said_to_be_the_networks_fault(
    demo: DemoServer, set_up: SetUp, connect: Connect, secrets: Path, kind: str, station: Journey
) -> None:
    setup = impatient(set_up(demo.address), connect)
    text = sign_in(demo)
    fail_after(demo, kind, station.prefix, station.before)
    status = setup.signed_in(Token(text))
    assert demo.weather.rules() == []
    step, error = problem_of(status)
    assert step == "account"
    assert status.step("account").need == "sign-in"
    assert isinstance(error, ServerError)
    assert not SAYS_NOTHING_OF_A_TOKEN.search(error.sentence)
    assert not alive(demo, text)
    assert status.token is None
    assert read_secrets(secrets) == {}
    assert not status.ready
    assert unlisted(demo) == []
    # … and signing in once more is all that is needed, also where a key had been made whose text got lost.
    assert states(setup.signed_in(Token(sign_in(demo))))["token"] == "done"
    assert described(demo) == [HERE, "Ada's laptop"]


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("path", [CACHE, KEYS], ids=["account", "keys"])
def test_a_key_that_could_not_be_verified_is_kept_in_memory_and_not_saved(
    demo: DemoServer, set_up: SetUp, connect: Connect, secrets: Path, kind: str, path: str
) -> None:
    setup = impatient(set_up(demo.address), connect)
    text = sign_in(demo)
    fail_after(demo, kind, path, 2 if path == KEYS else 0)
    status = setup.signed_in(Token(text))
    assert demo.weather.rules() == []
    broken = status.step("token" if path == KEYS else "account")
    assert broken.state == "problem"
    assert broken.need == "retry"
    assert broken.remedy
    assert not SAYS_NOTHING_OF_A_TOKEN.search(broken.summary)
    assert states(status)["save"] in {"current", "waiting"}
    assert not alive(demo, text)
    status = setup.save()
    assert states(status)["save"] == "problem"
    assert read_secrets(secrets) == {}
    setup.check()
    assert setup.save().ready
    assert described(demo) == [HERE, "Ada's laptop"]


@pytest.mark.parametrize("kind", BREAKS)
def test_a_sign_in_that_cannot_be_ended_is_said_and_the_key_is_good(
    demo: DemoServer, set_up: SetUp, connect: Connect, kind: str
) -> None:
    setup = impatient(set_up(demo.address), connect)
    text = sign_in(demo)
    demo.weather.set(kind, LOGOUT, requests=1)
    status = setup.signed_in(Token(text))
    assert states(status)["token"] == "done"
    (report,) = status.step("token").notes
    assert report == "The sign-in itself could not be ended; it ends by itself within 7 days."
    assert setup.save().ready
    if kind != "truncated":  # then the server has heard of it
        assert alive(demo, text)


def test_the_end_of_a_sign_in_is_not_waited_for_where_the_server_hangs(
    demo: DemoServer, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A person has waited for the key by then; twice as long again nothing would be said to them.
    demo.weather.set("hang", "/auth/api/v1/logout")
    setup = set_up(demo.address)
    began = time.monotonic()
    assert keys.end_sign_in(setup.server, SECRET) == words.SIGN_IN_NOT_ENDED
    assert time.monotonic() - began < (keys.END_SECONDS + READ_SECONDS) / 2
    assert [entry.path for entry in demo.requests.entries()] == ["/auth/api/v1/logout"]


def test_that_the_keys_could_not_be_listed_is_no_word_against_the_token(
    demo: DemoServer, ada: str, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    demo.weather.set("truncated", "/auth/api/v1/user/token")
    setup.use_token(ada)
    status = setup.rotate()
    assert "answered in a way" in status.step("token").summary
    assert "accepts" not in str(status.as_dict()["steps"])


def test_where_the_server_has_gone_for_good_the_sign_in_is_a_problem_and_nothing_hangs(
    demo: DemoServer, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    setup.check()
    text = sign_in(demo)
    demo.weather.set("reset")
    began = time.monotonic()
    step, error = problem_of(setup.signed_in(Token(text)))
    assert time.monotonic() - began < 5
    assert (step, isinstance(error, ServerError)) == ("account", True)
    assert alive(demo, text)


def test_a_sign_in_token_that_the_server_does_not_know_is_refused_in_those_words(
    demo: DemoServer, set_up: SetUp, secrets: Path
) -> None:
    setup = set_up(demo.address)
    step, error = problem_of(setup.signed_in(SECRET))
    assert step == "account"
    assert isinstance(error, SignInRefused)
    assert "does not know the token" in error.sentence
    assert described(demo) == ["Ada's laptop"]
    assert read_secrets(secrets) == {}


def test_a_failed_sign_in_leaves_the_token_before_it_in_place(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    setup.save()
    demo.weather.set("error-500", KEYS, requests=1)
    step, _error = problem_of(setup.signed_in(Token(sign_in(demo))))
    assert step == "account"
    status = setup.check()
    assert status.ready
    assert status.as_dict()["token"]["masked"] == f"····{ada[-4:]}"


# ---------------------------------------------------------------------------------------- a sign-in token, pasted


def test_a_pasted_sign_in_token_is_no_key_until_one_is_asked_for(
    demo: DemoServer, set_up: SetUp, secrets: Path
) -> None:
    setup = set_up(demo.address)
    text = sign_in(demo)
    status = setup.use_token(text)
    assert status.step("token").need == "lasting-key"
    assert described(demo) == ["Ada's laptop"]
    assert alive(demo, text)
    assert states(setup.save())["save"] == "problem"
    assert read_secrets(secrets) == {}

    status = setup.make_token()
    assert states(status)["token"] == "done"
    assert status.step("token").notes == ("The sign-in itself has been ended again; only the key remains.",)
    assert described(demo) == [HERE, "Ada's laptop"]
    assert not alive(demo, text)
    assert setup.save().ready
    assert set(read_secrets(secrets).values()) == {demo.world.key_of(ADA)}


@pytest.mark.parametrize("how", ["a new key", "a key of the account", "one after the other"])
def test_a_key_takes_the_place_of_a_sign_in_token_that_was_saved_by_hand(
    demo: DemoServer, set_up: SetUp, secrets: Path, how: str
) -> None:
    text = sign_in(demo)
    for name in ("cave-secret.json", f"{host(demo)}-cave-secret.json"):
        write_secret(secrets, name, text)
    setup = set_up(demo.address)
    setup.check()
    if how != "a new key":
        status = setup.use_key(setup.tokens()[0].id)
    if how != "a key of the account":
        status = setup.make_token()
    assert alive(demo, text)  # caveclient reads it until the key is saved
    assert status.step("save").need == "save"  # nobody is asked whether to keep what dies in a week
    status = setup.save()
    assert status.ready
    assert status.step("token").notes == ("The sign-in itself has been ended again; only the key remains.",)
    assert not alive(demo, text)
    assert set(read_secrets(secrets).values()) == {setup.reveal()}
    demo.requests.clear()
    setup.save()
    assert "/auth/api/v1/logout" not in asked(demo)


def test_another_token_beside_the_sign_in_is_still_asked_about(demo: DemoServer, set_up: SetUp, secrets: Path) -> None:
    text, other = sign_in(demo), demo.world.key_of(ADA)
    default, own = "cave-secret.json", f"{host(demo)}-cave-secret.json"
    write_secret(secrets, own, text)
    write_secret(secrets, default, other)
    setup = set_up(demo.address)
    setup.check()
    status = setup.make_token()
    assert status.step("save").need == "replace"
    assert problem_of(setup.save())[0] == "save"
    assert read_secrets(secrets) == {own: text, default: other}
    assert alive(demo, text)


def test_looking_at_a_sign_in_first_makes_nothing_and_making_a_key_later_ends_it(
    demo: DemoServer, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    text = sign_in(demo)
    status = setup.signed_in(Token(text), make_key=False)
    assert states(status)["account"] == "done"
    assert status.as_dict()["token"]["kind"] == "sign-in"
    assert described(demo) == ["Ada's laptop"]
    assert alive(demo, text)
    setup.make_token("second laptop")
    assert described(demo) == ["second laptop", "Ada's laptop"]
    assert not alive(demo, text)


@pytest.mark.parametrize("kind", BREAKS)
def test_a_pasted_sign_in_token_that_brought_no_key_is_forgotten_once_it_is_ended(
    demo: DemoServer, set_up: SetUp, connect: Connect, kind: str
) -> None:
    setup = impatient(set_up(demo.address), connect)
    text = sign_in(demo)
    setup.use_token(text)
    fail_after(demo, kind, KEYS, 0)
    step, error = problem_of(setup.make_token())
    assert step == "account"
    assert isinstance(error, ServerError)
    assert not alive(demo, text)
    assert setup.check().token is None


def test_with_a_key_at_hand_another_one_can_be_made_and_both_go_on(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.make_token("for the cluster")
    assert states(status)["token"] == "done"
    assert status.step("token").notes == ()
    assert described(demo) == ["for the cluster", "Ada's laptop"]
    assert alive(demo, ada)


@pytest.mark.parametrize("kind", BREAKS)
def test_a_key_at_hand_is_kept_when_no_other_can_be_made(
    demo: DemoServer, ada: str, set_up: SetUp, connect: Connect, kind: str
) -> None:
    setup = impatient(set_up(demo.address), connect)
    setup.use_token(ada)
    fail_after(demo, kind, KEYS, 1)
    step, _error = problem_of(setup.make_token("for the cluster"))
    assert step == "token"
    assert alive(demo, ada)
    status = setup.check()
    assert states(status)["token"] == "done"
    assert status.as_dict()["token"]["masked"] == f"····{ada[-4:]}"


@pytest.mark.parametrize("failing", [1, None], ids=["then made", "not made either"])
def test_a_key_that_could_not_be_told_from_a_sign_in_is_neither_forgotten_nor_said_to_be_ended(
    demo: DemoServer, ada: str, set_up: SetUp, failing: int | None
) -> None:
    setup = set_up(demo.address)
    demo.weather.set("error-500", KEYS, requests=failing)
    assert states(setup.use_token(ada))["token"] == "problem"
    status = setup.make_token()
    demo.weather.clear()
    assert alive(demo, ada)
    assert "ended" not in f"{status.facts.reports} {status.step('token').notes}"
    if failing is None:
        assert setup.check().as_dict()["token"]["masked"] == f"····{ada[-4:]}"


def test_without_a_token_no_key_can_be_made(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    for act in (setup.make_token, setup.tokens, setup.rotate, lambda: setup.revoke(1), lambda: setup.use_key(1)):
        with pytest.raises(NoTokenToActWith) as caught:
            act()
        assert caught.value.remedy
    assert authorized(demo) == []


def test_with_a_token_of_another_deployment_nothing_is_done_here(
    demo: DemoServer, set_up: SetUp, secrets: Path
) -> None:
    write_secret(secrets, "cave-secret.json", SECRET.reveal(), middle_auth_url="elsewhere.example/auth")
    setup = set_up(demo.address)
    for act in (setup.make_token, setup.tokens, setup.rotate, lambda: setup.revoke(1), setup.accept_terms):
        with pytest.raises(NoTokenToActWith):
            act()
    assert authorized(demo) == []


# -------------------------------------------------------------------------------------------- the keys of an account


def test_all_keys_are_listed_newest_first_and_masked(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    demo.world.make_key(person(demo), None)
    demo.world.make_key(person(demo), "evil \x1b[31m\nname")
    demo.world.make_key(person(demo, "grace@example.org"), "Grace's")
    setup = set_up(demo.address)
    setup.use_token(ada)
    keys = setup.tokens()
    assert [key.description for key in keys] == ["evil [31m name", "", "Ada's laptop"]
    assert ada not in repr(keys)
    assert f"····{ada[-4:]}" in repr(keys)


def test_listing_keys_asks_once_and_sees_what_is_new(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    demo.world.make_key(person(demo), "new")
    demo.requests.clear()
    assert [key.description for key in setup.tokens()] == ["new", "Ada's laptop"]
    assert asked(demo) == [f"GET {KEYS}"]


@pytest.mark.parametrize("kind", BREAKS)
def test_keys_that_cannot_be_listed_are_the_networks_fault(
    demo: DemoServer, ada: str, set_up: SetUp, connect: Connect, kind: str
) -> None:
    setup = impatient(set_up(demo.address), connect)
    setup.use_token(ada)
    demo.weather.set(kind, KEYS)
    with pytest.raises(ServerError) as caught:
        setup.tokens()
    assert caught.value.remedy
    demo.weather.clear()
    assert len(setup.tokens()) == 1


def test_a_dead_token_lists_no_keys(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(SECRET.reveal())
    with pytest.raises(NoTokenToActWith):
        setup.tokens()


def test_a_key_of_the_account_can_be_used_here(demo: DemoServer, ada: str, set_up: SetUp, secrets: Path) -> None:
    other = demo.world.make_key(person(demo), "from last year").text
    setup = set_up(demo.address)
    setup.use_token(ada)
    key = next(key for key in setup.tokens() if key.description == "from last year")
    status = setup.use_key(key.id)
    assert "from last year" in status.step("token").summary
    assert setup.save().ready
    assert set(read_secrets(secrets).values()) == {other}


def test_a_key_that_the_account_does_not_have_is_misuse(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    demo.world.make_key(person(demo, "grace@example.org"), "Grace's")
    setup = set_up(demo.address)
    setup.use_token(ada)
    hers = demo.world.keys_of(person(demo, "grace@example.org"))[0][0].id
    for number in (999, 0, -1, hers):
        for act in (setup.use_key, setup.revoke):
            with pytest.raises(UnknownKey) as caught:
                act(number)
            assert caught.value.remedy
    assert described(demo, "grace@example.org") == ["Grace's"]
    assert not any(entry.method == "DELETE" for entry in demo.requests.entries())


# ---------------------------------------------------------------------------------------------------------- revoking


@pytest.fixture
def at_work(demo: DemoServer, ada: str, set_up: SetUp, connect: Connect) -> Setup:
    """Ada's computer, all set up."""
    setup = impatient(set_up(demo.address), connect)
    setup.use_token(ada)
    assert setup.save().ready
    return setup


def id_of(demo: DemoServer, text: str) -> int:
    token = demo.world.token(text)
    assert token is not None
    assert token.key is not None
    return token.key.id


def test_another_key_is_revoked_at_once(demo: DemoServer, at_work: Setup) -> None:
    other = demo.world.make_key(person(demo), "stolen laptop").text
    status = at_work.revoke(id_of(demo, other))
    assert not alive(demo, other)
    assert status.ready
    assert status.step("token").notes == (
        f"The key “stolen laptop” ····{other[-4:]} has been revoked; it opens nothing any more.",
    )
    assert [key.description for key in at_work.tokens()] == ["Ada's laptop"]


@pytest.mark.parametrize("where", ["looked at", "in a file", "in a variable", "in memory only"])
def test_the_own_key_is_revoked_only_if_that_is_meant(
    demo: DemoServer, ada: str, set_up: SetUp, secrets: Path, where: str
) -> None:
    other = demo.world.make_key(person(demo), "another").text
    if where == "in a file":
        write_secret(secrets, "old-cave-secret.json", ada)
    setup = set_up(demo.address, CAVE_TOKEN=ada if where == "in a variable" else "")
    setup.use_token(ada if where in {"looked at", "in memory only"} else other)
    if where == "looked at":
        setup.save()
    demo.requests.clear()
    with pytest.raises(OwnKey) as caught:
        setup.revoke(id_of(demo, ada))
    assert f"····{ada[-4:]}" in caught.value.sentence
    assert caught.value.remedy
    assert alive(demo, ada)
    assert not any(entry.method == "DELETE" for entry in demo.requests.entries())

    status = setup.revoke(id_of(demo, ada), own=True)
    assert not alive(demo, ada)
    assert not status.ready
    assert "has been revoked" in status.facts.reports[0]


@pytest.mark.parametrize("kind", BREAKS)
def test_a_key_that_could_not_be_revoked_is_not_said_to_be(demo: DemoServer, at_work: Setup, kind: str) -> None:
    other = demo.world.make_key(person(demo), "stolen laptop").text
    at_work.tokens()
    demo.weather.set(kind, f"{KEYS}/")
    step, error = problem_of(at_work.revoke(id_of(demo, other)))
    assert step == "token"
    assert isinstance(error, ServerError)
    if kind != "truncated":
        assert alive(demo, other)
    demo.weather.clear()
    assert at_work.check().ready


def test_a_key_is_not_said_to_be_revoked_where_the_token_at_hand_has_died(
    demo: DemoServer, ada: str, at_work: Setup
) -> None:
    other = demo.world.make_key(person(demo), "stolen laptop").text
    at_work.tokens()
    own = demo.world.token(ada)
    assert own is not None
    demo.world.end(own)
    status = at_work.revoke(id_of(demo, other))
    assert alive(demo, other)
    assert "has been revoked" not in f"{status.facts.reports} {status}"
    assert states(status)["account"] == "problem"
    assert status.step("account").need == "new-token"


def test_a_key_that_somebody_else_revoked_a_moment_ago_is_gone(demo: DemoServer, at_work: Setup) -> None:
    other = demo.world.make_key(person(demo), "stolen laptop")
    at_work.tokens()
    number = id_of(demo, other.text)
    demo.world.end(other)
    at_work.revoke(number)
    assert [key.description for key in at_work.tokens()] == ["Ada's laptop"]


# ---------------------------------------------------------------------------------------------------------- replacing


def working(demo: DemoServer, folder: Path) -> list[bool]:
    """Whether the token in each file works."""
    return [alive(demo, text) for text in read_secrets(folder).values()]


def test_a_key_is_replaced_in_every_file_that_holds_it(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path, home: Path
) -> None:
    others = demo.world.make_key(person(demo, "grace@example.org"), "Grace's").text
    write_secret(secrets, "my-cave-secret.json", ada, note="kept", middle_auth_url=f"{host(demo)}/auth")
    write_secret(secrets, "chunkedgraph-secret.json", ada)
    write_secret(secrets, "elsewhere.example-cave-secret.json", others, note="also kept")
    older = home / ".neuroglancer" / "secrets"
    write_secret(older, "cave-secret.json", ada, mine=[1, {"a": "ö"}])
    untouched = (secrets / "elsewhere.example-cave-secret.json").read_bytes()

    status = at_work.rotate()
    new = demo.world.key_of(ADA)
    assert status.ready
    assert new != ada
    assert not alive(demo, ada)
    assert alive(demo, new)
    assert described(demo) == [HERE]
    assert read_secrets(secrets) == {
        **dict.fromkeys([*files_of(demo), "my-cave-secret.json", "chunkedgraph-secret.json"], new),
        "elsewhere.example-cave-secret.json": others,
    }
    assert read_secrets(older) == {"cave-secret.json": new}
    assert json.loads((secrets / "my-cave-secret.json").read_text())["note"] == "kept"
    assert json.loads((older / "cave-secret.json").read_text())["mine"] == [1, {"a": "ö"}]
    assert (secrets / "elsewhere.example-cave-secret.json").read_bytes() == untouched
    changed = [path for path in [*secrets.glob("*.json"), *older.glob("*.json")] if new in path.read_text()]
    assert {path.stat().st_mode & 0o777 for path in changed} == {0o600}
    assert not list(home.rglob("*.tmp"))
    assert status.step("token").notes == (
        f"A new key is in its place, and the old one, ····{ada[-4:]}, has been revoked.",
    )


def test_a_key_is_replaced_behind_links(
    demo: DemoServer, ada: str, set_up: SetUp, secrets: Path, tmp_path: Path
) -> None:
    real = write_secret(tmp_path / "dotfiles", "shared.json", ada)
    secrets.mkdir(parents=True)
    for name in files_of(demo):
        (secrets / name).symlink_to(real)
    assert set_up(demo.address).rotate().ready
    assert all((secrets / name).is_symlink() for name in files_of(demo))
    assert json.loads(real.read_text())["token"] == demo.world.key_of(ADA)
    assert not alive(demo, ada)


def test_a_key_that_only_another_folder_holds_is_replaced_there_and_folders_stay_private(
    demo: DemoServer, ada: str, set_up: SetUp, secrets: Path, home: Path
) -> None:
    older = home / ".neuroglancer" / "secrets"
    write_secret(older, "cave-secret.json", ada)
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.rotate()
    assert states(status)["token"] == "done"
    assert read_secrets(older) == {"cave-secret.json": demo.world.key_of(ADA)}
    assert not alive(demo, ada)
    assert {path.stat().st_mode & 0o777 for path in (secrets, secrets.parent) if path.exists()} <= {0o700}


def test_a_key_that_no_file_holds_is_replaced_in_memory(demo: DemoServer, ada: str, set_up: SetUp, home: Path) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.rotate()
    assert list(home.iterdir()) == []
    assert not alive(demo, ada)
    assert states(status)["token"] == "done"
    assert setup.save().ready


def test_an_unlisted_key_is_lasting_and_its_replacement_ends_it(demo: DemoServer, set_up: SetUp, secrets: Path) -> None:
    old = demo.world.leave_key_behind(person(demo)).text
    setup = set_up(demo.address)
    setup.use_token(old)
    assert setup.save().ready
    status = setup.rotate()
    assert status.ready
    assert not alive(demo, old)
    assert "has been revoked" in status.step("token").notes[0]
    assert set(read_secrets(secrets).values()) == {demo.world.key_of(ADA)}
    assert unlisted(demo) == []


def test_a_key_that_does_not_end_is_not_said_to_be_revoked(
    demo: DemoServer, ada: str, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that leaves a key out of its list, and takes it for one all the same.
    listed = demo.world.keys_of
    monkeypatch.setattr(demo.world, "keys_of", lambda user: [pair for pair in listed(user) if pair[1].text != ada])
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.rotate()
    assert alive(demo, ada)
    assert status.step("token").notes == (
        f"A new key is in its place. The old one, ····{ada[-4:]}, could not be revoked: it works until you revoke it.",
    )


def test_a_sign_in_token_cannot_be_replaced(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    text = sign_in(demo)
    setup.use_token(text)
    with pytest.raises(NoTokenToActWith):
        setup.rotate()
    assert alive(demo, text)
    assert described(demo) == ["Ada's laptop"]


def test_a_key_that_has_died_in_the_meantime_cannot_be_replaced(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path
) -> None:
    own = demo.world.token(ada)
    assert own is not None
    demo.world.end(own)
    with pytest.raises(NoTokenToActWith):
        at_work.rotate()
    assert set(read_secrets(secrets).values()) == {ada}
    assert described(demo) == []


def test_a_mounted_key_is_not_revoked_and_that_is_said(
    demo: DemoServer, ada: str, set_up: SetUp, secrets: Path
) -> None:
    setup = set_up(demo.address, CAVE_TOKEN=f'"{ada}"', CAVECLIENT_TOKEN=ada)
    setup.use_token(ada)
    assert setup.save().ready
    status = setup.rotate()
    assert alive(demo, ada)
    (report,) = status.step("token").notes
    assert "it is in CAVECLIENT_TOKEN and CAVE_TOKEN, which cannot be changed from here" in report
    assert f"The old one, ····{ada[-4:]}, still works" in report
    new = next(token.text for key, token in demo.world.keys_of(person(demo)) if key.description == HERE)
    assert set(read_secrets(secrets).values()) == {new}


# ------------------------------------------------------------------------------------- replacing, and what fails


class _CannotReplace(TokenStore):
    """Files that can be read and not replaced; root may write everywhere, so no mode of a folder will do."""

    def replace_token(self, old: Token, new: Token, server: ServerAddress, *, is_demo: bool = False) -> None:
        raise FolderNotWritable("Nothing can be saved there.", "Make the folder writable.")


def still_the_old_one(demo: DemoServer, ada: str, status: Status, secrets: Path) -> None:
    assert alive(demo, ada)
    assert described(demo) == ["Ada's laptop"]
    assert unlisted(demo) == []
    assert set(read_secrets(secrets).values()) == {ada}
    step, error = problem_of(status)
    assert step == "token"
    assert isinstance(error, RotationStopped)
    assert "the old one works as before" in error.sentence
    assert "left over" not in error.sentence


def test_files_that_cannot_be_written_keep_the_old_key_and_the_new_one_is_taken_back(
    demo: DemoServer, ada: str, secrets: Path
) -> None:
    for name in files_of(demo):
        write_secret(secrets, name, ada)
    setup = Setup(demo.address, variables={}, environment=LAPTOP, store=_CannotReplace())
    status = setup.rotate()
    still_the_old_one(demo, ada, status, secrets)
    assert setup.check().ready
    setup.close()


class _SomebodyElseWrites(TokenStore):
    """Files that are replaced, and then found to be different from what was written."""

    def replace_token(self, old: Token, new: Token, server: ServerAddress, *, is_demo: bool = False) -> None:
        super().replace_token(old, new, server, is_demo=is_demo)
        raise StoreError("What was read back is not what was written.", "Check again, then save again.")


def test_a_new_key_that_files_hold_already_is_not_taken_back(demo: DemoServer, ada: str, secrets: Path) -> None:
    for name in files_of(demo):
        write_secret(secrets, name, ada)
    setup = Setup(demo.address, variables={}, environment=LAPTOP, store=_SomebodyElseWrites())
    step, error = problem_of(setup.rotate())
    assert step == "token"
    assert "it works, and so does the old one" in error.sentence
    assert alive(demo, ada)
    assert working(demo, secrets) == [True, True, True]
    assert ada not in read_secrets(secrets).values()
    assert setup.check().ready
    setup.close()


def test_one_file_that_cannot_be_replaced_keeps_them_all_as_they_were(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path
) -> None:
    # There is no room left in this name for that of the file that is written beside it.
    write_secret(secrets, f"{'x' * 235}-cave-secret.json", ada)
    before = {path.name: path.read_bytes() for path in secrets.glob("*.json")}
    still_the_old_one(demo, ada, at_work.rotate(), secrets)
    assert {path.name: path.read_bytes() for path in secrets.glob("*.json")} == before
    assert not list(secrets.glob(".*.tmp"))


def test_a_lock_that_cannot_be_made_keeps_the_old_key_and_the_new_one_is_taken_back(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path
) -> None:
    (secrets / ".cave-setup.lock").unlink(missing_ok=True)
    (secrets / ".cave-setup.lock").mkdir()
    still_the_old_one(demo, ada, at_work.rotate(), secrets)
    (secrets / ".cave-setup.lock").rmdir()
    assert at_work.rotate().ready


def test_a_demos_key_is_not_replaced_in_a_real_home(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwd = pytest.importorskip("pwd")
    fields = list(pwd.getpwuid(os.getuid()))
    fields[5] = str(home)
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: pwd.struct_passwd(fields))
    still_the_old_one(demo, ada, at_work.rotate(), secrets)
    (home / DEMO_HOME_MARK).touch()
    assert at_work.rotate().ready


def test_a_new_key_that_the_server_does_not_list_is_not_saved(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo.world, "make_key", lambda user, _description: demo.world.leave_key_behind(user))
    step, error = problem_of(at_work.rotate())
    assert step == "token"
    assert "does not list the new key" in error.sentence
    (new,) = unlisted(demo)
    assert f"a new one, ····{new[-4:]}, is left over" in error.sentence
    assert set(read_secrets(secrets).values()) == {ada}
    assert at_work.check().ready


# POST the new key, GET the keys with it, save, DELETE the old one; or GET the keys and DELETE the new one.
@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("before", range(4))
def test_whichever_request_of_a_replacement_fails_the_files_hold_a_key_that_works(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path, kind: str, before: int
) -> None:
    assert at_work.check().ready
    fail_after(demo, kind, "/auth/api/v1/", before)
    status = at_work.rotate()
    demo.weather.clear()
    assert working(demo, secrets) == [True, True, True]
    assert len(set(read_secrets(secrets).values())) == 1
    assert unlisted(demo) == []
    works = next(iter(read_secrets(secrets).values()))
    if before < 2:  # nothing had been saved
        assert works == ada
        step, _error = problem_of(status)
        assert step == "token"
        # Where the answer got lost that named the new key, nobody can know which one it is.
        left = [HERE] if (kind, before) == ("truncated", 0) else []
        assert described(demo) == [*left, "Ada's laptop"]
    else:
        assert works != ada
        report = " ".join(status.facts.reports)
        assert ("could not be revoked" in report) == (before == 2)
    if (before, kind) not in {(2, "truncated"), (3, kind)}:
        assert alive(demo, ada)
    assert at_work.check().ready


@pytest.mark.parametrize("kind", ["reset", "error-500", "hang"])
@pytest.mark.parametrize("before", range(4))
def test_whenever_the_server_goes_away_for_good_the_files_hold_a_key_that_works(
    demo: DemoServer, ada: str, at_work: Setup, secrets: Path, kind: str, before: int
) -> None:
    assert at_work.check().ready
    demo.weather.set(kind, "/auth/api/v1")
    if before:
        demo.weather.set("latency", "/auth/api/v1/", requests=before)
    status = at_work.rotate()
    demo.weather.clear()
    assert working(demo, secrets) == [True, True, True]
    assert not status.ready
    assert at_work.check().ready
    if before == 1:  # the new one could not be taken back, either
        step, error = problem_of(status)
        assert step == "token"
        assert "is left over" in error.sentence


REPLACE = """
import sys
from cave_setup import Setup
from cave_setup.models import Environment
laptop = Environment("local", "Your own computer", "Linux", home_persists=True)
setup = Setup(sys.argv[1], variables={}, environment=laptop)
print("begin", flush=True)
print(setup.rotate().ready, flush=True)
"""


@pytest.mark.parametrize("moment", [0.05, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6])
def test_whenever_the_process_is_killed_the_files_hold_a_key_that_works(
    demo: DemoServer, at_work: Setup, set_up: SetUp, secrets: Path, moment: float
) -> None:
    demo.weather.set("latency", seconds=0.2)
    with subprocess.Popen(
        [sys.executable, "-c", REPLACE, demo.address], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begin\n"
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
    demo.weather.clear()
    assert working(demo, secrets) == [True, True, True]
    assert set_up(demo.address).check().ready
    assert working(demo, secrets) == [True, True, True]
    assert not list(secrets.glob(".*.tmp"))


@pytest.mark.parametrize("call", range(4))
def test_wherever_in_saving_the_process_is_killed_the_files_hold_a_key_that_works(
    demo: DemoServer, at_work: Setup, set_up: SetUp, secrets: Path, call: int
) -> None:
    dying = f"""
import os
real, count = os.replace, 0
def counting(*arguments):
    global count
    if count == {call}:
        os.kill(os.getpid(), 9)
    count += 1
    return real(*arguments)
os.replace = counting
"""
    command = [sys.executable, "-c", dying + REPLACE, demo.address]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": "."})
    assert (done.returncode == -9) == (call < 3)
    assert working(demo, secrets) == [True, True, True]
    assert set_up(demo.address).check().ready
    assert working(demo, secrets) == [True, True, True]
    assert len(set(read_secrets(secrets).values())) == 1
    assert not list(secrets.glob(".*.tmp"))


# ------------------------------------------------------------------------------------- no token shows, whatever fails

Act = Callable[[Setup, Token], object]
ACTS: dict[str, Act] = {
    "signed in": lambda setup, fresh: setup.signed_in(fresh),
    "key made": lambda setup, _fresh: setup.make_token("second"),
    "pasted, key made": lambda setup, fresh: (setup.use_token(fresh.reveal()), setup.make_token("third")),
    "listed": lambda setup, _fresh: setup.tokens(),
    "used": lambda setup, _fresh: setup.use_key(setup.tokens()[0].id),
    "revoked": lambda setup, _fresh: setup.revoke(setup.tokens()[0].id),
    "own key revoked": lambda setup, _fresh: setup.revoke(setup.tokens()[-1].id),
    "replaced": lambda setup, _fresh: setup.rotate(),
    "terms accepted": lambda setup, _fresh: setup.accept_terms(2),
}


def outcome(act: Act, setup: Setup, fresh: Token) -> SetupError | None:
    """Do it; give the error that it raised, without this frame, which knows the tokens."""
    try:
        act(setup, fresh)
    except SetupError as error:
        trace = error.__traceback__
        return error.with_traceback(trace and trace.tb_next)
    return None


@pytest.fixture
def issued(demo: DemoServer) -> set[str]:
    """Every token that there ever was, also those that were taken back at once."""
    texts = set(demo.world._tokens)
    keep = demo.world._keep

    def noted(token: WorldToken) -> WorldToken:
        texts.add(token.text)
        return keep(token)

    demo.world._keep = noted  # type: ignore[method-assign]
    return texts


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_whatever_fails_no_token_shows(
    demo: DemoServer,
    issued: set[str],
    at_work: Setup,
    act: Act,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    # "latency" of no time at all: nothing fails.
    for kind, before in itertools.product(("reset", "truncated", "captive-portal", "latency"), range(6)):
        fresh = Token(sign_in(demo))
        demo.world.make_key(person(demo), "another")
        at_work.check()
        fail_after(demo, kind, "/auth/api/v1/", before)
        raised = outcome(act, at_work, fresh)
        demo.weather.clear()
        found = at_work.found()
        said.append(f"{at_work!r} {vars(at_work)} {found} {found.as_dict()}")
        for error in [*found.facts.problems.values(), *([raised] if raised else [])]:
            assert (error.__cause__, error.__context__) == (None, None)
            said.append(shown(error))
    everything = "".join([*said, caplog.text, *capfd.readouterr()])
    assert '"GET /auth/api/v1/user/cache' in everything
    assert "Token(····" in everything
    assert len(issued) > 2 * 24
    for text in issued:
        assert text[:28] not in everything
        assert text[4:] not in everything
