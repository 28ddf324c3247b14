"""Calls from a page of another origin: WIRE section 5, the headers a browser goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract.conftest import Ask

    from cave_setup.demo import DemoServer

API = "/auth/api/v1"
PAGE = "http://localhost:8888"
METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
ALLOW = "Access-Control-Allow-"


@pytest.mark.parametrize("origin", [PAGE, "null"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{API}/user/me", 200),
        (f"{API}/group", 403),
        (f"{API}/no/such/route", 404),
        ("/sticky_auth/api/v1/user/missing", 200),
        ("/auth/version", 200),
    ],
)
def test_every_answer_is_readable(ask: Ask, token: str, origin: str, path: str, status: int) -> None:
    answer = ask(path, token, headers={"Origin": origin})
    assert answer.status_code == status
    assert answer.headers[ALLOW + "Origin"] == origin
    assert answer.headers[ALLOW + "Credentials"] == "true"
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {"WWW-Authenticate", "X-Requested-With"}
    assert "Origin" in answer.headers["Vary"]


def test_a_fault_is_readable_too(ask: Ask, demo: DemoServer, token: str) -> None:
    answer = ask(f"{API}/username?id=x", token, headers={"Origin": PAGE})
    assert answer.status_code == 500
    assert answer.headers[ALLOW + "Origin"] == PAGE


def test_a_refusal_is_readable_too(ask: Ask) -> None:
    answer = ask(f"{API}/user/me", headers={"Origin": PAGE})
    assert answer.status_code == 401
    assert answer.headers[ALLOW + "Origin"] == PAGE


def test_without_an_origin_there_are_no_such_headers(ask: Ask, token: str) -> None:
    answer = ask(f"{API}/user/me", token)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_preflight(ask: Ask) -> None:
    headers: dict[str, str | bytes] = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization, x-anything",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = ask(f"{API}/user/token/1", method="OPTIONS", headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers[ALLOW + "Origin"] == PAGE
    assert {name.strip().lower() for name in answer.headers[ALLOW + "Headers"].split(",")} == {
        "authorization",
        "x-anything",
    }
    assert {name.strip() for name in answer.headers[ALLOW + "Methods"].split(",")} == METHODS
    assert answer.headers[ALLOW + "Private-Network"] == "true"
    assert "Access-Control-Max-Age" not in answer.headers


@pytest.mark.parametrize("path", ["/info/api/v2/datastacks", "/info/api/v2/datastack/full/minnie65_public"])
def test_services_allow_no_credentials(ask: Ask, token: str, path: str) -> None:
    answer = ask(path, token, headers={"Origin": PAGE})
    assert answer.headers[ALLOW + "Origin"] in {PAGE, "*"}
    assert ALLOW + "Credentials" not in answer.headers


def test_auth_info_is_for_simple_requests_only(ask: Ask, demo: DemoServer) -> None:
    url = f"{demo.data_address}/auth_info"
    simple = ask(url, headers={"Origin": PAGE})
    assert simple.headers[ALLOW + "Origin"] == "*"
    assert simple.json()["login_url"] == f"{demo.address}/sticky_auth"
    assert "minnie65_public" in simple.json()["supported_datastacks"]
    headers: dict[str, str | bytes] = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = ask(url, method="OPTIONS", headers=headers)
    assert ALLOW + "Headers" not in preflight.headers


def test_the_controls_of_the_demo_are_closed_to_other_pages(ask: Ask, demo: DemoServer) -> None:
    headers: dict[str, str | bytes] = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-cave-demo",
    }
    preflight = ask("/demo/weather", method="OPTIONS", headers=headers)
    assert not [name for name in preflight.headers if name.lower().startswith("access-control-")]
