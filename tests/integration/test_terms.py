"""Terms of service: their text, accepting them because a person said so and only then, and what is a proof of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests

from cave_setup import errors
from cave_setup.demo import DemoServer, ManualClock
from cave_setup.errors import NotJson, NoTokenToActWith, ServerError
from cave_setup.models import Terms, Token, TokenRefused
from integration.conftest import SECRET, assert_shape, cave_routes, read_secrets
from integration.listeners import answers, by_path, says
from integration.test_auth_server import FAULTS
from integration.test_setup import sign_in, states

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup import Setup, Status
    from cave_setup.demo.world import User
    from integration.conftest import Connect, Listen, SetUp
    from integration.listeners import Behaviour, Connection, Request

GRACE = "grace@example.org"
ACCEPT = "/sticky_auth/api/v1/tos"
MISSING = "/auth/api/v1/user/missing"
INFO = "/info/api/v2/datastack/full/minnie65_public"
VERSIONS = "/materialize/api/v3/datastack/minnie65_public/versions"
BREAKS = ("reset", "error-500", "error-502", "captive-redirect")


def person(demo: DemoServer, email: str = GRACE) -> User:
    user = demo.world.user_by_email(email)
    assert user is not None
    return user


def asked(demo: DemoServer) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in demo.requests.entries()]


def open_terms(status: Status) -> list[int]:
    assert_shape(status.as_dict())
    return [terms["id"] for terms in status.as_dict()["missing_terms"]]


@pytest.fixture
def reading(demo: DemoServer, grace: str, set_up: SetUp) -> Setup:
    """Grace, with a key, in front of the terms that stand in her way."""
    setup = set_up(demo.address)
    status = setup.use_token(grace)
    assert open_terms(status) == [2]
    assert status.step("terms").need == "accept-terms"
    demo.requests.clear()
    return setup


# ------------------------------------------------------------------------------------------------------ their text


def test_the_text_is_the_servers_own(demo: DemoServer, reading: Setup) -> None:
    (terms,) = reading.found().missing_terms
    text = reading.terms_text(terms)
    assert text == demo.world.terms[2].text
    assert text.startswith("# Demo terms for the MICrONS public data")
    assert asked(demo) == ["GET /auth/api/v1/tos"]


def test_terms_that_the_server_does_not_know_have_no_text(reading: Setup) -> None:
    assert reading.terms_text(Terms(99, "Other", "other", "https://cave.example/")) == ""


@pytest.mark.parametrize("text", ["", None])
def test_terms_without_a_text_have_none(listen: Listen, connect: Connect, text: str | None) -> None:
    there = listen(says([{"id": 2, "name": "MICrONS Public", "text": text}]))
    assert connect(there.address).terms_text(SECRET, 2) == ""


def test_terms_that_hold_the_token_are_read_without_it(listen: Listen, connect: Connect) -> None:
    there = listen(says([{"id": 2, "name": "MICrONS Public", "text": f"You are {SECRET.reveal()}."}]))
    assert connect(there.address).terms_text(SECRET, 2) == f"You are {SECRET.masked}."


@pytest.mark.parametrize("told", [{"id": 2}, [5], [{"id": "x", "text": "y"}], [{"text": "y"}], "text", None])
def test_a_list_of_terms_that_is_none_is_unexpected(listen: Listen, connect: Connect, told: object) -> None:
    with pytest.raises(errors.UnexpectedAnswer):
        connect(listen(says(told)).address).terms_text(SECRET, 2)


def test_a_token_that_died_reads_nothing_and_is_called_that(demo: DemoServer, grace: str, reading: Setup) -> None:
    (terms,) = reading.found().missing_terms
    token = demo.world.token(grace)
    assert token is not None
    demo.world.end(token)
    with pytest.raises(NoTokenToActWith) as caught:
        reading.terms_text(terms)
    assert caught.value.remedy


def test_without_a_token_there_is_nothing_to_read_or_accept(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    with pytest.raises(NoTokenToActWith):
        setup.terms_text(Terms(2, "MICrONS Public", "minnie65_public", "https://cave.example/"))
    for terms_id in (None, 2):
        with pytest.raises(NoTokenToActWith):
            setup.accept_terms(terms_id)
    assert not any(entry.path.startswith(ACCEPT) for entry in demo.requests.entries())


@pytest.mark.parametrize(("behave", "error"), FAULTS.values(), ids=FAULTS)
def test_a_fault_on_the_way_to_the_text_is_named_and_not_the_tokens(
    listen: Listen, connect: Connect, behave: Behaviour, error: type[ServerError]
) -> None:
    with pytest.raises(error):
        connect(listen(behave).address).terms_text(SECRET, 2)


# A page with 200 is what the server itself answers, too: only what is asked afterwards tells.
NO_ANSWERS = {name: fault for name, fault in FAULTS.items() if "page" not in name or "(" in name or "log-in" in name}


@pytest.mark.parametrize(("behave", "error"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_fault_on_the_way_to_accepting_is_an_error_and_is_not_tried_twice(
    listen: Listen, connect: Connect, behave: Behaviour, error: type[ServerError]
) -> None:
    there = listen(behave)
    with pytest.raises(ServerError):
        connect(there.address).accept_terms(SECRET, 2)
    assert [request.method for request in there.requests] == ["POST"]
    assert SECRET.reveal() not in there.requests[0].path


def test_a_refused_token_is_a_value(demo: DemoServer, connect: Connect) -> None:
    server = connect(demo.address)
    assert server.terms_text(SECRET, 2) == TokenRefused()
    assert server.accept_terms(SECRET, 2) == TokenRefused()


# ------------------------------------------------------------------------------------------------------- accepting


def test_accepting_is_stored_believed_and_takes_three_requests(demo: DemoServer, reading: Setup) -> None:
    status = reading.accept_terms()
    assert person(demo).accepted == {2}
    assert asked(demo) == [f"POST {ACCEPT}/2/accept", f"GET {INFO}", f"GET {VERSIONS}"]
    assert states(status)["terms"] == "done"
    assert open_terms(status) == []
    assert any("Second Public" in note for note in status.step("terms").notes)
    assert status.step("save").need == "save"
    assert reading.save().ready
    assert reading.check().ready


def test_naming_the_terms_does_the_same(demo: DemoServer, reading: Setup) -> None:
    assert states(reading.accept_terms(2))["terms"] == "done"
    assert person(demo).accepted == {2}
    assert len(asked(demo)) == 3


def test_accepting_twice_does_no_harm(demo: DemoServer, reading: Setup) -> None:
    reading.accept_terms(2)
    status = reading.accept_terms(2)
    assert states(status)["terms"] == "done"
    assert person(demo).accepted == {2}
    assert status.facts.problems == {}


def test_where_nothing_stands_in_the_way_nothing_is_accepted(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    person(demo, "ada@example.org").accepted.discard(3)
    demo.requests.clear()
    setup.accept_terms()
    assert not any(entry.method == "POST" for entry in demo.requests.entries())
    assert person(demo, "ada@example.org").accepted == {2}


def test_terms_of_another_data_set_can_be_accepted_by_name(demo: DemoServer, reading: Setup) -> None:
    reading.accept_terms()
    status = reading.accept_terms(3)
    assert person(demo).accepted == {2, 3}
    assert states(status)["terms"] == "done"
    assert status.step("terms").notes == ()
    assert status.account is not None
    assert status.account.missing_terms == ()


def test_accepting_terms_of_another_data_set_leaves_those_in_the_way(demo: DemoServer, reading: Setup) -> None:
    status = reading.accept_terms(3)
    assert person(demo).accepted == {3}
    assert open_terms(status) == [2]
    assert states(status)["terms"] == "current"


def test_terms_that_do_not_exist_are_not_accepted_and_nothing_else_is(demo: DemoServer, reading: Setup) -> None:
    status = reading.accept_terms(99)
    assert person(demo).accepted == set()
    assert states(status)["terms"] == "problem"
    assert "404" in status.step("terms").summary
    assert status.step("terms").remedy
    assert open_terms(status) == [2]
    assert states(reading.accept_terms())["terms"] == "done"


def test_a_token_that_died_accepts_nothing(demo: DemoServer, grace: str, reading: Setup) -> None:
    token = demo.world.token(grace)
    assert token is not None
    demo.world.end(token)
    status = reading.accept_terms()
    assert person(demo).accepted == set()
    assert states(status)["account"] == "problem"
    assert status.step("account").need == "new-token"
    assert status.account is None


def test_with_a_sign_in_token_they_can_be_accepted_as_well(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(sign_in(demo, GRACE))
    status = setup.accept_terms()
    assert states(status)["terms"] == "done"
    assert states(status)["token"] == "problem"
    assert person(demo).accepted == {2}


class TwoTerms:
    """A server whose datastack shows its terms one after the other, as several data sets behind one stack do."""

    def __init__(self) -> None:
        self.accepted: list[int] = []
        self.routes = {
            **cave_routes("http://127.0.0.1:9"),
            "/auth/api/v1/user/cache": self.cache,
            MISSING: self.missing,
            "/info/api/v2/datastack/full/": self.info,
            f"{ACCEPT}/2/accept": self.accept,
            f"{ACCEPT}/3/accept": self.accept,
        }

    @property
    def open(self) -> list[dict[str, object]]:
        every: list[dict[str, object]] = [
            {"tos_id": number, "tos_name": f"Terms no. {number}", "dataset_name": f"data_{number}"} for number in (2, 3)
        ]
        return [one for one in every if one["tos_id"] not in self.accepted]

    def cache(self, connection: Connection, request: Request) -> None:
        says({"id": 7, "name": "Ada", "email": "ada@example.org", "missing_tos": self.open})(connection, request)

    def missing(self, connection: Connection, request: Request) -> None:
        says(self.open)(connection, request)

    def info(self, connection: Connection, request: Request) -> None:
        if self.open:
            says({"error": "missing_tos", "data": self.open[0]}, "403 FORBIDDEN")(connection, request)
        else:
            says({"local_server": "http://127.0.0.1:9"})(connection, request)

    def accept(self, connection: Connection, request: Request) -> None:
        if request.method == "POST":
            self.accepted.append(int(request.path.split("/")[5]))
        answers("<html>Thank you</html>", content_type="text/html")(connection, request)


def test_terms_that_come_one_after_the_other_are_accepted_one_by_one(listen: Listen, set_up: SetUp) -> None:
    server = TwoTerms()
    setup = set_up(listen(by_path(server.routes)).address)
    assert open_terms(setup.use_token(SECRET.reveal())) == [2]
    status = setup.accept_terms()
    assert server.accepted == [2]  # nobody has seen the others yet
    assert open_terms(status) == [3]
    assert states(status)["terms"] == "current"
    assert "Terms no. 3" in status.step("terms").summary
    status = setup.accept_terms()
    assert server.accepted == [2, 3]
    assert open_terms(status) == []
    assert states(status)["terms"] == "done"


# ------------------------------------------------------------------------------------------ what is not believed


@pytest.mark.parametrize("kind", BREAKS)
def test_what_could_not_be_said_to_the_server_is_not_accepted(demo: DemoServer, reading: Setup, kind: str) -> None:
    demo.weather.set(kind, ACCEPT, requests=1)
    status = reading.accept_terms()
    assert person(demo).accepted == set()
    assert open_terms(status) == [2]
    step = status.step("terms")
    assert (step.state, step.need) == ("problem", "accept-terms")
    assert step.remedy
    assert isinstance(status.facts.problems["terms"], ServerError)
    assert not reading.save().ready
    assert states(reading.accept_terms())["terms"] == "done"


def test_a_page_of_a_guest_network_accepts_nothing_although_it_says_200(demo: DemoServer, reading: Setup) -> None:
    demo.weather.set("captive-portal", ACCEPT)
    status = reading.accept_terms()
    assert person(demo).accepted == set()
    assert open_terms(status) == [2]
    step = status.step("terms")
    assert (step.state, step.need) == ("problem", "accept-terms")
    assert "A web page came back where" in step.summary
    assert "guest network" in (step.remedy or "")
    assert not reading.save().ready
    demo.weather.clear()
    assert reading.accept_terms().ready


def test_a_page_of_a_guest_network_accepts_no_terms_of_other_data_sets_either(
    demo: DemoServer, ada: str, set_up: SetUp
) -> None:
    person(demo, "ada@example.org").accepted.discard(3)
    setup = set_up(demo.address)
    setup.use_token(ada)
    demo.weather.set("captive-portal", ACCEPT)
    status = setup.accept_terms(3)
    assert any("Second Public" in note for note in status.step("terms").notes)
    assert isinstance(status.facts.problems["terms"], NotJson)


@pytest.mark.parametrize("kind", ["captive-portal", *BREAKS])
def test_with_a_guest_network_in_between_for_everything_nothing_is_believed(
    demo: DemoServer, reading: Setup, kind: str
) -> None:
    demo.weather.set("captive-portal", ACCEPT)
    for path in ("/info", "/auth"):
        demo.weather.set(kind, path)
    status = reading.accept_terms()
    assert status.account is not None
    assert [terms.id for terms in status.account.missing_terms] == [2, 3]
    assert states(status)["terms"] == "problem"
    assert not status.ready
    demo.weather.clear()
    assert open_terms(reading.check()) == [2]


def test_a_data_server_that_asks_for_terms_by_itself_does_not_make_a_page_a_proof(
    listen: Listen, set_up: SetUp
) -> None:
    open_ones = [{"tos_id": 2, "tos_name": "MICrONS Public", "dataset_name": "minnie65_public"}]
    refuses = says({"error": "missing_tos", "data": open_ones[0]}, "403 FORBIDDEN")
    data = listen(refuses)
    account = {"id": 7, "name": "Ada", "email": "ada@example.org", "missing_tos": open_ones}
    routes = {
        **cave_routes(data.address),
        "/auth/api/v1/user/cache": says(account),
        MISSING: says(open_ones),
        ACCEPT: answers("<html>Welcome to our network</html>", content_type="text/html"),
    }
    setup = set_up(listen(by_path(routes)).address)
    assert open_terms(setup.use_token(SECRET.reveal())) == [2]
    status = setup.accept_terms()
    assert open_terms(status) == [2]
    assert states(status)["terms"] == "problem"
    assert status.step("ready").need != "wait"


def test_an_answer_that_never_comes_is_no_acceptance(
    demo: DemoServer, grace: str, set_up: SetUp, connect: Connect
) -> None:
    setup = set_up(demo.address)
    setup._server = connect(demo.address, (2.0, 0.8))
    setup.use_token(grace)
    demo.weather.set("hang", ACCEPT, requests=1)
    began = time.monotonic()
    status = setup.accept_terms()
    assert time.monotonic() - began < 5
    assert open_terms(status) == [2]
    assert "did not answer in time" in status.step("terms").summary


# ---------------------------------------------------------------------------------- a service that has not noticed


@pytest.fixture
def slow_world() -> ManualClock:
    return ManualClock()


@pytest.mark.parametrize("at", ["info", "data server"])
def test_a_service_that_goes_on_refusing_is_waited_for_and_not_asked_on_and_on(
    slow_world: ManualClock, set_up: SetUp, at: str
) -> None:
    with DemoServer(clock=slow_world) as demo:
        token = demo.world.make_key(person(demo), "laptop").text
        address = {"info": demo.address + INFO, "data server": demo.data_address + VERSIONS}[at]
        for _ in range(21):  # the last of which makes the service remember (WIRE section 8)
            denied = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=5)
            assert denied.status_code == 403
        setup = set_up(demo.address)
        setup.use_token(token)
        demo.requests.clear()
        status = setup.accept_terms()
        assert person(demo).accepted == {2}
        assert len(asked(demo)) <= 4
        assert states(status)["terms"] == "done"
        assert open_terms(status) == []
        assert status.step("ready").need == "wait"
        assert status.step("ready").summary == "accepted; the data server will notice within minutes"
        assert status.step("ready").remedy
        assert status.facts.problems == {}
        status = setup.save()
        assert states(status)["save"] == "done"
        assert not status.ready
        slow_world.advance(301)
        assert setup.check().ready


# ----------------------------------------------------------------------------------- what nobody has agreed to


def test_nothing_but_accepting_accepts_anything(demo: DemoServer, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.check()
    text = sign_in(demo, GRACE)
    setup.use_token(text)
    setup.terms_page(setup.found().missing_terms[0])
    setup.terms_text(setup.found().missing_terms[0])
    assert not setup.terms_are_accepted()
    setup.make_token()
    setup.save()
    setup.tokens()
    setup.rotate()
    setup.check()

    def browse(start: str) -> None:
        landing = start.removesuffix("/start") + f"/signed-in?token={sign_in(demo, GRACE)}"
        threading.Thread(target=requests.get, args=(landing,), kwargs={"timeout": 5}).start()

    assert states(setup.sign_in(browse))["token"] == "done"
    setup.signed_in(Token(sign_in(demo, GRACE)), make_key=False)
    assert person(demo).accepted == set()
    assert not any(entry.path.startswith(ACCEPT) for entry in demo.requests.entries())
    assert open_terms(setup.found()) == [2]


# ------------------------------------------------------------------------------------------ how much is asked


def ours(demo: DemoServer) -> list[str]:
    """Requests of the set-up itself: with a token, or for the version."""
    return [
        f"{entry.method} {entry.path}"
        for entry in demo.requests.entries()
        if entry.authorization or entry.path == "/auth/version"
    ]


def test_a_newcomers_whole_set_up_takes_fewer_than_twelve_requests(
    demo: DemoServer, set_up: SetUp, secrets: Path
) -> None:
    newcomer = demo.world.add_user("nia@example.org", "Nia Newcomer")
    setup = set_up(demo.address)
    setup.check()
    status = setup.signed_in(Token(demo.world.sign_in(newcomer).text))
    before = len(ours(demo))
    setup.save()
    assert len(ours(demo)) == before
    assert setup.terms_text(status.missing_terms[0])
    status = setup.accept_terms()
    assert status.ready
    assert newcomer.accepted == {2}
    assert set(read_secrets(secrets).values()) == {demo.world.key_of("nia@example.org")}
    assert len(ours(demo)) < 12, ours(demo)


def test_somebody_who_comes_back_takes_fewer_than_ten_requests(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    first = set_up(demo.address)
    first.signed_in(Token(sign_in(demo)))
    setup = set_up(demo.address)
    demo.requests.clear()
    setup.check()
    setup.signed_in(Token(sign_in(demo)))
    assert setup.save().ready
    assert len(ours(demo)) < 10, ours(demo)


def test_who_is_set_up_takes_four_requests(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    setup.save()
    demo.requests.clear()
    assert set_up(demo.address).check().ready
    assert len(ours(demo)) == 4
