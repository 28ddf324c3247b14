"""The token page for people: WIRE section 9."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract.conftest import Ask, Person

    from cave_setup.demo import DemoServer

PAGE = "/sticky_auth/settings/tokens"


@pytest.fixture
def ada(person: Person, demo: DemoServer) -> Person:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    person.session.cookies["middle_auth_token"] = demo.world.sign_in(user).text
    return person


def test_signed_out_people_go_through_sign_in_and_come_back(person: Person) -> None:
    google = person.get(PAGE).headers["Location"]
    google = person.get(google).headers["Location"]
    back = person.choose(google, "ada@example.org")
    page = person.session.get(back.headers["Location"], timeout=10)
    assert page.status_code == 200
    assert page.url.startswith(f"{person.demo.address}{PAGE}?middle_auth_url=")
    assert "token=" not in page.url
    assert "Your tokens" in page.text


def test_keys_are_shown_in_clear_and_sign_in_tokens_are_not(ada: Person, token: str) -> None:
    page = ada.get(PAGE).text
    assert token in page
    assert "Ada's laptop" in unescape(page)
    assert "unused" in page
    assert ada.session.cookies["middle_auth_token"] not in page


def test_a_used_key_says_when(ada: Person, ask: Ask, token: str) -> None:
    ask("/auth/api/v1/user/me", token)
    assert re.search(r"last used \w{3}, \d\d", ada.get(PAGE).text)


def test_a_new_key_wants_a_description(ada: Person, ask: Ask, token: str) -> None:
    assert re.search(r'<input[^>]*name="description"[^>]*required[^>]*maxlength="120"', ada.get(PAGE).text)
    answer = ada.post(PAGE, {"create": "yes", "description": "<b>hub</b>"})
    assert answer.status_code == 302
    page = ada.get(PAGE).text
    assert "&lt;b&gt;hub&lt;/b&gt;" in page
    assert "<b>hub" not in page
    newest = ask("/auth/api/v1/user/token", token).json()[0]
    assert newest["description"] == "<b>hub</b>"


def test_a_description_that_is_too_long_breaks_the_page(ada: Person, demo: DemoServer) -> None:
    before = len(demo.world._tokens)
    assert ada.post(PAGE, {"create": "yes", "description": "x" * 121}).status_code == 500
    assert len(demo.world._tokens) == before + 1
    assert "x" * 121 not in ada.get(PAGE).text


def test_a_key_without_a_description_is_called_unknown(ada: Person, ask: Ask, token: str) -> None:
    ask("/auth/api/v1/create_token", token)
    assert "<strong>unknown</strong>" in ada.get(PAGE).text


def test_delete_asks_and_ends_the_key(ada: Person, ask: Ask, token: str) -> None:
    page = ada.get(PAGE).text
    assert "Are you sure you want to delete this token?" in page
    found = re.search(r'name="delete" value="(\d+)"', page)
    assert found is not None
    assert ada.post(PAGE, {"delete": found[1]}).status_code == 302
    assert ask("/auth/api/v1/user/me", token).status_code == 401
    assert "You have no tokens yet" in ada.get(PAGE).text


def test_download(ada: Person, token: str, demo: DemoServer) -> None:
    link = re.search(r'href="(\?download=\d+)"', ada.get(PAGE).text)
    assert link is not None
    answer = ada.get(PAGE + link[1])
    host = demo.address.removeprefix("http://")
    assert f'filename="{host}/auth-cave-secret.json"' in answer.headers["Content-Disposition"]
    content = {"token": token, "description": "Ada's laptop", "middle_auth_url": f"{host}/auth"}
    assert answer.text == json.dumps(content, indent=4)


def test_a_key_without_a_description_downloads_as_none(ada: Person, ask: Ask, token: str) -> None:
    made = ask("/auth/api/v1/create_token", token).json()
    [key] = [one for one in ask("/auth/api/v1/user/token", token).json() if one["token"] == made]
    assert ada.get(f"{PAGE}?download={key['id']}").json()["description"] == "None"


def test_other_peoples_keys_are_out_of_reach(ada: Person, ask: Ask, grace: str, demo: DemoServer) -> None:
    theirs = ask("/auth/api/v1/create_token", grace).json()
    [key] = ask("/auth/api/v1/user/token", grace).json()
    assert ada.get(f"{PAGE}?download={key['id']}").status_code == 404
    assert ada.post(PAGE, {"delete": str(key["id"])}).status_code == 404
    assert ask("/auth/api/v1/user/me", theirs).status_code == 200


def test_logout_ends_the_browsers_token(ada: Person, ask: Ask) -> None:
    token = ada.session.cookies["middle_auth_token"]
    assert "Logout" in ada.get(PAGE).text
    assert ada.post(PAGE, {"logout": "yes"}).status_code == 200
    assert ask("/auth/api/v1/user/me", token).status_code == 401
