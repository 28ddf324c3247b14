"""Signing in with a browser: WIRE section 6, followed form by form without one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from contract.conftest import Ask, Person

    from cave_setup.demo import DemoServer, ManualClock

AUTHORIZE = "/sticky_auth/api/v1/authorize"
CALLBACK = "http://localhost:1/cb"
NEW = "mary@example.org"


def posted(page: requests.Response) -> object:
    """Return the message that the page posts to its opener."""
    found = re.search(r"postMessage\((.*), \"\*\"\)", page.text)
    assert found is not None
    return json.loads(found[1])


def query_of(answer: requests.Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def redirecting_to(target: str) -> str:
    return f"?redirect={quote(target, safe='')}"


def test_authorize_always_asks_even_when_signed_in(person: Person) -> None:
    person.sign_in(redirecting_to(CALLBACK))
    asked = parse_qs(urlsplit(person.authorize()).query)
    assert asked["prompt"] == ["consent"]
    assert asked["access_type"] == ["offline"]


def test_the_session_cookie(person: Person) -> None:
    cookie = person.get(AUTHORIZE).headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "SameSite" not in cookie


def test_programs_get_the_account_choosers_address_as_text(ask: Ask, demo: DemoServer) -> None:
    answer = ask(AUTHORIZE, headers={"X-Requested-With": "XMLHttpRequest"})
    assert answer.status_code == 200
    assert "prompt=consent" in answer.text
    assert answer.text.startswith(demo.address)


def test_the_account_chooser_says_what_it_stands_in_for(person: Person) -> None:
    page = person.get(person.authorize()).text
    assert "stands in for Google" in page
    assert "Ada Lovelace" in page
    assert "grace@example.org" in page
    for label, field in (("E-mail", "email"), ("Name", "name")):
        assert f'<label for="{field}">{label}</label>' in page
    for button in ("Sign in", "Cancel"):
        assert re.search(rf"<button[^>]*>{button}</button>", page)


def test_a_redirect_gets_the_token_three_ways(person: Person, ask: Ask, demo: DemoServer) -> None:
    answer = person.sign_in(redirecting_to(CALLBACK))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    query = query_of(answer)
    assert set(query) == {"middle_auth_token", "middle_auth_url", "token"}
    assert query["token"] == query["middle_auth_token"]
    assert query["middle_auth_url"] == demo.address.removeprefix("http://") + "/sticky_auth"
    me = ask("/auth/api/v1/user/me", query["token"]).json()
    assert me["email"] == "grace@example.org"
    assert ask(f"/auth/api/v1/user/token/{query['token']}/ttl", query["token"]).json() == 604800
    assert person.session.cookies["middle_auth_token"] == query["token"]


TARGETS = {
    "own arguments first": ("http://localhost:1/cb?state=a&x=%20", "http://localhost:1/cb?state=a&x=+&{TOKEN}"),
    "fragment last": ("http://localhost:1/cb#part", "http://localhost:1/cb?{TOKEN}#part"),
    "own token overwritten": ("http://localhost:1/lab?token=jupyter", "http://localhost:1/lab?{TOKEN}"),
    "IPv6": ("http://[::1]:8/", "http://[::1]:8/?{TOKEN}"),
    "another host": ("https://elsewhere.example/a", "https://elsewhere.example/a?{TOKEN}"),
    "custom scheme": ("viewer:done", "viewer:done?{TOKEN}"),
    "relative": ("/somewhere", "/somewhere?{TOKEN}"),
    "bare @ and /": ("http://localhost:1/?a=%40%2F", "http://localhost:1/?a=@/&{TOKEN}"),
}


@pytest.mark.parametrize("case", TARGETS)
def test_any_redirect_goes_through(person: Person, case: str) -> None:
    target, expected = TARGETS[case]
    location = person.sign_in(redirecting_to(target)).headers["Location"]
    start, _, end = expected.partition("{TOKEN}")
    assert location.startswith(f"{start}middle_auth_token=")
    assert location.endswith(end)
    assert location.count("&token=") == 1


def test_a_redirect_cannot_add_headers(person: Person) -> None:
    answer = person.sign_in(redirecting_to("http://localhost:1/\r\nX-Evil: 1"))
    assert answer.status_code == 302
    assert "X-Evil" not in answer.headers


def test_without_a_redirect_the_opener_gets_a_message_and_no_cookie_is_set(person: Person, ask: Ask) -> None:
    page = person.sign_in()
    assert page.status_code == 200
    message = posted(page)
    assert isinstance(message, dict)
    assert set(message) == {"token", "app_urls"}
    assert ask("/auth/api/v1/user/me", message["token"]).status_code == 200
    assert "middle_auth_token" not in person.session.cookies
    assert "window.close" not in page.text


def test_each_sign_in_leaves_one_more_token(person: Person, ask: Ask) -> None:
    tokens = [query_of(person.sign_in(redirecting_to(CALLBACK)))["token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert [ask("/auth/api/v1/user/me", one).status_code for one in tokens] == [200, 200]


class TestNewUser:
    """Somebody signs in for the first time and meets the user-name form."""

    def start(self, person: Person, query: str = "", name: str = "Mary S.") -> requests.Response:
        answer = person.choose(person.authorize(query), NEW, name)
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith("/sticky_auth/settings/username?new_account=true")
        form = person.get(answer.headers["Location"])
        assert form.status_code == 200
        return form

    def test_sees_the_google_name_preselected(self, person: Person) -> None:
        page = self.start(person).text
        assert re.search(r'<input type="radio" name="name" value="google" checked>\s*Mary S\.', page)
        assert 'type="radio" name="name" value="custom"' in page
        assert "<button>Continue</button>" in page

    @pytest.mark.parametrize(
        ("fields", "name"),
        [({"name": "google"}, "Mary S."), ({"name": "custom", "customName": "Frankenstein"}, "Frankenstein")],
    )
    def test_ends_on_the_redirect(self, person: Person, ask: Ask, fields: dict[str, str], name: str) -> None:
        self.start(person, redirecting_to(CALLBACK))
        answer = person.post("/sticky_auth/settings/username?new_account=true", fields)
        assert answer.headers["Location"].startswith(f"{CALLBACK}?middle_auth_token=")
        me = ask("/auth/api/v1/user/me", query_of(answer)["token"]).json()
        assert (me["name"], me["email"]) == (name, NEW)

    def test_ends_on_a_message_without_a_redirect(self, person: Person) -> None:
        self.start(person)
        message = posted(person.post("/sticky_auth/settings/username", {"name": "google"}))
        assert isinstance(message, dict)
        assert message["token"] == person.session.cookies["middle_auth_token"]

    def test_sets_a_custom_name_once(self, person: Person, ask: Ask) -> None:
        self.start(person)
        for name in ("First", "Second"):
            person.post("/sticky_auth/settings/username", {"name": "custom", "customName": name})
        token = person.session.cookies["middle_auth_token"]
        assert ask("/auth/api/v1/user/me", token).json()["name"] == "First"

    def test_who_leaves_the_form_exists_already(self, person: Person, demo: DemoServer) -> None:
        self.start(person)
        user = demo.world.user_by_email(NEW)
        assert user is not None
        assert user.groups == ("default",)
        again = person.sign_in(redirecting_to(CALLBACK), NEW)
        assert again.headers["Location"].startswith(CALLBACK)

    def test_who_is_known_to_google_is_one_click_until_there_is_an_account(self, person: Person) -> None:
        google = person.authorize()
        assert "nia@example.org · new to CAVE" in person.get(google).text
        form = person.choose(google, "nia@example.org")
        assert "Nia Newcomer" in person.get(form.headers["Location"]).text
        page = person.get(google).text
        assert page.count("Nia Newcomer") == 1
        assert "new to CAVE" not in page

    def test_names_are_escaped(self, person: Person) -> None:
        hostile = "testuser<'&\"></script>"
        page = self.start(person, name=hostile).text
        assert hostile not in page
        assert "testuser&lt;" in page

    def test_a_form_posted_with_a_lost_cookie_shows_the_401(
        self, person: Person, new_session: Callable[[], requests.Session]
    ) -> None:
        self.start(person)
        person.session.cookies.clear()
        answer = person.post("/sticky_auth/settings/username", {"name": "google"})
        assert (answer.status_code, answer.json()["error"]) == (401, "no_token")


class TestTerms:
    """Sign-in and terms in one go, the ways that work and those that do not."""

    def test_tos_id_leads_to_the_form(self, person: Person) -> None:
        answer = person.sign_in("?tos_id=2")
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith("/sticky_auth/api/v1/tos/2/accept")
        assert "Terms of Service" in person.get(answer.headers["Location"]).text

    def test_redirect_and_tos_id_lose_the_redirect(self, person: Person, ask: Ask) -> None:
        answer = person.sign_in(f"{redirecting_to(CALLBACK)}&tos_id=2")
        form = answer.headers["Location"]
        assert person.get(form).status_code == 200
        assert person.post(form).status_code == 500
        missing = ask("/auth/api/v1/user/missing", person.session.cookies["middle_auth_token"]).json()
        assert [entry["tos_id"] for entry in missing] == [3]

    def chain(self, demo: DemoServer, *terms: int) -> str:
        target = f"{CALLBACK}?state=a%26b"
        for number in reversed(terms):
            page = f"{demo.address}/sticky_auth/api/v1/tos/{number}/accept"
            target = f"{page}?redirect={quote(target, safe='')}"
        return redirecting_to(target)

    def walk(self, person: Person, answer: requests.Response) -> requests.Response:
        """Follow redirects on the server and accept each form, to the page that is something else."""
        for _ in range(20):
            if answer.status_code == 302 and answer.headers["Location"].startswith(CALLBACK):
                return answer
            if answer.status_code == 302:
                page = answer.headers["Location"]
                answer = person.get(page)
            elif 'name="tos_agree"' in answer.text:
                answer = person.post(page, {"tos_agree": "on"})
            else:
                return answer
        pytest.fail("the chain does not end")

    @pytest.mark.parametrize("terms", [(2,), (2, 3)])
    def test_a_chain_ends_on_the_callback(
        self, person: Person, ask: Ask, demo: DemoServer, terms: tuple[int, ...]
    ) -> None:
        end = self.walk(person, person.sign_in(self.chain(demo, *terms)))
        query = query_of(end)
        assert query["state"] == "a&b"
        missing = ask("/auth/api/v1/user/missing", query["token"]).json()
        assert [entry["tos_id"] for entry in missing] == [number for number in (2, 3) if number not in terms]

    def test_a_chain_to_accepted_terms_is_a_dead_end(self, person: Person, demo: DemoServer) -> None:
        end = self.walk(person, person.sign_in(self.chain(demo, 2), "ada@example.org"))
        assert end.status_code == 200
        assert "You have already accepted the Terms of Service" in end.text

    def test_a_terms_page_in_another_tab_makes_the_sign_in_forget_its_redirect(self, person: Person) -> None:
        person.sign_in(redirecting_to(CALLBACK))
        google = person.authorize(redirecting_to(CALLBACK))
        person.get("/sticky_auth/api/v1/tos/2/accept")
        page = person.choose(google, "grace@example.org")
        assert page.status_code == 200
        assert isinstance(posted(page), dict)


class TestThingsThatGoWrong:
    """None of these reaches the opener or the callback."""

    def test_cancel(self, person: Person) -> None:
        answer = person.post(person.authorize(), {"cancel": "yes", "email": ""})
        page = person.get(answer.headers["Location"])
        assert page.status_code == 500
        assert "Internal Server Error" in page.text

    def test_a_second_sign_in_ends_the_first(self, person: Person) -> None:
        first = person.authorize(redirecting_to(CALLBACK))
        second = person.authorize(redirecting_to(CALLBACK))
        failed = person.choose(first, "grace@example.org")
        assert (failed.status_code, failed.json()) == (200, "authorization error")
        assert person.choose(second, "grace@example.org").headers["Location"].startswith(CALLBACK)

    def test_a_code_works_once(self, person: Person) -> None:
        chosen = person.post(person.authorize(), {"email": "grace@example.org"})
        assert isinstance(posted(person.get(chosen.headers["Location"])), dict)
        again = person.get(chosen.headers["Location"])
        assert (again.status_code, again.json()) == (200, "authorization error")

    def test_an_invented_code(self, person: Person) -> None:
        state = parse_qs(urlsplit(person.authorize()).query)["state"][0]
        answer = person.get(f"/sticky_auth/api/v1/oauth2callback?state={state}&code=invented")
        assert (answer.status_code, answer.json()) == (200, "authorization error")

    def test_no_session_cookie(self, person: Person) -> None:
        google = person.authorize()
        person.session.cookies.clear()
        answer = person.choose(google, "grace@example.org")
        assert answer.status_code == 400
        assert answer.text == "Invalid Request, are third-party cookies enabled?"

    def test_a_session_of_over_an_hour(self, person: Person, clock: ManualClock) -> None:
        google = person.authorize()
        clock.advance(3601)
        answer = person.choose(google, "grace@example.org")
        assert (answer.status_code, answer.text) == (400, "Your session has expired.")

    def test_a_session_of_just_under_an_hour(self, person: Person, clock: ManualClock) -> None:
        google = person.authorize(redirecting_to(CALLBACK))
        clock.advance(3599)
        assert person.choose(google, "grace@example.org").status_code == 302
