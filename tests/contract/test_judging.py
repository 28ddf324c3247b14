"""How a request's token is judged: WIRE section 3, and the open routes of section 1."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from contract.conftest import Ask

    from cave_setup.demo import DemoServer

ME = "/auth/api/v1/user/me"
UNKNOWN = "0123456789abcdef0123456789abcdef"
BOTH = pytest.mark.parametrize("prefix", ["/auth", "/sticky_auth"])


def realm(address: str) -> str:
    return f'Bearer realm="{address}/sticky_auth/api/v1/authorize"'


def redirect_target(location: str) -> str:
    return parse_qs(urlsplit(location).query)["redirect"][0]


@BOTH
@pytest.mark.parametrize("token", [None, UNKNOWN])
def test_the_version_is_open_and_ignores_bad_tokens(ask: Ask, prefix: str, token: str | None) -> None:
    answer = ask(f"{prefix}/version", token)
    assert answer.status_code == 200
    assert answer.text == "neuroglance_auth -- version 2.30.3"
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/auth/settings/tokens",
        "/auth/api/v1/authorize",
        "/auth/api/v1/oauth2callback",
        "/auth/api/v1/tos/2/accept",
        "/auth/api/v1/no/such/route",
        "/sticky_auth/",
    ],
)
def test_what_is_not_there_is_an_html_404(ask: Ask, token: str, path: str) -> None:
    answer = ask(path, token)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>Not Found</h1>" in answer.text


# What stands in the header, with {T} for a good token; and the status and error it gets.
HEADERS = {
    "good": ("Bearer {T}", 200, None),
    "further words": ("Bearer {T} and more", 200, None),
    "trailing space": ("Bearer {T} ", 200, None),
    "trailing tab": ("Bearer {T}\t", 200, None),
    "unknown": (f"Bearer {UNKNOWN}", 401, "invalid_token"),
    "upper case": ("Bearer {UPPER}", 401, "invalid_token"),
    "in quotes": ('Bearer "{T}"', 401, "invalid_token"),
    "byte-order mark": ("Bearer \xef\xbb\xbf{T}", 401, "invalid_token"),
    "no-break space": ("Bearer \xa0{T}", 401, "invalid_token"),
    "two spaces": ("Bearer  {T}", 401, "no_token"),
    "bare token": ("{T}", 400, "bad_auth_header"),
    "lower-case bearer": ("bearer {T}", 400, "bad_auth_header"),
    "Basic": ("Basic {T}", 400, "bad_auth_header"),
    "Token": ("Token {T}", 400, "bad_auth_header"),
    "tab between": ("Bearer\t{T}", 400, "bad_auth_header"),
    "Bearer alone": ("Bearer", 400, "bad_auth_header"),
    "Bearer and nothing": ("Bearer ", 400, "bad_auth_header"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_the_authorization_header(ask: Ask, token: str, case: str) -> None:
    header, status, error = HEADERS[case]
    sent = header.format(T=token, UPPER=token.upper())
    answer = ask(ME, headers={"Authorization": sent.encode("latin-1")})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().get("error") == error


CHALLENGES = {
    "no_token": (401, {"X-Requested-With": "XMLHttpRequest"}, "Unauthorized - No Token Provided", ""),
    "invalid_token": (
        401,
        {"Authorization": f"Bearer {UNKNOWN}"},
        "Unauthorized - Token is Invalid or Expired",
        ', error="invalid_token", error_description="Invalid/Expired Token"',
    ),
    "bad_auth_header": (
        400,
        {"Authorization": "Basic YTpi"},
        "Authorization header must begin with 'Bearer'",
        ', error="invalid_request", error_description="Header must begin with \'Bearer\'"',
    ),
}


@pytest.mark.parametrize("error", CHALLENGES)
@BOTH
def test_refusals_have_exact_bodies_and_challenges(ask: Ask, address: str, error: str, prefix: str) -> None:
    status, headers, message, challenge = CHALLENGES[error]
    answer = ask(f"{prefix}/api/v1/user/me", headers=dict(headers))
    assert answer.status_code == status
    assert answer.json() == {"error": error, "message": message}
    assert answer.headers["WWW-Authenticate"] == realm(address) + challenge


PROGRAMS = {
    "X-Requested-With": {"X-Requested-With": "XMLHttpRequest"},
    "any word in X-Requested-With": {"X-Requested-With": "1"},
    "Origin": {"Origin": "https://elsewhere.example"},
    "null Origin": {"Origin": "null"},
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_programs_without_a_token_get_401(ask: Ask, case: str) -> None:
    answer = ask(ME, headers=dict(PROGRAMS[case]))
    assert (answer.status_code, answer.json()["error"]) == (401, "no_token")


PLAIN = {
    "nothing": {},
    "Accept alone": {"Accept": "application/json"},
    "empty Authorization": {"Authorization": ""},
    "bad cookie": {"Cookie": f"middle_auth_token={UNKNOWN}"},
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_requests_are_sent_to_sign_in_and_back(ask: Ask, address: str, case: str) -> None:
    answer = ask(ME + "?x=1", headers=dict(PLAIN[case]))
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith(f"{address}/sticky_auth/api/v1/authorize?")
    assert redirect_target(location) == f"{address}{ME}?x=1"


@pytest.mark.parametrize(("method", "path"), [("POST", "/user/token"), ("DELETE", "/user/token/1")])
def test_plain_posts_and_deletes_are_redirected_too(ask: Ask, method: str, path: str) -> None:
    answer = ask(f"/auth/api/v1{path}", method=method)
    assert answer.status_code == 302


def test_a_cookie_is_enough(ask: Ask, token: str) -> None:
    assert ask(ME, headers={"Cookie": f"middle_auth_token={token}"}).status_code == 200


def test_a_bad_header_beats_a_good_cookie(ask: Ask, token: str) -> None:
    answer = ask(ME, UNKNOWN, headers={"Cookie": f"middle_auth_token={token}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_bad_query_beats_a_good_cookie(ask: Ask, token: str) -> None:
    headers: dict[str, str | bytes] = {"Cookie": f"middle_auth_token={token}", "X-Requested-With": "x"}
    answer = ask(f"{ME}?middle_auth_token={UNKNOWN}", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_query_token_of_a_program_is_judged_directly(ask: Ask, token: str) -> None:
    answer = ask(f"{ME}?middle_auth_token={token}", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200


def test_a_plain_query_token_becomes_a_cookie_unchecked(ask: Ask, address: str) -> None:
    query = f"a=1&middle_auth_token={UNKNOWN}&middle_auth_url=host/sticky_auth&token={UNKNOWN}"
    answer = ask(f"{ME}?{query}")
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{address}{ME}"
    assert parse_qs(target.query) == {"a": ["1"], "middle_auth_url": ["host/sticky_auth"]}
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"middle_auth_token={UNKNOWN};")
    assert "HttpOnly" in cookie
    assert "Path=/" in cookie
    assert "SameSite" not in cookie


def test_the_argument_called_token_is_not_read(ask: Ask, token: str) -> None:
    answer = ask(f"{ME}?token={token}", headers={"X-Requested-With": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "no_token")


def test_header_names_of_a_hostile_query_token_stay_out_of_the_answer(ask: Ask, demo: DemoServer) -> None:
    answer = ask(f"{ME}?middle_auth_token=x%0d%0aX-Evil:%201")
    assert answer.status_code == 302
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/group",
        "/group/1/user",
        "/group/1/admin",
        "/user?name=a",
        "/user?id=1",
        "/user?email=a@b.example",
        "/user/1/tos",
        "/user/1/permissions",
        "/tos/2",
        "/dataset/1",
    ],
)
def test_admin_routes_refuse_in_plain_text(ask: Ask, token: str, path: str) -> None:
    answer = ask(f"/auth/api/v1{path}", token)
    assert answer.status_code == 403
    assert answer.text == "Requires admin privilege."
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "WWW-Authenticate" not in answer.headers
