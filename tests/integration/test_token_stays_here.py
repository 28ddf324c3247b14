"""The token goes to the chosen server and to the data server that this one names; proved at everybody's socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from cave_setup import Setup, errors
from cave_setup.models import DatastackRecord, ServerAddress
from integration.conftest import SECRET, cave_routes
from integration.listeners import answers, by_path, redirects, says
from integration.test_auth_server import QUESTIONS, STACK, WITH_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup.auth_server import AuthServer
    from integration.conftest import Connect, Listen, Remote
    from integration.test_auth_server import Question

OTHERS_PASSWORD = "0ddba11"


@pytest.fixture
def netrc(home: Path) -> Path:
    """What a person keeps for other programs: passwords for this very host, and for all others."""
    file = home / ".netrc"
    file.write_text(
        f"machine 127.0.0.1 login ada password {OTHERS_PASSWORD}\ndefault login ada password {OTHERS_PASSWORD}\n"
    )
    file.chmod(0o600)
    return file


# ------------------------------------------------------------------------------------------------------ redirects


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_redirect_to_another_host_is_not_followed(
    listen: Listen, connect: Connect, question: Question, status: str
) -> None:
    elsewhere = listen(says({"id": 666}))
    there = listen(answers("", status, headers=(f"Location: {elsewhere.address}/login",)))
    with pytest.raises(errors.LoginRedirect, match=r"\(127\.0\.0\.1\)"):
        question(connect(there.address), SECRET)
    assert elsewhere.accepted == 0
    assert len(there.requests) == 1


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_redirect_on_the_same_host_is_not_followed(listen: Listen, connect: Connect, question: Question) -> None:
    there = listen(by_path({"/": redirects("/login"), "/login": says({"id": 666})}))
    with pytest.raises(errors.LoginRedirect):
        question(connect(there.address), SECRET)
    assert all(request.path != "/login" for request in there.requests)


def test_a_redirect_says_where_it_led(listen: Listen, connect: Connect) -> None:
    there = listen(redirects("https://sso.university.example/very/long?session=abc"))
    with pytest.raises(errors.LoginRedirect) as caught:
        connect(there.address).account(SECRET)
    assert "(sso.university.example)" in caught.value.sentence
    assert "session" not in str(caught.value)


# ----------------------------------------------------------------------------------------- the data server's name

HOSTILE_RECORDS: dict[str, object] = {
    "plain http on another host": "http://data.example",
    "no address": "not an address",
    "empty": "",
    "null": None,
    "a number": 5,
    "a list": ["https://data.example"],
    "an address with a password": "https://ada:pw@data.example",
    "another scheme": "file:///etc/passwd",
    "a host behind an @": "https://cave.example@data.example",
    "a line break": "https://data.example\r\nX-Evil: 1",
    "a port that is none": "https://data.example:99999",
}


@pytest.mark.parametrize("named", HOSTILE_RECORDS.values(), ids=HOSTILE_RECORDS)
def test_a_data_server_that_may_not_have_the_token_is_not_asked(
    remote: Remote, connect: Connect, named: object
) -> None:
    remote.routes.update(cave_routes(named))
    with pytest.raises(errors.UnexpectedAnswer, match="no usable data server"):
        connect(remote.address).access(SECRET, STACK)
    assert remote.data.accepted == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.0.0.2", "127.1", "0.0.0.0", "2130706433"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_remote_server_cannot_have_the_token_sent_to_a_program_on_this_computer(
    remote: Remote, connect: Connect, listen: Listen, host: str, scheme: str
) -> None:
    here = listen(says([1]))
    remote.routes.update(cave_routes(f"{scheme}://{host}:{here.port}"))
    with pytest.raises(errors.UnexpectedAnswer, match="no usable data server"):
        connect(remote.address).access(SECRET, STACK)
    assert here.accepted == 0


def test_a_full_check_tells_the_token_to_the_two_servers_and_to_nobody_else(
    remote: Remote, listen: Listen, netrc: Path
) -> None:
    here = listen(says([1]))
    setup = Setup(remote.address, variables={})
    status = setup.use_token(SECRET.reveal())
    assert status.step("ready").summary.startswith("minnie65_public: 3 versions readable")
    setup.close()
    assert SECRET.reveal() in remote.cave.heard
    assert SECRET.reveal() in remote.data.heard
    assert SECRET.reveal() not in remote.heard_in_clear
    assert here.accepted == 0


def test_a_data_server_that_redirects_gets_no_further(listen: Listen, connect: Connect) -> None:
    elsewhere = listen(says([1]))
    data = listen(redirects(f"{elsewhere.address}/materialize"))
    record = DatastackRecord(STACK, ServerAddress(data.address))
    with pytest.raises(errors.LoginRedirect):
        connect(listen(says({})).address).versions(SECRET, record)
    assert elsewhere.accepted == 0


# ------------------------------------------------------------------------------------------- what a request carries


@pytest.mark.parametrize("question", WITH_TOKEN.values(), ids=WITH_TOKEN)
def test_each_request_carries_exactly_the_token_whatever_netrc_says(
    listen: Listen, connect: Connect, netrc: Path, question: Question
) -> None:
    there = listen(answers("", "404 Not Found"))
    with pytest.raises(errors.ServerError):
        question(connect(there.address), SECRET)
    assert [request.header("Authorization") for request in there.requests] == [f"Bearer {SECRET.reveal()}"]
    # Makes it "programmatic": else the server would answer with a redirect to its sign-in page (WIRE section 3).
    assert all(request.header("X-Requested-With") for request in there.requests)


def test_the_question_that_needs_no_token_carries_no_credentials_at_all(
    listen: Listen, connect: Connect, netrc: Path
) -> None:
    there = listen(answers("neuroglance_auth -- version 2.30.3", content_type="text/html"))
    assert connect(there.address).version() == "2.30.3"
    assert [request.header("Authorization") for request in there.requests] == [None]
    assert OTHERS_PASSWORD not in there.heard


def test_netrc_is_what_would_have_been_sent_otherwise(listen: Listen, netrc: Path) -> None:
    # Shows that the two tests above look at a real danger: an ordinary request does send it.
    there = listen(says({}))
    with requests.Session() as session:
        session.get(there.address, timeout=5)
    assert (there.requests[0].header("Authorization") or "").startswith("Basic ")


def test_cookies_of_the_server_are_neither_kept_nor_sent_back(listen: Listen, connect: Connect) -> None:
    cookie = f"Set-Cookie: middle_auth_token={SECRET.reveal()}; Path=/"
    session = "Set-Cookie: session=abc; Path=/; HttpOnly"
    there = listen(answers('{"id": 1, "missing_tos": []}', headers=(cookie, session)))
    server = connect(there.address)
    server.account(SECRET)
    server.account(SECRET)
    with pytest.raises(errors.ServerError):
        server.keys(SECRET)
    assert [request.header("Cookie") for request in there.requests] == [None, None, None]
    assert list(server._exchange._session.cookies) == []


def test_the_token_is_in_no_address_except_where_its_days_are_asked_for(listen: Listen, connect: Connect) -> None:
    there = listen(answers("", "404 Not Found"))
    server = connect(there.address)
    for name, question in WITH_TOKEN.items():
        with pytest.raises(errors.ServerError):
            question(server, SECRET)
        assert (SECRET.reveal() in there.requests[-1].path) == (name == "seconds_left")


def test_a_header_that_says_demo_is_believed_on_this_computer_only(remote: Remote, connect: Connect) -> None:
    # A server elsewhere that calls itself the demo must not get the demo's looser rules (DESIGN section 4.8).
    remote.routes["/auth/version"] = answers("version 1", headers=("X-CAVE-Demo: 1",))
    server = connect(remote.address)
    assert server.version() == "1"
    assert not server.says_it_is_a_demo


# ------------------------------------------------------------------ a demo behind the page's own Jupyter server


def _saying(listen: Listen, connect: Connect, path: str, *, is_demo: bool = True) -> AuthServer:
    """A server on this computer that says at which path a browser finds it."""
    headers = (f"X-CAVE-Demo-Browser: {path}", *(["X-CAVE-Demo: 1"] if is_demo else []))
    server = connect(listen(answers("version 1", headers=headers)).address)
    server.version()
    return server


def test_a_demo_may_be_on_the_pages_own_server(listen: Listen, connect: Connect) -> None:
    server = _saying(listen, connect, "/user/ada/proxy/40123")
    assert server.sign_in_page() == "/user/ada/proxy/40123/sticky_auth/api/v1/authorize"
    assert "/" in server.origins
    # The tab comes from the page's server, or from this very computer, and goes on as it came.
    through = server.sign_in_page("https://hub.example/user/ada/proxy/50000/secret/signed-in")
    assert through.startswith("https://hub.example/user/ada/proxy/40123/sticky_auth/")
    assert server.sign_in_page("http://127.0.0.1:50000/secret/signed-in").startswith(server.address.url)


@pytest.mark.parametrize(
    "path",
    [
        "//elsewhere.example/user/ada",
        "/\\elsewhere.example",
        "/user//elsewhere",
        "https://elsewhere.example",
        "javascript:alert(1)",
        "/user/ada/?x=",
        "/\telsewhere.example",
        "",
    ],
)
def test_what_a_browser_could_take_for_another_host_is_not_believed(
    listen: Listen, connect: Connect, path: str
) -> None:
    server = _saying(listen, connect, path)
    assert server.browser_address == server.address.url
    assert "/" not in server.origins


def test_nobody_but_a_demo_may_be_on_the_pages_own_server(listen: Listen, connect: Connect) -> None:
    server = _saying(listen, connect, "/user/ada/proxy/40123", is_demo=False)
    assert server.browser_address == server.address.url
    assert "/" not in server.origins
