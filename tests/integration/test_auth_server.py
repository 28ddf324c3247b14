"""`AuthServer` over real sockets: each fault has a name of its own, and none is taken for a word about the token."""

from __future__ import annotations

import gzip
import socket
import ssl
import sys
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from cave_setup import errors
from cave_setup.auth_server import AuthServer
from cave_setup.demo import DemoServer
from cave_setup.models import (
    Account,
    DatastackRecord,
    PermissionMissing,
    ServerAddress,
    Terms,
    TermsOpen,
    Token,
    TokenRefused,
    UnknownDatastack,
)
from integration import listeners
from integration.conftest import SECRET, cave_routes
from integration.listeners import answers, by_path, redirects, says

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integration.conftest import Connect, Listen, Remote
    from integration.listeners import Behaviour

    Question = Callable[[AuthServer, Token], object]

PAGE = "<!DOCTYPE html><html><body>Welcome to the guest network</body></html>"
STACK = "minnie65_public"


def _versions(server: AuthServer, token: Token) -> object:
    return server.versions(token, DatastackRecord(STACK, server.address))


WITH_TOKEN: dict[str, Question] = {
    "account": lambda server, token: server.account(token),
    "missing_terms": lambda server, token: server.missing_terms(token),
    "keys": lambda server, token: server.keys(token),
    "seconds_left": lambda server, token: server.seconds_left(token),
    "access": lambda server, token: server.access(token, STACK),
    "versions": _versions,
    "datastacks": lambda server, token: server.datastacks(token),
    "rights": lambda server, token: server.rights(token),
}
QUESTIONS: dict[str, Question] = {
    "version": lambda server, token: server.version(),
    "dataset_of": lambda server, token: server.dataset_of(token, STACK),
    **WITH_TOKEN,
}

# What somebody on the way, or a broken server, does; and what the person is told.
FAULTS: dict[str, tuple[Behaviour, type[errors.ServerError]]] = {
    "reset": (listeners.resets, errors.ConnectionRefused),
    "reset in mid-answer": (listeners.resets_in_mid_answer, errors.ConnectionRefused),
    "closed in mid-answer": (listeners.closes_in_mid_answer, errors.ConnectionRefused),
    "closed in mid-chunk": (listeners.closes_in_mid_chunk, errors.ConnectionRefused),
    "guest network's page": (answers(PAGE, content_type="text/html"), errors.NotJson),
    "page that calls itself JSON": (answers(PAGE), errors.NotJson),
    "page after a comment": (answers("<!-- portal --><html><title>x</title></html>"), errors.NotJson),
    "page behind a log-in (401)": (answers(PAGE, "401 Unauthorized", "text/html"), errors.NotJson),
    "page that forbids (403)": (answers(PAGE, "403 Forbidden", "text/html"), errors.NotJson),
    "log-in to the network wanted (511)": (
        answers(PAGE, "511 Network Authentication Required", "text/html"),
        errors.NotJson,
    ),
    "log-in page on another host": (redirects("https://login.guest-network.example/?x=1"), errors.LoginRedirect),
    "log-in page on the same host": (redirects("/login"), errors.LoginRedirect),
    "redirect to nowhere": (answers("", "302 Found"), errors.LoginRedirect),
    "redirect to no address": (redirects("http://[not-an-address/"), errors.LoginRedirect),
    "permanent redirect": (
        answers("", "308 Permanent Redirect", headers=("Location: https://cave.example/",)),
        errors.LoginRedirect,
    ),
    "server error with a page": (answers(PAGE, "500 Internal Server Error", "text/html"), errors.ServerBroken),
    "server error in JSON": (says({"message": "boom"}, "503 Service Unavailable"), errors.ServerBroken),
    "not HTTP": (lambda connection, request: connection.send(b"220 mail.example ESMTP\r\n"), errors.ServerError),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(("behave", "kind"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_and_says_nothing_about_the_token(
    listen: Listen, connect: Connect, behave: Behaviour, kind: type[errors.ServerError], question: Question
) -> None:
    there = listen(behave)
    with pytest.raises(kind) as caught:
        question(connect(there.address), SECRET)
    assert there.netloc in caught.value.sentence
    assert caught.value.remedy.endswith(".")
    assert caught.value.host == there.netloc


@pytest.mark.parametrize("question", WITH_TOKEN.values(), ids=WITH_TOKEN)
@pytest.mark.parametrize(
    "body",
    [
        '{"id": 7, "name": "Ad',
        "",
        "nothing",
        "null",
        '"text"',
        '{"id": 7, "name": "Ada"}'.encode("utf-16"),
        b'{"\xff"}',
    ],
    ids=["cut off", "empty", "no JSON", "null", "text", "UTF-16", "not UTF-8"],
)
def test_an_answer_that_cannot_be_read_is_no_statement_about_the_token(
    listen: Listen, connect: Connect, body: str | bytes, question: Question
) -> None:
    there = listen(answers(body))
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        question(connect(there.address), SECRET)
    assert there.netloc in caught.value.sentence


@pytest.mark.parametrize("error", [[], {}, None, "other"], ids=str)
def test_a_401_that_is_not_the_servers_own_says_nothing_about_the_token(
    listen: Listen, connect: Connect, error: object
) -> None:
    there = listen(says({"error": error}, "401 Unauthorized"))
    with pytest.raises(errors.UnexpectedAnswer):
        connect(there.address).terms_text(SECRET, 2)


def test_a_text_of_terms_can_be_sent_on_whatever_is_in_it(listen: Listen, connect: Connect) -> None:
    text = f"I agree\r\n\tto \ud800 \x1b[2J\x00 {SECRET.reveal()}"
    there = listen(says([{"id": 2, "text": text}]))
    found = connect(there.address).terms_text(SECRET, 2)
    assert found == "I agree\r\n\tto � �[2J� ····d0d8"


@pytest.mark.parametrize("host", [SECRET.reveal(), "a\x1b]0;x\x07b", "x" * 300, "é.example"])
def test_where_a_redirect_led_is_said_only_if_it_is_a_name(listen: Listen, connect: Connect, host: str) -> None:
    with pytest.raises(errors.LoginRedirect, match="to another page instead"):
        connect(listen(redirects(f"http://{host}/")).address).account(SECRET)


# --------------------------------------------------------------------------------------------- no way to the server


def test_a_name_that_does_not_exist_is_called_that(connect: Connect) -> None:
    with pytest.raises(errors.NameLookupFailed, match=r"something\.invalid was not found"):
        connect("https://something.invalid").account(SECRET)


def test_a_name_that_cannot_exist_is_called_that(connect: Connect) -> None:
    with pytest.raises(errors.NameLookupFailed):
        connect(f"https://{'a' * 64}.example.org").account(SECRET)


def test_a_closed_port_has_refused(connect: Connect, closed_port: int) -> None:
    with pytest.raises(errors.ConnectionRefused, match=rf"127\.0\.0\.1:{closed_port} was found, but it refused"):
        connect(f"http://127.0.0.1:{closed_port}").account(SECRET)


@pytest.mark.skipif(sys.platform != "linux", reason="fills the queue of a listening socket, as Linux lets one")
def test_a_server_that_takes_no_connection_is_too_slow(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as bell:
        waiting = []
        try:
            for _ in range(3):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(bell.getsockname())
                waiting.append(one)
            began = time.monotonic()
            with pytest.raises(errors.ServerTimeout):
                connect(f"http://127.0.0.1:{bell.getsockname()[1]}", (0.3, 5.0)).account(SECRET)
            assert time.monotonic() - began < 4.5
        finally:
            for one in waiting:
                one.close()


# ------------------------------------------------------------------------------------------------ never without end

SLOW: dict[str, Behaviour] = {
    "silent": listeners.hangs,
    "a byte of the body at a time": listeners.drips_the_body,
    "a byte of the head at a time": listeners.drips_the_head,
    "asks for patience again and again": listeners.says_wait_for_ever,
}


def _ask_beside(server: AuthServer, seconds: float) -> tuple[threading.Thread, list[BaseException]]:
    """Ask in a thread, so that a request without an end fails its test instead of stopping all tests."""
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            server.account(SECRET)
        except errors.ServerError as error:
            raised.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout=seconds)
    return thread, raised


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW)
def test_a_slow_server_costs_no_more_than_the_time_it_is_given(
    listen: Listen, connect: Connect, behave: Behaviour
) -> None:
    thread, raised = _ask_beside(connect(listen(behave).address, (0.3, 0.7)), 2.5)
    assert not thread.is_alive()
    assert [type(error) for error in raised] == [errors.ServerTimeout]


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW)
def test_a_slow_server_behind_tls_and_a_proxy_costs_no_more_either(
    remote: Remote, connect: Connect, behave: Behaviour
) -> None:
    remote.routes["/auth/api/v1/user/cache"] = behave
    thread, raised = _ask_beside(connect(remote.address, (0.5, 0.7)), 3.0)
    assert not thread.is_alive()
    assert [type(error) for error in raised] == [errors.ServerTimeout]


def test_a_proxy_that_does_not_say_whether_it_has_connected_is_not_waited_for(
    listen: Listen, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for behave in (listeners.hangs, listeners.drips_the_head):
        monkeypatch.setenv("HTTPS_PROXY", listen(behave).address)
        thread, raised = _ask_beside(connect("https://cave.example", (0.4, 0.4)), 2.5)
        assert not thread.is_alive()
        assert len(raised) == 1


@pytest.mark.parametrize("way", ["directly", "through a proxy and TLS"])
def test_who_waits_for_an_answer_is_let_go_at_once_by_closing(remote: Remote, listen: Listen, way: str) -> None:
    remote.routes["/auth/api/v1/user/cache"] = listeners.hangs
    there = listen(listeners.hangs) if way == "directly" else remote.cave
    address = there.address if way == "directly" else remote.address
    server = AuthServer(ServerAddress(address), 30.0, 30.0)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            server.account(SECRET)
        except errors.ServerError as error:
            raised.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not there.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    server.close()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert len(raised) == 1  # whatever it is called: nobody is there to read it
    with pytest.raises(errors.ServerError):
        server.version()
    assert len(there.requests) == 1


ENDLESS: dict[str, tuple[Behaviour, type[errors.ServerError]]] = {
    "body": (listeners.never_ends, errors.UnexpectedAnswer),
    "body in chunks": (listeners.never_ends_in_chunks, errors.UnexpectedAnswer),
    "error page": (listeners.fails_without_end, errors.ServerError),
    "redirect": (listeners.redirects_without_end, errors.ServerError),
}


@pytest.mark.parametrize(("behave", "kind"), ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_is_left_early(
    listen: Listen, connect: Connect, behave: Behaviour, kind: type[errors.ServerError]
) -> None:
    there = listen(behave)
    thread, raised = _ask_beside(connect(there.address, (0.5, 1.5)), 4)
    there.__exit__(None, None, None)  # lets go of a client that would go on reading
    thread.join(timeout=4)
    assert there.bytes_sent < 30_000_000
    assert [isinstance(error, kind) for error in raised] == [True]


def test_a_compressed_answer_does_not_fill_the_memory(listen: Listen, connect: Connect) -> None:
    bomb = gzip.compress(b" " * 150_000_000)
    server = connect(listen(answers(bomb, headers=("Content-Encoding: gzip",))).address)
    tracemalloc.start()
    try:
        with pytest.raises(errors.UnexpectedAnswer):
            server.account(SECRET)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


def test_a_compressed_answer_is_read(listen: Listen, connect: Connect) -> None:
    body = gzip.compress(b'{"id": 7, "name": "Ada", "email": "ada@example.org", "missing_tos": []}')
    server = connect(listen(answers(body, headers=("Content-Encoding: gzip",))).address)
    assert server.account(SECRET) == Account(7, "Ada", "ada@example.org")


# -------------------------------------------------------------------------------------------------- certificates


@pytest.fixture
def over_tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, file


def test_a_certificate_that_nobody_vouches_for_is_not_accepted_and_nothing_is_sent(
    over_tls: tuple[ssl.SSLContext, Path], connect: Connect
) -> None:
    with DemoServer(ssl_options=over_tls[0]) as demo:
        with pytest.raises(errors.TlsFailed, match="its certificate was not accepted"):
            connect(demo.address).account(SECRET)
        assert demo.requests.entries() == []


def test_a_certificate_for_another_name_is_not_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("cave.example").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with DemoServer(ssl_options=context) as demo:
        with pytest.raises(errors.TlsFailed):
            connect(demo.address).account(SECRET)
        assert demo.requests.entries() == []


def test_the_remedy_for_an_inspected_network_works(
    over_tls: tuple[ssl.SSLContext, Path], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(over_tls[1]))
    with DemoServer(ssl_options=over_tls[0]) as demo:
        assert connect(demo.address).version() == "2.30.3"


def test_a_mistyped_certificate_file_is_called_that(
    over_tls: tuple[ssl.SSLContext, Path], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TlsFailed tells people to set this variable, so people will mistype it.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    with DemoServer(ssl_options=over_tls[0]) as demo, pytest.raises(errors.TlsFailed):
        connect(demo.address).account(SECRET)


HANDSHAKES: dict[str, tuple[bytes, type[errors.ServerError]]] = {
    "plain http": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", errors.TlsFailed),
    "a page of plain http": (b"HTTP/1.1 200 OK\r\n\r\n" + PAGE.encode(), errors.TlsFailed),
    "hangs up": (b"", errors.ServerError),
}


@pytest.mark.parametrize(("reply", "kind"), HANDSHAKES.values(), ids=HANDSHAKES)
def test_a_port_that_does_not_speak_https_is_told_no_token(
    connect: Connect, reply: bytes, kind: type[errors.ServerError]
) -> None:
    arrived = bytearray()

    def serve() -> None:
        taken, _ = bell.accept()
        with taken:
            arrived.extend(taken.recv(65_536))
            taken.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as bell:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(kind):
            connect(f"https://127.0.0.1:{bell.getsockname()[1]}").account(SECRET)
        thread.join()
    assert arrived
    assert SECRET.reveal().encode() not in arrived


# -------------------------------------------------------------------------------------------------------- proxies

PROXY_ANSWERS: dict[str, Behaviour] = {
    "wants a log-in (407)": answers(PAGE, "407 Proxy Authentication Required", "text/html"),
    "finds no way (502)": answers(PAGE, "502 Bad Gateway", "text/html"),
    "forbids (403)": answers(PAGE, "403 Forbidden", "text/html"),
}


@pytest.mark.parametrize("behave", PROXY_ANSWERS.values(), ids=PROXY_ANSWERS)
def test_a_proxy_in_the_way_is_named_and_sees_no_token(
    listen: Listen, connect: Connect, monkeypatch: pytest.MonkeyPatch, behave: Behaviour
) -> None:
    proxy = listen(behave)
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)
    with pytest.raises(errors.ProxyFailed, match=r"The proxy .* cave\.example"):
        connect("https://cave.example").account(SECRET)
    assert [request.method for request in proxy.requests] == ["CONNECT"]
    assert SECRET.reveal() not in proxy.heard


def test_a_proxy_that_breaks_is_no_statement_about_the_token(
    listen: Listen, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = listen(listeners.resets)
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)
    with pytest.raises(errors.ServerError):
        connect("https://cave.example").account(SECRET)
    assert SECRET.reveal() not in proxy.heard


UNUSABLE_PROXIES = {
    "closed port": "http://127.0.0.1:{port}",
    "host that does not exist": "http://proxy.invalid:3128",
    "not an address": "http://:::",
    "no scheme that is known": "gopher://127.0.0.1:{port}",
    "SOCKS": "socks5://127.0.0.1:{port}",
}


@pytest.mark.parametrize("address", UNUSABLE_PROXIES.values(), ids=UNUSABLE_PROXIES)
def test_a_proxy_that_cannot_be_used_is_named(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, closed_port: int, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address.format(port=closed_port))
    with pytest.raises(errors.ProxyFailed, match="HTTPS_PROXY"):
        connect("https://cave.example").account(SECRET)


def test_a_proxy_that_works_is_used_and_sees_no_token(remote: Remote, connect: Connect) -> None:
    server = connect(remote.address)
    assert server.account(SECRET) == Account(7, "Ada", "ada@example.org")
    record = server.access(SECRET, STACK)
    assert record == DatastackRecord(STACK, ServerAddress(remote.data_address))
    assert server.versions(SECRET, record) == (1, 2, 3)
    assert SECRET.reveal() in remote.data.heard
    assert {request.path for request in remote.proxy.requests} == {"cave.example:443", "data.example:443"}
    assert SECRET.reveal() not in remote.heard_in_clear


def test_no_proxy_is_heeded(
    demo: DemoServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert connect(demo.address).version() == "2.30.3"


def test_a_server_on_this_computer_is_never_asked_through_a_proxy(
    listen: Listen, demo: DemoServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Plain http is allowed on loopback only because nothing leaves this computer; a proxy would be somewhere else.
    proxy = listen(says({"id": 1}))
    monkeypatch.setenv("HTTP_PROXY", proxy.address)
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("ALL_PROXY", proxy.address)
    assert connect(demo.address).account(SECRET) == TokenRefused()
    assert SECRET.reveal() not in proxy.heard
    assert proxy.requests == []


# -------------------------------------------------------------------------------- what the server says, and how odd


def test_the_server_of_the_demo_answers_all_questions(demo: DemoServer, connect: Connect, ada: str) -> None:
    server, token = connect(demo.address), Token(ada)
    assert server.version() == "2.30.3"
    account = server.account(token)
    assert isinstance(account, Account)
    assert (account.name, account.email, account.missing_terms) == ("Ada Lovelace", "ada@example.org", ())
    assert server.missing_terms(token) == ()
    keys = server.keys(token)
    assert isinstance(keys, tuple)
    assert [(key.token, key.description) for key in keys] == [(token, "Ada's laptop")]
    assert server.seconds_left(token) == -1
    record = server.access(token, STACK)
    assert record == DatastackRecord(STACK, ServerAddress(demo.data_address))
    versions = server.versions(token, record)
    assert isinstance(versions, tuple)
    assert len(versions) == 12
    assert server.says_it_is_a_demo


def test_refusals_of_the_demo_are_values(demo: DemoServer, connect: Connect, ada: str, grace: str) -> None:
    server = connect(demo.address)
    for name in ("account", "missing_terms", "keys", "access"):
        assert WITH_TOKEN[name](server, SECRET) == TokenRefused()
    terms = Terms(2, "MICrONS Public", STACK, f"{demo.address}/sticky_auth/api/v1/tos/2/accept")
    record = DatastackRecord(STACK, ServerAddress(demo.data_address))
    assert server.versions(SECRET, record) == TokenRefused()
    assert server.access(Token(grace), STACK) == TermsOpen(terms)
    assert server.versions(Token(grace), record) == TermsOpen(terms)
    assert server.access(Token(ada), "private_stack") == PermissionMissing("view", "private_stack")
    assert server.access(Token(ada), "no_such_stack") == UnknownDatastack("no_such_stack")


def test_a_plain_text_403_of_a_service_is_about_rights_and_not_about_the_token(
    listen: Listen, connect: Connect
) -> None:
    server = connect(listen(answers("Requires admin privilege.", "403 FORBIDDEN", "text/html")).address)
    assert server.access(SECRET, STACK) == PermissionMissing("", STACK)
    with pytest.raises(errors.UnexpectedAnswer):
        server.account(SECRET)


def test_a_401_in_words_of_somebody_else_is_no_refused_token(listen: Listen, connect: Connect) -> None:
    # CAVE says so in JSON, with `error` (WIRE section 3); a gateway's own 401 knows nothing of the token.
    server = connect(listen(answers("Authentication required", "401 Unauthorized", "text/plain")).address)
    for question in WITH_TOKEN.values():
        with pytest.raises(errors.ServerError):
            question(server, SECRET)


DEEP = "[" * 100_000 + "]" * 100_000
ODD: dict[str, Any] = {
    "null": "null",
    "a list": "[]",
    "an object": "{}",
    "text": '"x"',
    "infinity": "1e999",
    "not a number": "NaN",
    "a number without end": "9" * 5000,
    "deep": DEEP,
}
ACCOUNT = '{{"id": {id}, "name": "Ada", "email": "a@example.org", "missing_tos": {missing}}}'
KEY = '[{{"id": {id}, "token": {token}, "description": "laptop"}}]'


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_field_of_another_type_is_an_unexpected_answer(listen: Listen, connect: Connect, odd: str) -> None:
    bodies: list[tuple[str, str]] = [
        ("account", ACCOUNT.format(id=odd, missing="[]")),
        ("account", ACCOUNT.format(id=1, missing=f"[{odd}]")),
        ("account", ACCOUNT.format(id=1, missing=f'[{{"tos_id": {odd}}}]')),
        ("missing_terms", f"[{odd}]"),
        ("missing_terms", f'[{{"tos_id": {odd}}}]'),
        ("keys", f"[{odd}]"),
        ("keys", KEY.format(id=odd, token=f'"{SECRET.reveal()}"')),
        ("keys", KEY.format(id=1, token=odd)),
        ("versions", f"[{odd}]"),
        ("access", f'{{"local_server": {odd}}}'),
    ]
    for name, body in bodies:
        there = listen(answers(body))
        with pytest.raises(errors.UnexpectedAnswer) as caught:
            WITH_TOKEN[name](connect(there.address), SECRET)
        assert there.netloc in caught.value.sentence, (name, body[:80])


@pytest.mark.parametrize("odd", ['{"2": "MICrONS"}', '"none"', "true", "1"], ids=["object", "text", "true", "number"])
def test_a_list_of_terms_that_is_none_does_not_count_as_nothing_left_to_accept(
    listen: Listen, connect: Connect, odd: str
) -> None:
    server = connect(listen(answers(ACCOUNT.format(id=1, missing=odd))).address)
    with pytest.raises(errors.UnexpectedAnswer):
        server.account(SECRET)


def test_text_of_another_type_never_breaks_reading(listen: Listen, connect: Connect) -> None:
    # From just readable to just not: text is made of a nested value a few calls further down than it was parsed.
    limit = sys.getrecursionlimit()
    for depth in [*range(limit - 160, limit + 5, 3), 4_000, 9_000]:
        nested = "[" * depth + "]" * depth
        body = f'{{"id": 7, "name": {nested}, "email": 5, "missing_tos": []}}'
        record = f'{{"error": "missing_permission", "data": {{"auth_dataset": {nested}}}}}'
        server = connect(listen(by_path({"/auth": answers(body), "/info": answers(record, "403 FORBIDDEN")})).address)
        for question in (WITH_TOKEN["account"], WITH_TOKEN["access"]):
            try:
                found = question(server, SECRET)
            except errors.UnexpectedAnswer:
                continue
            assert isinstance(found, Account | PermissionMissing)


def test_names_from_the_server_become_one_short_line(listen: Listen, connect: Connect) -> None:
    name = "Ada\r\n\tLovelace <script>" + "x" * 5000
    routes = {
        **cave_routes(None),
        "/auth/api/v1/user/cache": says({"id": 7, "name": name, "email": None, "missing_tos": []}),
    }
    account = connect(listen(by_path(routes)).address).account(SECRET)
    assert isinstance(account, Account)
    assert account.name.startswith("Ada Lovelace <script>xx")
    assert len(account.name) <= 200
    assert account.email == ""


def test_terms_of_several_data_sets_come_once(listen: Listen, connect: Connect) -> None:
    entries = [
        {"tos_id": 2, "tos_name": "MICrONS", "dataset_name": "minnie65_public"},
        {"tos_id": 3, "tos_name": "Other", "dataset_name": "other"},
        {"tos_id": 2, "tos_name": "MICrONS", "dataset_name": "minnie65_more"},
    ]
    found = connect(listen(says(entries)).address).missing_terms(SECRET)
    assert isinstance(found, tuple)
    assert [(terms.id, terms.dataset) for terms in found] == [(2, "minnie65_public"), (3, "other")]


def test_a_datastack_with_odd_characters_stays_one_part_of_the_address(listen: Listen, connect: Connect) -> None:
    there = listen(says({"error": "invalid_table_id"}, "400 BAD REQUEST"))
    assert connect(there.address).access(SECRET, "../a?b#c") == UnknownDatastack("../a?b#c")
    assert [request.path for request in there.requests] == ["/info/api/v2/datastack/full/..%2Fa%3Fb%23c"]


def test_a_sign_in_token_has_seconds_left(demo: DemoServer, connect: Connect) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    server, token = connect(demo.address), Token(demo.world.sign_in(user).text)
    assert 604_790 <= server.seconds_left(token) <= 604_800
    keys = server.keys(token)
    assert isinstance(keys, tuple)
    assert token not in [key.token for key in keys]
