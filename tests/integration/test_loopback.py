"""One sign-in over a port of this computer: what comes back is taken once, and from nobody who cannot know the path."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from support.chromium import FLAGS, installed

from cave_setup.loopback import HERE, Loopback
from cave_setup.models import Token
from integration.conftest import SECRET
from integration.listeners import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from cave_setup.demo import DemoServer
    from integration.conftest import Listen, SetUp

OTHER = "fedcba9876543210fedcba9876543210"
SIGN_IN_PAGE = "https://cave.example/sign-in"
SOON = 15.0  # seconds for what happens by itself


def landing_of(loopback: Loopback) -> str:
    return loopback.start_address.removesuffix("/start") + "/signed-in"


def with_token(loopback: Loopback, token: str = SECRET.reveal()) -> str:
    """The address that the server sends the browser back to (WIRE section 6)."""
    return f"{landing_of(loopback)}?middle_auth_token={token}&middle_auth_url=cave.example%2Fsticky_auth&token={token}"


def get(address: str, method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(method, address, headers=headers, allow_redirects=False, timeout=5)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def happens(condition: Callable[[], bool], seconds: float = SOON) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def raw(port: int, data: bytes, seconds: float = 5.0) -> bytes:
    """Send these bytes and give everything that comes back; a reset ends the answer, too."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection, suppress(ConnectionError):
        connection.sendall(data)
        with suppress(OSError):  # the other side may have closed it already
            connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            received += piece
    return received


def still_works(loopback: Loopback) -> None:
    """The real sign-in goes through whatever came before it, and nothing had been taken until then."""
    assert loopback.token is None
    assert not loopback.is_over
    assert get(loopback.start_address).status_code == 302
    assert get(with_token(loopback)).status_code == 200
    assert loopback.wait(SOON) == SECRET


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback(lambda back: f"{SIGN_IN_PAGE}?redirect={quote(back, safe='')}", patience=60) as running:
        yield running


class ScriptedBrowser:
    """Keeps cookies, follows redirects when told to, and fills in forms; it runs no script."""

    def __init__(self, demo: DemoServer) -> None:
        self.demo = demo
        self.session = requests.Session()
        self.session.trust_env = False

    def open(self, address: str) -> requests.Response:
        return self.session.get(address, allow_redirects=False, timeout=10)

    def submit(self, address: str, **fields: str) -> requests.Response:
        origin = {"Origin": self.demo.address}
        return self.session.post(address, data=fields, headers=origin, allow_redirects=False, timeout=10)

    def follow(self, answer: requests.Response, until: str) -> str:
        """Follow redirects until one leads to such an address, and give that."""
        for _ in range(10):
            assert answer.status_code == 302, answer.text
            address = answer.headers["Location"]
            if until in address:
                return address
            answer = self.open(address)
        pytest.fail("the redirects do not end")

    def sign_in(self, start: str, email: str = "ada@example.org") -> str:
        """Go from the start page to the last redirect; give the address of the landing, not yet opened."""
        google = self.follow(self.open(start), "/demo/google")
        answer = self.submit(google, email=email)
        form_or_landing = self.follow(answer, "http" if "username" in answer.headers["Location"] else "/sticky_auth")
        answer = self.open(form_or_landing)
        if "/settings/username" in answer.headers.get("Location", ""):
            form = answer.headers["Location"]
            assert "Choose your user name" in self.open(form).text
            answer = self.submit(form, name="google")
        return self.follow(answer, "/signed-in")


@pytest.fixture
def scripted(demo: DemoServer) -> Iterator[ScriptedBrowser]:
    browser = ScriptedBrowser(demo)
    yield browser
    browser.session.close()


def person_behind(demo: DemoServer, token: Token | None) -> str:
    assert token is not None
    found = demo.world.token(token.reveal())
    assert found is not None
    assert found.expires is not None  # a sign-in token, no key
    return found.user.email


# --------------------------------------------------------------------------------------------------- the whole way


@pytest.mark.parametrize("email", ["ada@example.org", "grace@example.org"])
def test_the_whole_way_brings_a_sign_in_token_of_whoever_signed_in(
    demo: DemoServer, set_up: SetUp, scripted: ScriptedBrowser, email: str
) -> None:
    with set_up(demo.address).listen() as loopback:
        assert "Signed in" in scripted.open(scripted.sign_in(loopback.start_address, email)).text
        assert person_behind(demo, loopback.wait(SOON)) == email


def test_a_newcomer_comes_back_through_the_form_for_the_user_name(
    demo: DemoServer, set_up: SetUp, scripted: ScriptedBrowser
) -> None:
    with set_up(demo.address).listen() as loopback:
        landing = scripted.sign_in(loopback.start_address, "nia@example.org")
        assert loopback.token is None
        scripted.open(landing)
        assert person_behind(demo, loopback.wait(SOON)) == "nia@example.org"


def test_sign_in_ends_with_a_key_and_without_the_sign_in(
    demo: DemoServer, set_up: SetUp, scripted: ScriptedBrowser
) -> None:
    landings: list[str] = []

    def open_browser(start: str) -> None:
        landings.append(scripted.sign_in(start))
        threading.Thread(target=scripted.open, args=(landings[0],)).start()

    status = set_up(demo.address).sign_in(open_browser)
    assert status.step("token").state == "done"
    assert status.account is not None
    assert status.account.email == "ada@example.org"
    (text,) = parse_qs(urlsplit(landings[0]).query)["token"]
    assert demo.world.token(text) is None


def test_who_never_comes_back_is_told_apart_from_who_never_came(
    demo: DemoServer, set_up: SetUp, scripted: ScriptedBrowser
) -> None:
    setup = set_up(demo.address)
    never_came = setup.sign_in(lambda _address: None, seconds=0.2).step("account")
    assert (never_came.state, never_came.need) == ("problem", "sign-in")
    assert "could not reach this computer" in never_came.summary
    never_came_back = setup.sign_in(scripted.open, seconds=0.2).step("account")
    assert never_came_back.summary == "Nobody came back from the sign-in page in time."
    assert never_came.remedy
    assert never_came_back.remedy


# --------------------------------------------------------------------------------------------------- the start page


def test_the_start_page_sends_the_browser_on_to_the_sign_in_page_and_back_to_the_landing(
    demo: DemoServer, set_up: SetUp
) -> None:
    with set_up(demo.address).listen() as loopback:
        answer = get(loopback.start_address)
        assert answer.status_code == 302
        page, _, query = answer.headers["Location"].partition("?")
        assert page == f"{demo.address}/sticky_auth/api/v1/authorize"
        assert parse_qs(query) == {"redirect": [landing_of(loopback)]}
        assert answer.content == b""


def test_only_the_start_page_counts_as_reached(loopback: Loopback) -> None:
    for path in ("/here", "/", "/signed-in", "/start-through"):
        get(loopback.start_address.removesuffix("/start") + path)
        get(f"http://127.0.0.1:{loopback.port}{path}")
    assert not loopback.reached
    get(loopback.start_address)
    assert loopback.reached


def test_the_wizard_can_find_out_whether_it_is_reached(loopback: Loopback) -> None:
    answer = get(loopback.start_address.removesuffix("/start") + "/here")
    assert (answer.status_code, answer.content) == (200, HERE)
    assert not loopback.is_over


@pytest.mark.parametrize("base", ["https://hub.example/user/ada", "https://hub.example/user/ada/"])
def test_through_a_jupyter_server_the_landing_is_where_that_server_passes_on(loopback: Loopback, base: str) -> None:
    there = f"https://hub.example/user/ada/proxy/{loopback.port}"
    start = loopback.start_through(base)
    assert start.startswith(f"{there}/")
    # jupyter-server-proxy takes its own part of the path away.
    answer = get(start.replace(there, f"http://127.0.0.1:{loopback.port}"))
    (back,) = parse_qs(urlsplit(answer.headers["Location"]).query)["redirect"]
    assert back == start.removesuffix("/start-through") + "/signed-in"
    landing = back.replace(there, f"http://127.0.0.1:{loopback.port}")
    assert get(f"{landing}?middle_auth_token={SECRET.reveal()}").status_code == 200
    assert loopback.wait(SOON) == SECRET


def test_before_anybody_asked_for_a_way_through_there_is_none(loopback: Loopback) -> None:
    assert get(f"{loopback.start_address}-through").status_code == 404
    assert not loopback.reached


# -------------------------------------------------------------------------------------------------------- the landing


def test_the_landing_is_kept_nowhere_sends_nothing_on_and_shows_no_token(loopback: Loopback) -> None:
    answer = get(with_token(loopback))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    nonces = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert len(nonces) == 1
    assert policy["script-src"] == policy["style-src"] == f"'nonce-{nonces.pop()}'"
    assert "history.replaceState(" in answer.text
    assert "You can close this tab" in answer.text
    everything = f"{answer.status_code} {answer.reason} {answer.headers} {answer.text}"
    assert SECRET.reveal()[:8] not in everything
    assert SECRET.reveal()[-8:] not in everything


def test_each_page_has_a_nonce_of_its_own(loopback: Loopback) -> None:
    policies = [get(f"http://127.0.0.1:{loopback.port}/").headers["Content-Security-Policy"] for _ in range(2)]
    assert policies[0] != policies[1]


@pytest.mark.parametrize("name", ["middle_auth_token", "token"])
def test_either_of_the_two_names_will_do(loopback: Loopback, name: str) -> None:
    assert get(f"{landing_of(loopback)}?{name}={SECRET.reveal()}").status_code == 200
    assert loopback.wait(SOON) == SECRET


def test_after_the_landing_nobody_listens_any_more(loopback: Loopback) -> None:
    get(with_token(loopback))
    assert loopback.wait(SOON) == SECRET
    assert loopback.is_over
    assert happens(lambda: not is_listening(loopback.port))


def test_a_second_landing_replaces_nothing(loopback: Loopback) -> None:
    with ExitStack() as stack:
        # Taken before the first landing: such a connection is served also while the port is being closed.
        late = [stack.enter_context(socket.create_connection(("127.0.0.1", loopback.port), 5)) for _ in range(2)]
        get(f"http://127.0.0.1:{loopback.port}/")  # so both have been accepted
        get(with_token(loopback))
        for connection, token in zip(late, (SECRET.reveal(), OTHER), strict=True):
            path = with_token(loopback, token).split(str(loopback.port))[1]
            answer = b""
            with suppress(ConnectionError):
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                answer = connection.recv(65_536)
            assert b"200" not in answer.split(b"\r\n")[0]
            assert b"Signed in" not in answer
    assert loopback.token == SECRET


def test_of_twenty_landings_at_once_exactly_one_is_taken_and_told_of_once() -> None:
    told: list[Token] = []
    tokens = [f"{number:032x}" for number in range(20)]
    with Loopback(lambda _back: SIGN_IN_PAGE, told.append) as loopback:
        all_are_here = threading.Barrier(len(tokens))

        def land(token: str) -> str:
            all_are_here.wait()
            with suppress(requests.ConnectionError):
                if get(with_token(loopback, token)).status_code == 200:
                    return token
            return ""

        with ThreadPoolExecutor(len(tokens)) as pool:
            welcomed = [token for token in pool.map(land, tokens) if token]
        assert loopback.wait(SOON) is not None
        assert happens(lambda: bool(told))
        time.sleep(0.2)  # nobody else is told either
        assert [token.reveal() for token in told] == welcomed
        assert loopback.token == told[0]


def test_the_token_is_told_of_also_where_the_browser_does_not_wait_for_the_page() -> None:
    told: list[Token] = []
    with Loopback(lambda _back: SIGN_IN_PAGE, told.append) as loopback:
        path = with_token(loopback).split(str(loopback.port))[1]
        with socket.create_connection(("127.0.0.1", loopback.port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not a goodbye
        assert loopback.wait(SOON) == SECRET
        assert happens(lambda: told == [SECRET])


def test_what_is_told_of_a_token_may_close_the_listener() -> None:
    closed = threading.Event()

    def close(_token: Token) -> None:
        listener.close()
        closed.set()

    with Loopback(lambda _back: SIGN_IN_PAGE, close) as listener:
        assert get(with_token(listener)).status_code == 200
        assert closed.wait(SOON)


# ------------------------------------------------------------------------------------- who cannot know the path

WRONG_PATHS = {
    "nothing": "",
    "root": "/",
    "no secret": "/signed-in",
    "start without secret": "/start",
    "empty secret": "//signed-in",
    "wrong secret": "/{wrong}/signed-in",
    "part of the secret": "/{part}/signed-in",
    "secret and more": "/{secret}x/signed-in",
    "upper case": "/{upper}/signed-in",
    "secret alone": "/{secret}",
    "another page": "/{secret}/other",
    "below the landing": "/{secret}/signed-in/x",
    "secret twice": "/{secret}/x/{secret}/signed-in",
    "out of the secret and back": "/x/../{secret}/signed-in",
    "encoded": "/{secret}%2fsigned-in",
    "evil host": "//evil.example/{wrong}/signed-in",
    "a backslash": "\\{secret}\\signed-in",
    "secret in the query": "/?/{secret}/signed-in",
    "secret in the fragment": "/#/{secret}/signed-in",
    "NUL": "/{secret}/signed-in\0",
    "other files": "/../../../../etc/passwd",
    "an address that is none": "http://[/{secret}/signed-in",
}


@pytest.mark.parametrize("path", WRONG_PATHS.values(), ids=WRONG_PATHS)
def test_another_path_brings_nothing(loopback: Loopback, path: str) -> None:
    secret = urlsplit(loopback.start_address).path.split("/")[1]
    path = path.format(secret=secret, part=secret[:-1], wrong=secret[::-1], upper=secret.swapcase())
    request = f"GET {path}?middle_auth_token={OTHER}&token={OTHER} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    answer = raw(loopback.port, request)
    assert not re.match(rb"HTTP/1.. 2", answer)
    assert b"Signed in" not in answer
    assert OTHER.encode() not in answer.partition(b"\r\n")[2]
    still_works(loopback)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "BREW"])
def test_another_method_brings_nothing(loopback: Loopback, method: str) -> None:
    for address in (with_token(loopback, OTHER), loopback.start_address):
        assert get(address, method).status_code >= 400
    assert not loopback.reached
    still_works(loopback)


def test_a_thousand_guesses_find_nothing_and_disturb_nobody(loopback: Loopback) -> None:
    secret = urlsplit(loopback.start_address).path.split("/")[1]
    guesses = [secret[:cut] + letter + secret[cut + 1 :] for cut in range(len(secret)) for letter in "aZ_-09~.%"]
    guesses = [guess for guess in guesses if guess != secret] * 4
    assert len(guesses) >= 1000
    for guess in guesses[:1000]:
        path = f"/{guess}/signed-in?token={OTHER}"
        assert raw(loopback.port, f"GET {path} HTTP/1.0\r\n\r\n".encode()).startswith(b"HTTP/1.0 404 ")
    still_works(loopback)


def test_the_path_is_long_and_different_every_time() -> None:
    secrets = set()
    for _ in range(20):
        one = Loopback(lambda _back: SIGN_IN_PAGE)
        secrets.add(urlsplit(one.start_address).path.split("/")[1])
        one.close()
    assert len(secrets) == 20
    assert all(len(secret) >= 32 for secret in secrets)


NO_TOKENS = {
    "nothing": "",
    "an empty one": "middle_auth_token=",
    "other things": "a=b&middle_auth_url=x",
    "a short one": f"token={OTHER[1:]}",
    "a long one": f"token={OTHER}0",
    "upper case": f"token={OTHER.upper()}",
    "no hex": f"token={OTHER[:-1]}g",
    "a line break behind it": f"token={OTHER}%0a",
    "a space before it": f"token=%20{OTHER}",
    "letters that look alike": f"token={OTHER[:-1]}%EF%BC%90",
    "broken encoding": "token=%ff%fe%00",
    "two that differ": f"middle_auth_token={OTHER}&token={OTHER[::-1]}",
    "two of one name": f"token={OTHER}&token={OTHER[::-1]}",
    "a good one after a bad one": f"middle_auth_token=x&token={OTHER}",
    "many arguments": "&".join(f"a{number}=b" for number in range(3000)),
}


@pytest.mark.parametrize("query", NO_TOKENS.values(), ids=NO_TOKENS)
def test_a_landing_without_one_good_token_is_refused_and_the_real_one_comes_through(
    loopback: Loopback, query: str
) -> None:
    answer = get(f"{landing_of(loopback)}?{query}")
    assert answer.status_code == 400
    assert "brought no token" in answer.text
    assert OTHER not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    still_works(loopback)


NO_VISITS = {
    **{f"in an {kind}": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": kind} for kind in ("iframe", "embed")},
    "as an image": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "as a script": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    "asked for without cors": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
    "asked for with cors": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "as a document that is not visited": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "document"},
}


@pytest.mark.parametrize("headers", NO_VISITS.values(), ids=NO_VISITS)
def test_a_landing_that_no_person_opens_is_not_taken(loopback: Loopback, headers: dict[str, str]) -> None:
    assert get(with_token(loopback, OTHER), **headers).status_code == 404
    still_works(loopback)


def test_a_visit_as_a_browser_makes_it_is_taken(loopback: Loopback) -> None:
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
    assert get(with_token(loopback), **headers).status_code == 200
    assert loopback.wait(SOON) == SECRET


# ------------------------------------------------------------------------------------------ who will not behave


def test_connections_that_say_nothing_keep_the_real_browser_out_not_even_for_a_moment(loopback: Loopback) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection(("127.0.0.1", loopback.port)))
        began = time.monotonic()
        still_works(loopback)
        assert time.monotonic() - began < 4.0


def test_connections_that_dawdle_keep_the_real_browser_out_not_even_for_a_moment(loopback: Loopback) -> None:
    over = threading.Event()
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", loopback.port))) for _ in range(50)]

        def drip() -> None:
            while not over.wait(0.05):
                for connection in slow:
                    with suppress(OSError):
                        connection.send(b"G")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            time.sleep(0.2)
            began = time.monotonic()
            still_works(loopback)
            assert time.monotonic() - began < 4.0
        finally:
            over.set()
            dripping.join()


NONSENSE = {
    "a long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X-Many: a\r\n" * 10_000 + b"\r\n",
    "binary": bytes(range(256)) * 400,
    "TLS that says hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "blank lines": b"\r\n\r\n\r\n",
    "no path": b"GET\r\n\r\n",
    "a version to come": b"GET / HTTP/9.9\r\n\r\n",
    "a header that is none": b"GET / HTTP/1.1\r\nno header\r\n\r\n",
    "an address that is none": b"GET http://[::1/ HTTP/1.1\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("data", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_survived(loopback: Loopback, data: bytes) -> None:
    assert not re.match(rb"HTTP/1.. [23]", raw(loopback.port, data))
    still_works(loopback)


def test_other_computers_cannot_reach_it(loopback: Loopback) -> None:
    assert loopback._server.socket.getsockname() == ("127.0.0.1", loopback.port)


# ------------------------------------------------------------------------------------------------ its own end


def test_patience_runs_out() -> None:
    with Loopback(lambda _back: SIGN_IN_PAGE, patience=0.3) as loopback:
        assert is_listening(loopback.port)
        assert loopback.wait() is None
        assert loopback.is_over
        assert happens(lambda: not is_listening(loopback.port))


def test_waiting_ends_before_patience_does_if_told_so(loopback: Loopback) -> None:
    assert loopback.wait(0.05) is None
    assert not loopback.is_over
    still_works(loopback)


def test_closing_frees_the_port_and_every_thread_however_often_it_is_done() -> None:
    before = set(threading.enumerate())
    loopback = Loopback(lambda _back: SIGN_IN_PAGE).start()
    with ExitStack() as stack:
        for _ in range(5):  # whoever says nothing must not keep a thread
            stack.enter_context(socket.create_connection(("127.0.0.1", loopback.port)))
        assert happens(lambda: len(set(threading.enumerate()) - before) == 6)
        for _ in range(3):
            loopback.close()
        assert loopback.is_over
        assert loopback.wait() is None
        assert not is_listening(loopback.port)
        assert happens(lambda: set(threading.enumerate()) <= before)


def test_one_that_was_never_started_can_be_closed_and_frees_its_port() -> None:
    loopback = Loopback(lambda _back: SIGN_IN_PAGE)
    loopback.close()
    assert loopback.is_over
    with socket.socket() as again:
        again.bind(("127.0.0.1", loopback.port))


def test_a_landing_after_the_end_is_not_taken_on_a_connection_that_was_there_before() -> None:
    told: list[Token] = []
    with Loopback(lambda _back: SIGN_IN_PAGE, told.append) as loopback:
        path = with_token(loopback).split(str(loopback.port))[1]
        with socket.create_connection(("127.0.0.1", loopback.port), 5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode())
            get(f"http://127.0.0.1:{loopback.port}/")
            loopback._over.set()  # as its own thread does once patience has run out
            answer = b""
            with suppress(ConnectionError):
                connection.sendall(b"\r\n")
                answer = connection.recv(65_536)
    assert b"Signed in" not in answer
    assert loopback.token is None
    assert told == []


def test_it_says_nothing_anywhere(
    loopback: Loopback, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    path = with_token(loopback).split(str(loopback.port))[1]
    raw(loopback.port, f"BREW {path} HTTP/1.1\r\n\r\n".encode())
    raw(loopback.port, f"GET {path} HTTP/9.9\r\n\r\n".encode())
    raw(loopback.port, f"GET {path} {path} HTTP/1.1\r\n\r\n".encode())
    raw(loopback.port, f"GET http://[{path} HTTP/1.1\r\n\r\n".encode())
    raw(loopback.port, f"GET {path} HTTP/1.1\r\n\r\n".encode())
    assert loopback.wait(SOON) == SECRET
    loopback.close()
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
    assert SECRET.reveal() not in f"{loopback!r} {vars(loopback)}"


def test_a_fault_in_what_is_told_of_the_token_shows_it_nowhere(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(token: Token) -> None:
        raise RuntimeError(token.reveal())

    with Loopback(lambda _back: SIGN_IN_PAGE, fail) as loopback:
        assert get(with_token(loopback)).status_code == 200
        assert loopback.wait(SOON) == SECRET
    assert SECRET.reveal() not in caplog.text
    assert SECRET.reveal() not in "".join(capfd.readouterr())


# --------------------------------------------------------------------------------------------- in a real browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def sign_in_with(page: Page, loopback: Loopback) -> str:
    """Sign in as a person does; give the token that came back, once the tab says that it can be closed."""
    page.goto(loopback.start_address)
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("heading", name="Signed in").wait_for()
    assert page.get_by_text("You can close this tab").is_visible()
    token = loopback.wait(SOON)
    assert token is not None
    return token.reveal()


@pytest.mark.browser
def test_the_tab_in_which_somebody_signed_in_shows_the_token_nowhere(
    demo: DemoServer, set_up: SetUp, page: Page
) -> None:
    with set_up(demo.address).listen() as loopback:
        text = sign_in_with(page, loopback)
        assert page.evaluate("location.href") == landing_of(loopback)
        assert page.evaluate("document.referrer") == ""
        assert text not in page.content()
        assert text not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        # What the back button, the list behind it, and a tab that is opened again after a restart go by.
        entries = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
        assert len(entries) == page.evaluate("history.length") > 1
        assert text not in str(entries)


@pytest.mark.browser
def test_going_back_and_forth_brings_the_token_back_to_nobody(demo: DemoServer, set_up: SetUp, page: Page) -> None:
    with set_up(demo.address).listen() as loopback:
        text = sign_in_with(page, loopback)
        assert happens(lambda: not is_listening(loopback.port))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.go_back()
        with suppress(Exception):  # nobody listens there any more
            page.go_forward()
        assert landing_of(loopback) in asked
        assert text not in str(asked)


EMBED = """async ([good, wrong]) => {
  const made = (name, source, address) => new Promise(resolve => {
    const element = document.createElement(name);
    element.onload = element.onerror = () => resolve(name);
    element[source] = address;
    document.body.append(element);
    setTimeout(resolve, 3000, name + " without a word");
  });
  const asked = options => fetch(good, options).then(() => "fetched", () => "refused");
  const opened = window.open(wrong);
  const done = await Promise.all([
    made("iframe", "src", good), made("img", "src", good), made("script", "src", good), made("embed", "src", good),
    made("object", "data", good), made("video", "src", good),
    asked({}), asked({mode: "no-cors"}), asked({method: "POST", mode: "no-cors", body: "x"}),
  ]);
  navigator.sendBeacon(good, "x");
  return done;
}"""


@pytest.mark.browser
def test_a_page_of_another_origin_achieves_nothing_even_if_it_knew_the_path(
    loopback: Loopback, listen: Listen, page: Page
) -> None:
    theirs = listen(answers("<!doctype html><body><h1>Evil</h1>", content_type="text/html"))
    good = with_token(loopback, OTHER)
    secret = urlsplit(good).path.split("/")[1]
    page.goto(theirs.address)
    asked: set[str] = set()
    answered: set[int] = set()
    page.context.on("request", lambda request: asked.add(request.resource_type))
    page.context.on("response", lambda response: answered.add(response.status))
    with page.context.expect_page() as opened:
        page.evaluate(EMBED, [good, good.replace(secret, secret[::-1])])
    opened.value.get_by_role("heading", name="Nothing here").wait_for()
    assert {"document", "image", "script", "media", "fetch", "ping"} <= asked
    assert answered == {404, 501}
    still_works(loopback)


@pytest.mark.browser
def test_a_frame_of_another_origin_shows_nothing_of_the_landing(loopback: Loopback, listen: Listen, page: Page) -> None:
    frame = f'<!doctype html><iframe src="{landing_of(loopback)}"></iframe>'
    page.goto(listen(answers(frame, content_type="text/html")).address)
    assert page.frames[-1].url.startswith("chrome-error:")
    still_works(loopback)


@pytest.fixture
def profile(browser: Browser, tmp_path: Path) -> Iterator[tuple[BrowserContext, Path]]:
    """A browser as a person has it, which remembers from day to day, and the folder in which it does."""
    folder = tmp_path / "profile"
    context = browser.browser_type.launch_persistent_context(
        folder, executable_path=installed(), args=[*FLAGS, "--no-sandbox"]
    )
    context.set_default_timeout(10_000)
    yield context, folder
    context.close()


@pytest.mark.browser
def test_what_a_browser_remembers_of_a_sign_in_opens_nothing_any_more(
    demo: DemoServer, set_up: SetUp, profile: tuple[BrowserContext, Path]
) -> None:
    # Its history on disk keeps every address that a redirect led to, whatever the landing answers, and its cache keeps
    # the server's own redirect. So the token that went through the browser has to be a dead one a moment later.
    context, folder = profile
    setup = set_up(demo.address)
    with setup.listen() as loopback:
        text = sign_in_with(context.new_page(), loopback)
        assert setup.signed_in(Token(text)).step("token").state == "done"
    context.close()
    remembered = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert text.encode() in remembered
    assert demo.world.token(text) is None
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    keys = [token.text for _key, token in demo.world.keys_of(user)]
    assert len(keys) == 2
    assert not any(key.encode() in remembered for key in keys)
