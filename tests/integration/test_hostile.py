"""A server that means harm, or is broken in any way: valid answers with something wrong, made up by Hypothesis.

Single faults have tests and names of their own in `test_auth_server`; here it is every field of every answer, and what
holds whatever comes: no crash, no delay without end, no word against the token that the server did not say.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import gzip
import json
import tempfile
import time
import tracemalloc
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from cave_setup import Setup, looking
from cave_setup.auth_server import AuthServer
from cave_setup.errors import AddressError, NoTokenToActWith, ServerError, SetupError, SignInRefused
from cave_setup.models import ServerAddress, Status, Token, TokenRefused
from cave_setup.notebook.markdown import as_tree
from cave_setup.notebook.situation import Pages, Situation, TermsText
from cave_setup.notebook.static import summary
from cave_setup.notebook.view import view
from cave_setup.report import as_text
from cave_setup.token_store import TokenStore
from integration.conftest import LAPTOP, SECRET, assert_shape
from integration.listeners import Connection, Listener, Request, answers, redirects, says

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.conftest import Connect, Listen

STACK = "minnie65_public"
WAITS = (1.0, 0.4)  # for a connection, for an answer
MADE = "11112222333344445555666677778888"
DEEP = "@deep@"  # stands for a value that `json.dumps` could not write
EXAMPLES = settings(
    max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# ------------------------------------------------------------------------------------------------- what is asked

OPEN = {"dataset_id": 1, "dataset_name": STACK, "tos_id": 2, "tos_name": "MICrONS Public"}
KEY = {"id": 1, "token": SECRET.reveal(), "description": "laptop", "created": "today", "last_used": None, "user_id": 7}
ACCOUNT = {
    "id": 7,
    "name": "Ada",
    "email": "ada@example.org",
    "missing_tos": [],
    "permissions_v2": {STACK: ["view"]},
    "permissions_v2_ignore_tos": {STACK: ["view"]},
}
# What each question begins with, the longest first; and the answer of a server where all is well.
WORLD: dict[str, Any] = {
    "GET /auth/version": "neuroglance_auth -- version 2.30.3",
    "GET /auth/api/v1/user/cache": ACCOUNT,
    "GET /auth/api/v1/user/missing": [],
    "GET /auth/api/v1/user/token": [KEY],
    f"GET /auth/api/v1/user/token/{SECRET.reveal()}/ttl": 600_000,
    f"GET /auth/api/v1/user/token/{MADE}/ttl": -1,
    "POST /auth/api/v1/user/token": MADE,
    "DELETE /auth/api/v1/user/token": "success",
    "GET /auth/api/v1/logout": "success",
    "GET /auth/api/v1/tos": [{"id": 2, "name": "MICrONS Public", "text": "I **agree**"}],
    "GET /auth/api/v1/service/datastack/table": STACK,
    "POST /sticky_auth/api/v1/tos": "<html>accepted</html>",
    "GET /info/api/v2/datastacks": [STACK, "open_sandbox"],
    "GET /info/api/v2/datastack/full": {
        "local_server": "",
        "viewer_site": "https://viewer.example",
        "soma_table": None,
    },
    "GET /materialize/api": [1, 2, 3],
}
OF_A_CHECK = ("/user/cache", "/user/token", "/datastack/full", "/materialize")
NEEDS_TERMS = {
    "GET /auth/api/v1/user/cache": ACCOUNT | {"missing_tos": [OPEN]},
    "GET /auth/api/v1/user/missing": [OPEN],
    "GET /info/api/v2/datastack/full": {"error": "missing_tos", "data": {"tos_id": 2, "tos_name": "MICrONS Public"}},
}
SIGNED_IN: dict[str, Any] = {"GET /auth/api/v1/user/token": []}


def _first(setup: Setup) -> Status:
    return setup.use_token(SECRET.reveal())


def _after(act: Callable[[Setup], object]) -> Callable[[Setup], object]:
    def journey(setup: Setup) -> object:
        _first(setup)
        return act(setup)

    return journey


def _read_terms(setup: Setup) -> object:
    missing = _first(setup).missing_terms
    return setup.terms_text(missing[0]) if missing else None


# What a person has done, and how the world is for them. Only what follows a choice of theirs may raise.
JOURNEYS: dict[str, tuple[Callable[[Setup], object], dict[str, Any]]] = {
    "looks": (Setup.check, {}),
    "pastes": (_first, {}),
    "signs in": (lambda setup: setup.signed_in(SECRET), SIGNED_IN),
    "makes a key": (_after(Setup.make_token), SIGNED_IN),
    "lists the keys": (_after(Setup.tokens), {}),
    "uses a key": (_after(lambda setup: setup.use_key(1)), {}),
    "revokes a key": (_after(lambda setup: setup.revoke(1, own=True)), {}),
    "replaces the key": (_after(Setup.rotate), {}),
    "reads terms": (_read_terms, NEEDS_TERMS),
    "accepts terms": (_after(Setup.accept_terms), NEEDS_TERMS),
    "lists the datastacks": (_after(Setup.datastacks), {}),
    "saves": (_after(Setup.save), {}),
}
MAY_RAISE = ("makes a key", "lists", "uses", "revokes", "replaces", "reads", "accepts")

# -------------------------------------------------------------------------------------------- what is wrong with it


@dataclass(frozen=True)
class Said:
    """One answer as it goes over the wire."""

    body: bytes
    status: str = "200 OK"
    headers: tuple[str, ...] = ("Content-Type: application/json",)
    length: str | None = "right"
    then: str = "keep"
    raw: bytes | None = None  # instead of all of it
    is_whole: bool = True  # can be read as JSON by somebody who is patient

    @property
    def refuses(self) -> bool:
        """Whether it is CAVE's own word that the token is no good (WIRE section 3)."""
        if self.raw is not None or not self.status.startswith("401"):
            return False
        with contextlib.suppress(ValueError, RecursionError):
            data = json.loads(self.body.decode())
            return isinstance(data, dict) and data.get("error") in ["no_token", "invalid_token"]
        return False

    @property
    def may_convince(self) -> bool:
        """Whether somebody may well take it for an answer."""
        if self.raw is not None:
            return self.body in self.raw
        return self.is_whole and self.status.startswith("200")

    @functools.cached_property
    def bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        length = str(len(self.body)) if self.length == "right" else self.length
        lines = [f"HTTP/1.1 {self.status}", *self.headers, *([] if length is None else [f"Content-Length: {length}"])]
        return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + self.body

    def send(self, connection: Connection) -> None:
        data = self.bytes
        if self.then == "drip":
            for at in range(len(data)):
                connection.send(data[at : at + 1])
                if not connection.rest(0.05):
                    return
        connection.send(data)
        if self.then == "hang":
            connection.rest()
        elif self.then == "reset":
            connection.reset()
        elif self.then == "close" or self.length is None or self.raw is not None:
            raise OSError

    def send_to(self, connection: Connection, request: Request) -> None:
        self.send(connection)


def _json(value: object) -> bytes:
    nest = "[" * 700 + "]" * 700
    return json.dumps(value).replace(json.dumps(DEEP), nest).encode()


MARKUP = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>'\"><b>"
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 10**30, 10**3000, 1.5, 1e308, float("nan"), float("inf")),
    *("", " ", "0", "x" * 5000, MARKUP, f"[x](javascript:window.pwned=1) ![x](http://x.example/) {MARKUP}"),
    *("\x1b]0;pwned\x07\x1b[2J", "\x00", "\ud800", "\u202egnp.exe", "\r\nX-Evil: 1", "a\u2028b", "é\u0301" * 300),
    *(SECRET.reveal(), MADE, f"https://{SECRET.reveal()}@x/", "../../etc/passwd", "..", "javascript:alert(1)", "%00"),
    *([], [[]], [None], [0], {}, {"": {}}, {"id": {}}, DEEP, [DEEP], {"a": DEEP}),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield from _places(child, (*path, key))


def _may_be_sent(value: object) -> bool:
    """Whether a data server of this name is none, or is on this computer: tests reach no further."""
    try:
        return ServerAddress(str(value)).is_loopback
    except AddressError:
        return True


@st.composite
def fields(draw: st.DrawFn, valid: Any, trap: str) -> Said:
    """The valid answer with one place in it replaced, left out, doubled or many times there."""
    path = draw(st.sampled_from(list(_places(valid))))
    how = draw(st.sampled_from(["replaced"] * 6 + ["gone", "doubled", "many"]))
    value = draw(st.sampled_from([*VALUES, trap]) | st.text(max_size=20) | st.integers())
    if path[-1:] == ("local_server",) and (value == trap or not _may_be_sent(value)):
        value = f"http://127.0.0.1@{trap.removeprefix('http://')}"
    if not path:
        return Said(_json(value))
    whole = copy.deepcopy(valid)
    around = whole
    for key in path[:-1]:
        around = around[key]
    if how == "replaced":
        around[path[-1]] = value
    elif how == "gone":
        del around[path[-1]]
    elif isinstance(around, list):
        around *= 2 if how == "doubled" else 6000
    else:
        around[draw(st.text(max_size=5))] = value
    return Said(_json(whole))


@st.composite
def bodies(draw: st.DrawFn, valid: Any) -> Said:
    """The valid answer cut off, in another encoding, within something else, or something else altogether."""
    whole = _json(valid)
    body = draw(
        st.sampled_from(
            [
                b"",
                b"<!DOCTYPE html><html><body>Welcome</body></html>",
                b"\xff\xfe\x00\xd8",
                whole[:-1],
                whole.decode().encode("utf-16"),
                whole + b"x",
                b"\x00" + whole,
                b"[" * 100_000,
                b'{"a":' * 50_000,
                b"NaN",
                b"{" + whole,
                b'{"error": "invalid_token"',
            ]
        )
        | st.binary(max_size=40)
        | st.integers(0, max(0, len(whole) - 1)).map(lambda end: whole[:end])
    )
    return Said(body, is_whole=False)


@st.composite
def statuses(draw: st.DrawFn, valid: Any) -> Said:
    """Any status, with any of the bodies that belong to another one."""
    number = draw(st.sampled_from([201, 204, 206, 304, 400, 401, 403, 404, 407, 418, 422, 429, 503, 511, 999]))
    number = draw(st.just(number) | st.integers(101, 999))
    body = draw(
        st.sampled_from(
            [
                _json(valid),
                b"",
                b"Requires admin privilege.",
                *(_json({"error": error}) for error in ["no_token", "missing_tos", "missing_permission", "x", *VALUES]),
                *(_json({"error": "missing_tos", "data": data}) for data in VALUES),
                *(_json({"error": "missing_permission", "data": {"required_permission": one}}) for one in VALUES),
            ]
        )
    )
    return Said(body, f"{number} {draw(st.sampled_from(['', 'OK', 'X' * 300, '<script>']))}")


@st.composite
def heads(draw: st.DrawFn, valid: Any, trap: str) -> Said:
    """Headers that contradict each other or the body, lead elsewhere, or are very many."""
    body = _json(valid)
    elsewhere = [
        f"{name}: {value}"
        for name in ("Location", "Refresh", "Content-Location", "Link", "Alt-Svc", "Set-Cookie", "WWW-Authenticate")
        for value in (trap, f"0; url={trap}", f"<{trap}>; rel=preload", f"a=b; Domain={trap}", "//x\x1b[2J", "http://[")
    ]
    token_host = f"Location: http://{SECRET.reveal()}.example/"
    odd = [
        *("Content-Type: text/html", "Content-Type: application/json; charset=utf-7", "Content-Type:", "no header"),
        *("Content-Encoding: gzip", "Content-Encoding: gzip, gzip", "Content-Encoding: br", "Content-Encoding: x"),
        *("Transfer-Encoding: chunked", "Transfer-Encoding: x", "Connection: close", "Connection: upgrade", ": x"),
        *(
            "Content-Length: 3",
            "Content-Length: 9999",
            "X-Nul: \x00\x01",
            "X-CAVE-Demo: 1",
            " folded",
            "X: " + "y" * 60_000,
        ),
        f"X-CAVE-Demo-Browser: {trap}",
    ]
    headers = draw(st.lists(st.sampled_from([*odd, *elsewhere, token_host]), min_size=1, max_size=4))
    if draw(st.integers(0, 9)) == 0:
        headers = [f"X-{number}: {number}" for number in range(draw(st.sampled_from([99, 101, 5000])))]
    status = draw(st.sampled_from(["200 OK", "200 OK", "302 Found", "307 X", "401 Unauthorized", "300 X"]))
    length = draw(st.sampled_from(["right", "right", None, "0", "-1", "1e3", "٣", "99999999999999999999", ""]))
    return Said(body, status, tuple(headers), length, then="close")


@st.composite
def wires(draw: st.DrawFn, valid: Any) -> Said:
    """What is no HTTP, or ends too soon, or never."""
    body = _json(valid)
    then = draw(st.sampled_from(["close", "close", "close", "reset", "hang", "drip"]))
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw = draw(
        st.sampled_from(
            [
                *(
                    b"",
                    b"\r\n\r\n",
                    b"HTTP",
                    b"HTTP/9.9 200 OK\r\n\r\n",
                    b"HTTP/1.1 abc OK\r\n\r\n",
                    b"\x16\x03\x01\x02",
                ),
                *(
                    b"HTTP/1.1 200\r\n\r\n",
                    b"HTTP/1.1 -1 X\r\n\r\n",
                    b"HTTP/1.1 099 X\r\n\r\n",
                    b"HTTP/0.9 200 OK\r\n\r\n{}",
                ),
                *(
                    b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
                    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3,
                    b"220 mail ESMTP\r\n",
                ),
                b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000,
                *(
                    chunked + size + b"\r\n" + body
                    for size in (b"zz", b"-5", b"ffffffffffffffffffff", b"0", b"", b"5;" * 9)
                ),
                chunked + b"%x\r\n%s\r\n0\r\n" % (len(body), body) + b"Trailer: x\r\n" * 1000,
            ]
        )
        | st.binary(max_size=60)
    )
    return Said(body, raw=raw, then=then)


def anything(valid: Any, trap: str) -> st.SearchStrategy[Said]:
    others = [bodies(valid), statuses(valid), heads(valid, trap), wires(valid)]
    return st.one_of(fields(valid, trap), fields(valid, trap), *others)


# ------------------------------------------------------------------------------------------------------- the stage


class Stage:
    """A server that answers as all is well, but for one question; and the one beside it, which must hear nothing."""

    def __init__(self) -> None:
        self.listener = Listener(self.answer)
        self.trap = Listener(says({"id": 666}))
        self.world: dict[str, Any] = {}
        self.struck: dict[str, Said] = {}
        self.asked: list[str] = []
        self.refused = False

    def answer(self, connection: Connection, request: Request) -> None:
        line = f"{request.method} {request.path}"
        question = max((one for one in self.world if line.startswith(one)), key=len, default="")
        self.asked.append(question)
        said = self.struck.get(question) or Said(_json(self.world.get(question)), self._status(question))
        self.refused |= said.refuses
        if question == "POST /auth/api/v1/user/token":
            self.world["GET /auth/api/v1/user/token"].append(KEY | {"id": 2, "token": MADE})
        said.send(connection)

    def _status(self, question: str) -> str:
        value = self.world.get(question, {"error": "?"})
        return "403 Forbidden" if isinstance(value, dict) and "error" in value else "200 OK"

    def play(self, journey: str, struck: dict[str, Said]) -> tuple[list[Status], object]:
        """Have it happen in a home of its own; give each status, and what was raised or came last."""
        act, world = JOURNEYS[journey]
        self.world = copy.deepcopy({**WORLD, **world})
        if "local_server" in self.world["GET /info/api/v2/datastack/full"]:
            self.world["GET /info/api/v2/datastack/full"]["local_server"] = self.listener.address
        self.struck, self.asked, self.refused = struck, [], False
        self.listener.requests.clear()
        with tempfile.TemporaryDirectory() as home:
            store = TokenStore(Path(home))
            setup = Setup(self.listener.address, STACK, store=store, variables={}, environment=LAPTOP)
            last: object
            try:
                last = act(setup)
            except SetupError as error:
                last = error
            statuses = [setup.found()]
            setup.close()
            _only_token_files(Path(home))
        return [*statuses, *([last] if isinstance(last, Status) else [])], last


def _only_token_files(home: Path) -> None:
    for file in home.rglob("*"):
        if file.is_file() and file.suffix != ".lock" and not file.name.startswith("cave-setup.backup-"):
            assert file.parent == home / ".cloudvolume" / "secrets"
            assert file.name.endswith("-secret.json")
            assert json.loads(file.read_text())["token"] in {SECRET.reveal(), MADE}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    with made.listener, made.trap:
        yield made


@pytest.fixture(autouse=True)
def _short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "AuthServer", lambda address: AuthServer(address, *WAITS))


# ------------------------------------------------------------------------------------------------- what always holds


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from (*_texts(key), *_texts(child))
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _texts(child)


def _holds_nothing_harmful(drawn: object) -> None:
    """JSON as Jupyter sends it, without a token and without what would be a command to a terminal."""
    whole = json.dumps(drawn, allow_nan=False, ensure_ascii=False)
    whole.encode("utf-8")
    assert SECRET.reveal() not in whole
    assert MADE not in whole
    for text in _texts(drawn):
        controls = {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cs"}}
        assert controls <= {"\n", "\t"}, repr(text[:300])


def _can_be_drawn(status: Status, last: object) -> None:
    data = status.as_dict()
    assert_shape(data)
    _holds_nothing_harmful(data)
    _holds_nothing_harmful(as_text(status))
    _holds_nothing_harmful(summary(status))
    assert "<script" not in summary(status)["text/html"]
    listed = last if isinstance(last, tuple) and last and hasattr(last[0], "verdict") else None
    terms = TermsText(2, tuple(as_tree(last))) if isinstance(last, str) else TermsText()
    for situation in (Situation(terms=terms), Situation(keys=True), Situation(listed=listed)):
        address = status.facts.server_address
        pages = Pages(address.url, (address.url,), address.url, address.url)
        _holds_nothing_harmful(view(status, situation, address, status.facts.datastack, pages))


def _says_nothing_against_the_token(status: Status, last: object) -> None:
    server = status.facts.server
    for found in (server.account, server.keys, server.access, server.versions):
        assert not isinstance(found, TokenRefused)
    for problem in (*status.facts.problems.values(), last):
        assert not isinstance(problem, SignInRefused | NoTokenToActWith), problem


@pytest.mark.parametrize("journey", JOURNEYS)
def test_where_nothing_is_wrong_all_is_well(stage: Stage, journey: str) -> None:
    # Else what follows would hold for a server that nobody ever asks.
    statuses, last = stage.play(journey, {})
    assert not isinstance(last, SetupError)
    assert not [step for status in statuses for step in status.steps if step.state == "problem"] or journey in {
        "revokes a key",
        "accepts terms",
    }
    assert len(stage.asked) >= (1 if journey == "looks" else 4)
    assert "" not in stage.asked


@pytest.mark.timeout(1800)  # for `make stress`
@pytest.mark.parametrize("journey", JOURNEYS)
def test_whatever_a_server_answers_there_is_a_status_and_the_token_is_safe(stage: Stage, journey: str) -> None:
    stage.play(journey, {})
    questions = list(dict.fromkeys(stage.asked))
    world = copy.deepcopy(stage.world)

    @EXAMPLES
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        question = data.draw(st.sampled_from(questions))
        said = data.draw(anything(world[question], stage.trap.address))
        began = time.monotonic()
        statuses, last = stage.play(journey, {question: said})
        seconds = time.monotonic() - began
        event(type(last).__name__)
        if isinstance(last, SetupError):
            assert journey.startswith(MAY_RAISE)
        for status in statuses:
            _can_be_drawn(status, last)
            if not stage.refused:
                _says_nothing_against_the_token(status, last)
            if not said.may_convince and any(part in question for part in OF_A_CHECK):
                assert not status.ready
        if isinstance(last, SetupError):
            _holds_nothing_harmful([last.sentence, last.remedy])
        assert stage.trap.accepted == 0
        assert seconds < 10 * sum(WAITS) * (1 + len(stage.asked))

    holds()


def test_the_trap_would_hear_who_follows(listen: Listen) -> None:
    trap = listen(says({"id": 666}))
    requests.get(listen(redirects(trap.address)).address, timeout=5)
    assert trap.accepted == 1


# ----------------------------------------------------------------------------------------------------- large answers

MANY: dict[str, tuple[str, Callable[[AuthServer], object]]] = {
    "keys": (json.dumps(KEY), lambda server: server.keys(SECRET)),
    "terms": ('{"tos_id": 123456}', lambda server: server.missing_terms(SECRET)),
    "datastacks": ('"abcdef"', lambda server: server.datastacks(SECRET)),
    "all terms": ('{"id": 123456, "text": "x"}', lambda server: server.terms_text(SECRET, 2)),
}


@pytest.mark.parametrize("name", MANY)
def test_a_list_that_is_nobodys_costs_hardly_more_than_reading_it(listen: Listen, connect: Connect, name: str) -> None:
    entry, ask = MANY[name]
    body = f"[{','.join([entry] * (7_900_000 // (len(entry) + 1)))}]"
    began = time.process_time()
    json.loads(body)
    reading = time.process_time() - began
    server = connect(listen(answers(body)).address, (5.0, 60.0))
    began = time.process_time()
    with contextlib.suppress(ServerError):
        ask(server)
    assert time.process_time() - began < 10 * reading


LARGE: dict[str, Said] = {
    "50 MB": Said(b"[" + b"1," * 25_000_000 + b"1]"),
    "50 MB compressed": Said(gzip.compress(b" " * 50_000_000), headers=("Content-Encoding: gzip",)),
    "compressed twice": Said(
        gzip.compress(gzip.compress(bytes(200_000_000))), headers=("Content-Encoding: gzip, gzip",)
    ),
    "a page of 50 MB": Said(b"<html>" + b" " * 50_000_000, "403 Forbidden"),
    "a redirect of 50 MB": Said(b" " * 50_000_000, "302 Found", ("Location: https://login.example/",)),
    "5000 headers": Said(b"{}", headers=tuple(f"X-{number}: {'y' * 6000}" for number in range(5000))),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_too_large_is_not_held_in_memory(listen: Listen, connect: Connect, name: str) -> None:
    said = LARGE[name]
    assert said.bytes.startswith(b"HTTP/1.1 ")  # and so made before memory is counted
    there = listen(said.send_to)
    server = connect(there.address, (5.0, 60.0))
    ask: list[Callable[[Token], object]] = [server.account, server.keys, server.rights]
    tracemalloc.start()
    try:
        for question in ask:
            with pytest.raises(ServerError):
                question(SECRET)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


def test_an_answer_in_one_layer_of_compression_is_read_and_no_other_was_asked_for(
    listen: Listen, connect: Connect
) -> None:
    body = _json(ACCOUNT)
    there = listen(Said(gzip.compress(body), headers=("Content-Encoding: gzip",)).send_to)
    account = connect(there.address).account(SECRET)
    assert not isinstance(account, TokenRefused)
    assert account.name == "Ada"
    assert there.requests[0].header("Accept-Encoding") == "gzip"
    for packed, encoding in (
        (gzip.compress(body)[:-9], "gzip"),
        (body, "gzip"),
        (gzip.compress(gzip.compress(body)), "gzip, gzip"),
    ):
        said = replace(Said(packed), headers=(f"Content-Encoding: {encoding}",))
        with pytest.raises(ServerError):
            connect(listen(said.send_to).address).account(SECRET)
