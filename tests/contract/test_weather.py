"""The weather of the demo server: what a client meets when the way to the server is bad."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import trustme

from cave_setup.demo import DemoServer, WeatherError

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.conftest import Ask

ME = "/auth/api/v1/user/me"
SEND: dict[str, str | bytes] = {"X-CAVE-Demo": "1", "Content-Type": "application/json"}


@pytest.mark.parametrize(("kind", "status"), [("error-500", 500), ("error-502", 502)])
def test_errors_are_html(ask: Ask, demo: DemoServer, token: str, kind: str, status: int) -> None:
    demo.weather.set(kind)
    answer = ask(ME, token)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_captive_portal_answers_in_place_of_the_server(ask: Ask, demo: DemoServer, token: str) -> None:
    demo.weather.set("captive-portal")
    answer = ask(ME, token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "guest network" in answer.text


def test_a_captive_portal_may_redirect_to_another_host(ask: Ask, demo: DemoServer, token: str) -> None:
    demo.weather.set("captive-redirect")
    answer = ask(ME, token)
    assert answer.status_code == 302
    assert not answer.headers["Location"].startswith(demo.address)


def test_truncated_json_is_complete_http(ask: Ask, demo: DemoServer, token: str) -> None:
    whole = ask(ME, token).text
    demo.weather.set("truncated")
    answer = ask(ME, token)
    assert answer.status_code == 200
    assert whole.startswith(answer.text)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_latency(ask: Ask, demo: DemoServer, token: str) -> None:
    demo.weather.set("latency", seconds=0.3)
    start = time.monotonic()
    assert ask(ME, token).status_code == 200
    assert time.monotonic() - start >= 0.3


def test_a_hanging_server_takes_the_request_and_stays_silent(demo: DemoServer) -> None:
    demo.weather.set("hang", "/auth")
    with pytest.raises(requests.ReadTimeout):
        requests.get(demo.address + ME, timeout=0.3)
    assert [entry.path for entry in demo.requests.entries()] == [ME]
    assert requests.get(demo.address + "/info/version", timeout=5).status_code == 200


def test_a_hanging_server_stops_at_once() -> None:
    with DemoServer() as demo:
        demo.weather.set("hang")
        with pytest.raises(requests.ReadTimeout):
            requests.get(demo.address + ME, timeout=0.2)
        start = time.monotonic()
    assert time.monotonic() - start < 10


def test_a_dripping_body_defeats_a_timeout_between_bytes(demo: DemoServer, token: str) -> None:
    demo.weather.set("drip", seconds=3)
    headers = {"Authorization": f"Bearer {token}"}
    start = time.monotonic()
    with requests.get(demo.address + ME, headers=headers, timeout=2, stream=True) as answer:
        headers_after = time.monotonic() - start
        assert json.loads(answer.content)["name"] == "Ada Lovelace"
    whole = time.monotonic() - start
    assert whole >= 2.5
    assert headers_after < whole / 2


def test_a_reset_connection(demo: DemoServer) -> None:
    demo.weather.set("reset")
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(demo.address + ME, timeout=5)
    assert "reset" in str(caught.value).lower()


def test_weather_may_last_for_some_requests(ask: Ask, demo: DemoServer, token: str) -> None:
    demo.weather.set("error-500", requests=2)
    assert [ask(ME, token).status_code for _ in range(3)] == [500, 500, 200]


def test_the_longest_prefix_counts(ask: Ask, demo: DemoServer, token: str) -> None:
    demo.weather.set("error-502")
    demo.weather.set("latency", "/auth/api")
    assert ask(ME, token).status_code == 200
    assert ask("/auth/version").status_code == 502
    assert ask(f"{demo.data_address}/materialize/version").status_code == 502
    demo.weather.clear("/")
    assert ask("/auth/version").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "snow"},
        {"kind": "latency", "seconds": -1},
        {"kind": "latency", "seconds": "long"},
        {"kind": "error-500", "prefix": "auth"},
        {"kind": "error-500", "requests": 0},
        {"kind": "error-500", "when": "now"},
        {"prefix": "/"},
        ["error-500"],
        {"kind": ["error-500"]},
        {"kind": "clear", "prefix": ["/"]},
    ],
)
def test_weather_that_makes_no_sense_is_refused_in_a_sentence(ask: Ask, demo: DemoServer, wrong: object) -> None:
    answer = ask("/demo/weather", method="POST", headers=SEND, body=json.dumps(wrong))
    assert answer.status_code == 400
    assert answer.json()["message"].endswith(".")
    assert demo.weather.rules() == []


def test_weather_in_process_is_checked_too(demo: DemoServer) -> None:
    with pytest.raises(WeatherError, match="There is no weather 'snow'"):
        demo.weather.set("snow")


def test_weather_over_http(ask: Ask, demo: DemoServer, token: str) -> None:
    def post(**wanted: Any) -> list[dict[str, Any]]:
        answer = ask("/demo/weather", method="POST", headers=SEND, body=json.dumps(wanted))
        assert answer.status_code == 200
        rules: list[dict[str, Any]] = answer.json()["rules"]
        return rules

    rule = {"kind": "error-500", "prefix": "/", "seconds": 0.0, "requests": None}
    assert post(kind="error-500") == [rule]
    assert ask(ME, token).status_code == 500
    assert ask("/demo/weather").json() == {"rules": [rule]}
    assert post(kind="clear") == []
    assert ask(ME, token).status_code == 200


def test_weather_that_is_not_json_is_refused(ask: Ask, demo: DemoServer) -> None:
    answer = ask("/demo/weather", method="POST", headers=SEND, body="{")
    assert (answer.status_code, answer.json()["message"]) == (400, "The body is not JSON.")


def test_weather_over_http_wants_the_header(ask: Ask, demo: DemoServer) -> None:
    answer = ask("/demo/weather", method="POST", body='{"kind": "hang"}')
    assert answer.status_code == 403
    assert demo.weather.rules() == []


@pytest.fixture
def tls() -> tuple[Callable[[], DemoServer], trustme.CA]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return (lambda: DemoServer(ssl_options=context)), authority


def test_a_certificate_nobody_knows(tls: tuple[Callable[[], DemoServer], trustme.CA]) -> None:
    serve, _authority = tls
    with serve() as demo, pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{demo.address}/auth/version", timeout=5)


def test_a_certificate_the_client_trusts(tls: tuple[Callable[[], DemoServer], trustme.CA]) -> None:
    serve, authority = tls
    with serve() as demo, authority.cert_pem.tempfile() as trusted:
        answer = requests.get(
            f"{demo.address}/auth/api/v1/user/me", verify=trusted, timeout=5, headers={"X-Requested-With": "x"}
        )
        assert demo.address.startswith("https://127.0.0.1:")
        assert f'realm="{demo.address}/' in answer.headers["WWW-Authenticate"]


def test_the_page_that_stands_in_for_google_is_struck_only_where_it_is_named(ask: Ask, demo: DemoServer) -> None:
    google = f"{demo.address}/demo/google?state=x"
    demo.weather.set("error-500")
    assert ask(google).status_code == 200
    demo.weather.set("severed", "/demo/google")
    assert ask(google).headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert ask(f"{demo.address}/demo/weather").status_code == 200
