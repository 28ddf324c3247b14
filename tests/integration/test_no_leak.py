"""Whatever goes wrong, and however it is shown, the token's text is in none of it: errors, tracebacks, logs."""

from __future__ import annotations

import logging
import signal
import threading
import traceback
from typing import TYPE_CHECKING

import pytest
from IPython.core.ultratb import VerboseTB

from cave_setup import Setup
from cave_setup.errors import ServerError, SetupError
from cave_setup.models import Terms, Token
from cave_setup.paste import find_token
from cave_setup.report import as_text
from integration import listeners
from integration.conftest import SECRET, cave_routes
from integration.listeners import answers, by_path, says
from integration.test_auth_server import FAULTS, WITH_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.auth_server import AuthServer
    from cave_setup.demo import DemoServer
    from integration.conftest import Connect, Listen, SetUp
    from integration.listeners import Behaviour, Connection, Request
    from integration.test_auth_server import Question

# Less than the whole: half of a token is a leak, too. The last four are shown on purpose.
TELLING = SECRET.reveal()[4:20]


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def shown(error: BaseException) -> str:
    """Everything that a person, a log or a bug report can be shown of an error."""
    return "\n".join(
        [
            str(error),
            repr(error),
            repr(vars(error)),
            *traceback.format_exception(error),
            *traceback.TracebackException.from_exception(error, capture_locals=True).format(),
        ]
    )


_KEYS_AND_ODD = f'[{{"id": 1, "token": "{SECRET.reveal()}", "description": "x"}}, {{"id": "odd"}}]'
_ECHO = f'{{"error": "invalid_token", "message": "{SECRET.reveal()} is bad", "id": "{SECRET.reveal()}"}}'
LEAKY: dict[str, Behaviour] = {
    **{name: behave for name, (behave, _) in FAULTS.items()},
    "list with the keys and something odd": answers(_KEYS_AND_ODD),
    "list with the keys and another status": answers(_KEYS_AND_ODD, "203 Non-Authoritative"),
    "answer that repeats the token": answers(_ECHO),
    "refusal that repeats the token": answers(_ECHO, "400 BAD REQUEST"),
    "page that repeats the token": answers(f"<html>{SECRET.reveal()}</html>", content_type="text/html"),
    "redirect that repeats the token": listeners.redirects(f"https://login.example/?token={SECRET.reveal()}"),
    "header that cannot be parsed": answers("", headers=(f"{SECRET.reveal()}", "X-Odd: 1")),
}


# A list that holds tokens, an address that holds one, and a service: each reads its answer in its own way.
TELLTALE: dict[str, Question] = {name: WITH_TOKEN[name] for name in ("keys", "seconds_left", "access")}


def outcome(server: AuthServer, question: Question) -> object:
    try:
        return question(server, SECRET)
    except ServerError as error:
        return error


@pytest.mark.parametrize("question", TELLTALE.values(), ids=TELLTALE)
@pytest.mark.parametrize("behave", LEAKY.values(), ids=LEAKY)
def test_no_error_shows_the_token_however_it_is_printed(
    listen: Listen, connect: Connect, caplog: pytest.LogCaptureFixture, behave: Behaviour, question: Question
) -> None:
    found = outcome(connect(listen(behave).address), question)
    if isinstance(found, ServerError):
        assert found.__cause__ is None
        assert found.__context__ is None
        text = shown(found)
        assert type(found).__name__ in text
        assert TELLING not in text
    assert TELLING not in repr(found)
    assert TELLING not in caplog.text


IN_A_NOTEBOOK: dict[str, tuple[str, str]] = {
    "keys": ("keys", "list with the keys and something odd"),
    "sign-in token": ("seconds_left", "guest network's page"),
    "cut connection": ("seconds_left", "reset in mid-answer"),
    "refusal": ("access", "answer that repeats the token"),
    "redirect": ("access", "redirect that repeats the token"),
}


@pytest.mark.parametrize(("name", "fault"), IN_A_NOTEBOOK.values(), ids=IN_A_NOTEBOOK)
def test_a_notebook_in_verbose_mode_shows_no_token(listen: Listen, connect: Connect, name: str, fault: str) -> None:
    found = outcome(connect(listen(LEAKY[fault]).address), WITH_TOKEN[name])
    assert isinstance(found, ServerError)
    verbose = VerboseTB(include_vars=True, long_header=True)
    text = verbose.text(type(found), found, found.__traceback__, context=25)
    assert "auth_server.py" in text
    assert TELLING not in text


def test_a_server_that_sends_the_token_back_as_a_name_does_not_get_it_onto_the_screen(
    listen: Listen, set_up: SetUp
) -> None:
    echo = f"by {SECRET.reveal()} or x{SECRET.reveal().upper()}{SECRET.reveal()}x"
    routes: dict[str, Behaviour] = {}
    there = listen(by_path(routes))
    missing = [{"tos_id": 2, "tos_name": echo, "dataset_name": echo}]
    routes.update(cave_routes(there.address))
    routes["/auth/api/v1/user/cache"] = says({"id": 7, "name": echo, "email": echo, "missing_tos": missing})
    routes["/auth/api/v1/user/token"] = says([{"id": 1, "token": SECRET.reveal(), "description": echo}])
    status = set_up(there.address).use_token(SECRET.reveal())
    assert status.step("account").summary.startswith("by ····")
    for shown_as in (repr(status), str(status.as_dict()), as_text(status)):
        assert TELLING not in shown_as.lower()


FARAWAY = {
    "closed port": "http://127.0.0.1:{port}",
    "no such name": "https://something.invalid",
    "not TLS": "https://127.0.0.1:{port}",
}


@pytest.mark.parametrize("question", TELLTALE.values(), ids=TELLTALE)
@pytest.mark.parametrize("address", FARAWAY.values(), ids=FARAWAY)
def test_no_error_on_the_way_shows_the_token(
    connect: Connect, closed_port: int, caplog: pytest.LogCaptureFixture, address: str, question: Question
) -> None:
    found = outcome(connect(address.format(port=closed_port)), question)
    assert isinstance(found, ServerError)
    assert found.__cause__ is None
    assert found.__context__ is None
    assert TELLING not in shown(found)
    assert TELLING not in caplog.text


@pytest.mark.parametrize("question", TELLTALE.values(), ids=TELLTALE)
def test_a_timeout_shows_no_token(
    listen: Listen, connect: Connect, caplog: pytest.LogCaptureFixture, question: Question
) -> None:
    found = outcome(connect(listen(listeners.hangs).address, (0.1, 0.1)), question)
    assert isinstance(found, ServerError)
    assert TELLING not in shown(found)
    assert TELLING not in caplog.text


# --------------------------------------------------------------------------------------- what a person asks Setup for

TWO = f"{SECRET.reveal()} {SECRET.reveal()[::-1]}"
MISUSED: dict[str, Callable[[], object]] = {
    "several tokens": lambda: Setup(variables={}).use_token(TWO),
    "no such candidate": lambda: Setup(variables={}).use_token(SECRET.reveal(), pick=7),
    "nearly a token": lambda: Setup(variables={}).use_token(f"{SECRET.reveal()[:-1]}x"),
    "several tokens in a text": lambda: find_token(TWO),
    "no such place": lambda: Setup(variables={"CAVE_TOKEN": SECRET.reveal()}, environment="nowhere"),
    "no such server": lambda: Setup("a b", variables={"CAVE_TOKEN": SECRET.reveal()}),
}


def in_verbose_mode(error: BaseException) -> str:
    """What a notebook would show, but for the frames of this file, which are a person's cells here."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    text: str = VerboseTB(include_vars=True, long_header=True).text(type(error), error, frames, context=25)
    assert "errors.py" in text
    assert type(error).__name__ in text
    return text


@pytest.mark.parametrize("misuse", MISUSED.values(), ids=MISUSED)
def test_what_was_pasted_or_mounted_is_in_no_traceback(misuse: Callable[[], object]) -> None:
    with pytest.raises(SetupError) as caught:
        misuse()
    text = in_verbose_mode(caught.value).lower()
    assert TELLING not in text
    assert TELLING[::-1] not in text


INTERRUPTED: dict[str, Callable[[Setup], object]] = {
    "check": lambda setup: setup.check(),
    "use_token": lambda setup: setup.use_token(f'token = "{SECRET.reveal()}"'),
    "make_token": lambda setup: setup.make_token(),
    "tokens": lambda setup: setup.tokens(),
    "terms_text": lambda setup: setup.terms_text(Terms(2, "x", "x", "x")),
}


@pytest.mark.parametrize("act", INTERRUPTED.values(), ids=INTERRUPTED)
def test_nor_is_it_where_a_person_interrupts_what_hangs(listen: Listen, act: Callable[[Setup], object]) -> None:
    routes: dict[str, Behaviour] = {}
    there = listen(by_path(routes))
    routes.update(cave_routes(there.address))
    setup = Setup(there.address, variables={"CAVE_TOKEN": SECRET.reveal()})
    assert setup.check().account
    routes.update(dict.fromkeys(routes, interrupts_once()))
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a kernel
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            act(setup)
    finally:
        signal.signal(signal.SIGINT, usual)
    setup.close()
    assert caught.value.__context__ is None
    assert TELLING not in in_verbose_mode(caught.value)


def interrupts_once() -> Behaviour:
    """Hang, and have the main thread interrupted as Jupyter does it, by the first of several requests."""
    first = threading.Lock()

    def behave(connection: Connection, request: Request) -> None:
        ident = threading.main_thread().ident
        if ident and first.acquire(blocking=False):
            signal.pthread_kill(ident, signal.SIGINT)
        connection.rest()

    return behave


# ------------------------------------------------------------------------------------------------- a whole check


def test_no_log_shows_the_token_of_a_person_who_sets_everything_up(
    demo: DemoServer, ada: str, caplog: pytest.LogCaptureFixture
) -> None:
    setup = Setup(demo.address, variables={})
    setup.use_token(ada)
    assert setup.save().ready
    setup.terms_are_accepted()
    setup.close()
    assert "/user/cache" in caplog.text  # the HTTP library's own log is on
    assert ada[:28] not in caplog.text


def test_no_log_shows_a_sign_in_token_although_it_becomes_part_of_an_address(
    demo: DemoServer, caplog: pytest.LogCaptureFixture
) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    text = demo.world.sign_in(user).text
    setup = Setup(demo.address, variables={})
    status = setup.use_token(text)
    setup.close()
    assert status.token is not None
    assert status.token.expires_in is not None
    assert "/user/cache" in caplog.text
    assert text[:28] not in caplog.text


@pytest.mark.parametrize("behave", LEAKY.values(), ids=LEAKY)
def test_a_status_holds_faults_without_the_exceptions_behind_them(
    listen: Listen, caplog: pytest.LogCaptureFixture, behave: Behaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = Setup(listen(behave).address, variables={})
    status = setup.use_token(SECRET.reveal())
    setup.close()
    found = status.facts.server
    faults = [
        answer
        for answer in (found.account, found.keys, found.access, found.versions, found.seconds_left)
        if isinstance(answer, ServerError)
    ]
    assert [(fault.__traceback__, fault.__cause__, fault.__context__) for fault in faults] == [
        (None, None, None) for _ in faults
    ]
    everything = f"{status!r} {status.as_dict()} {setup!r} {vars(setup)} {caplog.text} {capsys.readouterr()}"
    assert TELLING not in everything


def test_a_sign_in_token_whose_days_cannot_be_asked_for_shows_nowhere(
    listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    other = Token("ffffffffffffffffffffffffffffffff")
    for behave in (listeners.resets, answers("gone", "404 Not Found"), listeners.closes_in_mid_answer):
        routes = {**cave_routes("http://127.0.0.1:9", other), f"/auth/api/v1/user/token/{SECRET.reveal()}": behave}
        setup = Setup(listen(by_path(routes)).address, variables={})
        status = setup.use_token(SECRET.reveal())
        setup.close()
        assert status.token is not None
        assert (status.token.kind, status.token.expires_in) == ("sign-in", None)
        assert "at most 7 days" in status.step("token").summary
        assert TELLING not in f"{status!r}{status.as_dict()}"
    assert TELLING not in caplog.text


def test_the_objects_that_hold_tokens_show_them_masked(demo: DemoServer, ada: str) -> None:
    setup = Setup(demo.address, variables={})
    status = setup.use_token(ada)
    setup.close()
    for thing in (setup, status, status.facts, status.facts.server, status.facts.credential, vars(setup)):
        text = f"{thing!r} {thing}"
        assert ada not in text
    assert f"····{ada[-4:]}" in repr(status.facts)
