"""Making, listing and ending tokens: WIRE sections 2 and 4, the real server's faults included."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract.conftest import Ask

    from cave_setup.demo import DemoServer, ManualClock

API = "/auth/api/v1"
ME = f"{API}/user/me"
WEEK = 604800
JSON: dict[str, str | bytes] = {"Content-Type": "application/json"}


def listed(ask: Ask, token: str) -> list[str | None]:
    return [key["description"] for key in ask(f"{API}/user/token", token).json()]


def test_a_key_list_reads_back_what_was_made(ask: Ask, demo: DemoServer, grace: str) -> None:
    made = ask(f"{API}/user/token", grace, method="POST", headers=JSON, body='{"description": "first"}').json()
    assert re.fullmatch("[0-9a-f]{32}", made)
    ask(f"{API}/user/token", grace, method="POST", headers=JSON, body='{"description": "second"}')
    keys = ask(f"{API}/user/token", grace).json()
    assert [key["description"] for key in keys] == ["second", "first"]
    assert set(keys[1]) == {"id", "token", "description", "created", "updated", "last_used", "user_id"}
    assert keys[1]["token"] == made
    assert keys[1]["last_used"] is None
    assert keys[1]["created"].endswith(" GMT")
    assert ask(ME, made).json()["name"] == "Grace Hopper"
    assert ask(f"{API}/user/token", grace).json()[1]["last_used"].endswith(" GMT")


def test_sign_in_tokens_are_not_listed(ask: Ask, demo: DemoServer, grace: str) -> None:
    assert ask(f"{API}/user/token", grace).json() == []


STORED: dict[str, tuple[str | None, dict[str, str | bytes], str | None]] = {
    "no body": (None, {}, None),
    "empty object": ("{}", JSON, None),
    "null": ('{"description": null}', JSON, None),
    "form": ("description=form", {"Content-Type": "application/x-www-form-urlencoded"}, None),
    "text/plain": ('{"description": "text"}', {"Content-Type": "text/plain"}, None),
    "broken JSON": ('{"description": ', JSON, None),
    "empty text": ('{"description": ""}', JSON, ""),
    "120 characters": (json.dumps({"description": "x" * 120}), JSON, "x" * 120),
    "120 wide characters": (json.dumps({"description": "🧠" * 120}), JSON, "🧠" * 120),
    "number": ('{"description": 5}', JSON, "5"),
    "charset": ('{"description": "é"}', {"Content-Type": "application/json; charset=utf-8"}, "é"),
}


@pytest.mark.parametrize("case", STORED)
def test_descriptions_that_can_be_stored(ask: Ask, demo: DemoServer, grace: str, case: str) -> None:
    body, headers, description = STORED[case]
    sent = None if body is None else body.encode()
    answer = ask(f"{API}/user/token", grace, method="POST", headers=dict(headers), body=sent)
    assert answer.status_code == 200
    assert listed(ask, grace) == [description]


LEFT_BEHIND = {
    "121 characters": {"description": "x" * 121},
    "NUL": {"description": "a\0b"},
    "object": {"description": {"a": 1}},
}


@pytest.mark.parametrize("case", LEFT_BEHIND)
def test_descriptions_that_break_the_server_leave_a_key_behind(
    ask: Ask, demo: DemoServer, grace: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _bytes: "feedfacefeedfacefeedfacefeedface")
    answer = ask(f"{API}/user/token", grace, method="POST", headers=JSON, body=json.dumps(LEFT_BEHIND[case]))
    assert answer.status_code == 500
    assert "Internal Server Error" in answer.text
    left = "feedfacefeedfacefeedfacefeedface"
    assert listed(ask, grace) == []
    assert ask(f"{API}/user/token/{left}/ttl", left).json() == -1
    assert ask(f"{API}/logout_all", grace).json() == "success"
    assert ask(ME, left).status_code == 200
    assert ask(f"{API}/logout", left).json() == "success"
    assert ask(ME, left).status_code == 401


@pytest.mark.parametrize("body", ["[1]", '"text"'])
def test_a_body_that_is_no_object_breaks_the_server_and_leaves_nothing(
    ask: Ask, demo: DemoServer, grace: str, body: str
) -> None:
    before = len(demo.world._tokens)
    assert ask(f"{API}/user/token", grace, method="POST", headers=JSON, body=body).status_code == 500
    assert len(demo.world._tokens) == before


def test_a_cookie_and_a_foreign_page_can_make_a_key(ask: Ask, demo: DemoServer, grace: str) -> None:
    headers: dict[str, str | bytes] = {
        "Cookie": f"middle_auth_token={grace}",
        "Origin": "https://elsewhere.example",
    }
    assert ask(f"{API}/user/token", method="POST", headers=headers).status_code == 200
    assert len(listed(ask, grace)) == 1


def test_create_token_makes_one_more_at_each_load(ask: Ask, demo: DemoServer, grace: str) -> None:
    made = {ask(f"{API}/create_token", grace).json() for _ in range(2)}
    assert len(made) == 2
    assert listed(ask, grace) == [None, None]


def test_refresh_without_a_key_makes_one(ask: Ask, demo: DemoServer, grace: str) -> None:
    made = ask(f"{API}/refresh_token", grace).json()
    assert ask(ME, made).status_code == 200


def test_refresh_with_one_key_ends_the_old_text(ask: Ask, demo: DemoServer, token: str) -> None:
    [before] = ask(f"{API}/user/token", token).json()
    fresh = ask(f"{API}/refresh_token", token).json()
    assert ask(ME, token).status_code == 401
    [after] = ask(f"{API}/user/token", fresh).json()
    assert (after["id"], after["description"]) == (before["id"], before["description"])
    assert after["token"] == fresh != before["token"]


def test_refresh_with_several_keys_is_refused(ask: Ask, demo: DemoServer, token: str) -> None:
    ask(f"{API}/create_token", token)
    answer = ask(f"{API}/refresh_token", token)
    assert answer.status_code == 400
    assert answer.text == "Refresh token does not work for accounts with more than one API Key"


def test_a_key_can_delete_itself(ask: Ask, demo: DemoServer, token: str) -> None:
    [key] = ask(f"{API}/user/token", token).json()
    answer = ask(f"{API}/user/token/{key['id']}", token, method="DELETE")
    assert answer.json() == "success"
    assert ask(ME, token).status_code == 401


@pytest.mark.parametrize("whose", ["other's", "unknown"])
def test_only_the_owner_deletes_a_key(ask: Ask, demo: DemoServer, token: str, grace: str, whose: str) -> None:
    [key] = ask(f"{API}/user/token", token).json()
    number = key["id"] if whose == "other's" else 987654321
    answer = ask(f"{API}/user/token/{number}", grace, method="DELETE")
    assert (answer.status_code, answer.text) == (404, "Token doesn't exist")
    assert ask(ME, token).status_code == 200


def test_a_key_id_that_is_no_number_is_an_html_404(ask: Ask, demo: DemoServer, token: str) -> None:
    answer = ask(f"{API}/user/token/laptop", token, method="DELETE")
    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text


def test_time_left(ask: Ask, demo: DemoServer, clock: ManualClock, grace: str) -> None:
    key = ask(f"{API}/create_token", grace).json()
    clock.advance(100)
    for asking in (grace, key):
        assert ask(f"{API}/user/token/{grace}/ttl", asking).json() == WEEK - 100
        assert ask(f"{API}/user/token/{key}/ttl", asking).json() == -1


def test_time_left_of_an_unknown_token(ask: Ask, token: str) -> None:
    answer = ask(f"{API}/user/token/{'0' * 32}/ttl", token)
    assert answer.status_code == 404
    assert answer.json() == {
        "error": "invalid_token",
        "message": "Token does not exist or is not asociated with your account.",
    }


def test_time_left_of_another_persons_token(ask: Ask, demo: DemoServer, token: str, grace: str) -> None:
    assert ask(f"{API}/user/token/{grace}/ttl", token).status_code == 404


def test_sign_in_tokens_end_after_a_week_whether_used_or_not(
    ask: Ask, demo: DemoServer, clock: ManualClock, grace: str
) -> None:
    clock.advance(WEEK - 1)
    assert ask(ME, grace).status_code == 200
    clock.advance(1)
    answer = ask(ME, grace)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_logout_ends_a_sign_in_token(ask: Ask, demo: DemoServer, grace: str) -> None:
    answer = ask(f"{API}/logout", grace)
    assert answer.json() == "success"
    assert "Set-Cookie" not in answer.headers
    assert ask(ME, grace).status_code == 401


def test_logout_refuses_a_key(ask: Ask, demo: DemoServer, token: str) -> None:
    answer = ask(f"{API}/logout", token)
    assert (answer.status_code, answer.text) == (422, "Can't logout an API Key.")
    assert ask(ME, token).status_code == 200


def test_logout_all_keeps_keys(ask: Ask, demo: DemoServer, grace: str) -> None:
    key = ask(f"{API}/create_token", grace).json()
    assert ask(f"{API}/logout_all", key).json() == "success"
    assert ask(ME, grace).status_code == 401
    assert ask(ME, key).status_code == 200


def test_there_is_no_rate_limit(ask: Ask, demo: DemoServer, grace: str) -> None:
    assert {ask(f"{API}/create_token", grace).status_code for _ in range(60)} == {200}
