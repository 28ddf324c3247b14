"""The page where terms are accepted: WIRE section 7."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract.conftest import Ask, Person

    from cave_setup.demo import DemoServer

FORM = "/sticky_auth/api/v1/tos/2/accept"
CALLBACK = "http://localhost:1/cb"


def open_terms(ask: Ask, token: str) -> list[int]:
    return [entry["tos_id"] for entry in ask("/auth/api/v1/user/missing", token).json()]


@pytest.fixture
def signed_in(person: Person, grace: str) -> Person:
    person.session.cookies["middle_auth_token"] = grace
    return person


def test_the_form(signed_in: Person) -> None:
    page = signed_in.get(FORM)
    assert page.status_code == 200
    assert "<title>MICrONS Public's Terms of Service</title>" in unescape(page.text)
    assert re.search(r'<input type="checkbox"[^>]*name="tos_agree"', page.text)
    assert re.search(r"<button[^>]*disabled[^>]*>Accept</button>", page.text)
    assert "These are <strong>demo terms</strong>" in page.text


@pytest.mark.parametrize("query", ["", f"?redirect={CALLBACK}", "?client=ng"])
def test_accepted_terms_say_so_and_do_nothing_else(person: Person, token: str, query: str) -> None:
    person.session.cookies["middle_auth_token"] = token
    for page in (person.get(FORM + query), person.post(FORM + query)):
        assert page.status_code == 200
        assert "You have already accepted the Terms of Service" in page.text
        assert "postMessage" not in page.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_terms(ask: Ask, grace: str, method: str) -> None:
    answer = ask("/sticky_auth/api/v1/tos/99/accept", grace, method=method)
    assert (answer.status_code, answer.text) == (404, "Terms of Service does not exist")


def test_accept_goes_back_with_the_token_used(signed_in: Person, ask: Ask, grace: str) -> None:
    signed_in.get(f"{FORM}?redirect={CALLBACK}")
    answer = signed_in.post(FORM, {"tos_agree": "on"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{CALLBACK}?middle_auth_token={grace}&")
    assert answer.headers["Location"].endswith(f"&token={grace}")
    assert open_terms(ask, grace) == [3]


def test_the_bare_link_stores_and_breaks(signed_in: Person, ask: Ask, grace: str) -> None:
    signed_in.get(FORM)
    answer = signed_in.post(FORM, {"tos_agree": "on"})
    assert answer.status_code == 500
    assert open_terms(ask, grace) == [3]


def test_a_post_without_the_form_before_does_not_read_its_own_redirect(signed_in: Person, ask: Ask, grace: str) -> None:
    assert signed_in.post(f"{FORM}?redirect={CALLBACK}").status_code == 500
    assert open_terms(ask, grace) == [3]


def test_the_redirect_of_a_finished_sign_in_is_spent(person: Person) -> None:
    person.sign_in(f"?redirect={CALLBACK}")
    assert person.post(FORM).status_code == 500


def test_client_ng_tells_the_opener(signed_in: Person, ask: Ask, grace: str) -> None:
    answer = signed_in.post(f"{FORM}?client=ng", {"tos_agree": "on"})
    assert answer.status_code == 200
    assert 'postMessage("success", "*")' in answer.text
    assert grace not in answer.text
    assert open_terms(ask, grace) == [3]


def test_a_program_accepts_with_the_token_alone(ask: Ask, demo: DemoServer, grace: str) -> None:
    answer = ask(f"{FORM}?client=ng", grace, method="POST", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert open_terms(ask, grace) == [3]


def test_acceptance_counts_for_every_token_and_for_services_at_once(ask: Ask, demo: DemoServer, grace: str) -> None:
    key = ask("/auth/api/v1/create_token", grace).json()
    stack = "/info/api/v2/datastack/full/minnie65_public"
    assert ask(stack, key).status_code == 403
    ask(f"{FORM}?client=ng", grace, method="POST")
    assert ask("/auth/api/v1/user/cache", key).json()["permissions_v2"]["minnie65_public"] == ["view"]
    assert ask(stack, key).status_code == 200


def test_signed_out_people_sign_in_first(person: Person) -> None:
    answer = person.get(FORM)
    assert answer.status_code == 302
    assert "/sticky_auth/api/v1/authorize?redirect=" in answer.headers["Location"]
