"""The services that hold data: WIRE section 8."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from cave_setup.demo import DemoServer, ManualClock

if TYPE_CHECKING:
    from contract.conftest import Ask

INFO = "/info/api/v2/datastack/full"
SKIPS = 20
CACHE_SECONDS = 300


def versions(demo: DemoServer, stack: str, api: str = "v3") -> str:
    return f"{demo.data_address}/materialize/api/{api}/datastack/{stack}/versions"


@pytest.mark.parametrize("path", ["/info/version", "/info/api/versions"])
def test_open_without_a_token(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.status_code == 200
    assert answer.json()


def test_the_data_server_says_its_version_to_anybody(ask: Ask, demo: DemoServer) -> None:
    assert ask(f"{demo.data_address}/materialize/version").json().count(".") == 2


@pytest.mark.parametrize("path", ["/info/api/v2/datastacks", "/info/api/v2/aligned_volume", f"{INFO}/minnie65_public"])
def test_the_rest_wants_a_token(ask: Ask, path: str) -> None:
    answer = ask(path, "0123456789abcdef0123456789abcdef")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert ask(path).status_code == 302


@pytest.mark.parametrize("path", ["/info/api/v2/datastacks", "/info/api/v2/datastack/minnie65_public"])
def test_terms_are_not_needed_for_names(ask: Ask, demo: DemoServer, grace: str, path: str) -> None:
    assert ask(path, grace).status_code == 200


def test_the_list_shows_stacks_with_open_terms_but_none_out_of_reach(ask: Ask, demo: DemoServer, grace: str) -> None:
    assert ask("/info/api/v2/datastacks", grace).json() == [
        "minnie65_public",
        "second_public",
        "open_sandbox",
    ]


def test_the_record_names_the_data_server(ask: Ask, demo: DemoServer, token: str) -> None:
    record = ask(f"{INFO}/minnie65_public", token).json()
    assert record["local_server"] == demo.data_address != demo.address
    assert record["aligned_volume"]["name"] == "minnie65_public"


@pytest.mark.parametrize("api", ["v2", "v3"])
def test_the_data_server_lists_versions(ask: Ask, demo: DemoServer, token: str, api: str) -> None:
    listed = ask(versions(demo, "minnie65_public", api), token).json()
    assert len(listed) == 12
    assert listed == sorted(set(listed))


def test_a_version_has_a_record_and_tables(ask: Ask, demo: DemoServer, token: str) -> None:
    stack = f"{demo.data_address}/materialize/api/v3/datastack/minnie65_public"
    records = ask(f"{stack}/metadata", token).json()
    assert [record["version"] for record in records] == ask(f"{stack}/versions", token).json()
    newest = records[-1]
    assert ask(f"{stack}/version/{newest['version']}", token).json() == newest
    assert newest["time_stamp"] < newest["expires_on"]
    assert ask(f"{stack}/version/{newest['version']}/tables", token).json()
    for path in ("/version/2", "/version/2/tables"):
        assert ask(stack + path, token).status_code == 404


def test_the_data_is_on_the_data_server_only(ask: Ask, demo: DemoServer, token: str) -> None:
    path = "/materialize/api/v3/datastack/minnie65_public/versions"
    assert ask(path, token).status_code == 404
    assert ask(f"{demo.data_address}/auth/api/v1/user/me", token).status_code == 404


@pytest.mark.parametrize("where", ["info", "materialize"])
def test_missing_terms(ask: Ask, demo: DemoServer, grace: str, where: str) -> None:
    url = f"{INFO}/minnie65_public" if where == "info" else versions(demo, "minnie65_public")
    answer = ask(url, grace)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/json"
    form = f"{demo.address}/sticky_auth/api/v1/tos/2/accept"
    assert answer.json() == {
        "error": "missing_tos",
        "message": "Need to accept Terms of Service to access resource.",
        "data": {"tos_id": 2, "tos_name": "MICrONS Public", "tos_form_url": form},
    }
    plain = ask(url, headers={"Cookie": f"middle_auth_token={grace}"})
    assert plain.status_code == 302
    location = urlsplit(plain.headers["Location"])
    assert plain.headers["Location"].startswith(f"{form}?")
    assert parse_qs(location.query)["redirect"] == [url if url.startswith("http") else demo.address + url]


@pytest.mark.parametrize("as_program", [True, False])
def test_missing_permission(ask: Ask, demo: DemoServer, token: str, as_program: bool) -> None:  # noqa: FBT001 a case, not an option
    headers: dict[str, str | bytes] = {"Cookie": f"middle_auth_token={token}"}
    answer = ask(f"{INFO}/private_stack", token if as_program else None, headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {
        "error": "missing_permission",
        "message": "Missing permission: view for dataset private_stack",
        "data": {"required_permission": "view", "auth_dataset": "private_stack"},
    }


def test_an_unknown_stack(ask: Ask, token: str) -> None:
    answer = ask(f"{INFO}/no_such_stack", token)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_table_id",
        "message": "Invalid table_id for service",
        "data": {"table_id": "no_such_stack", "resource_namespace": "datastack"},
    }


def test_stacks_without_terms_need_a_token_only(ask: Ask, demo: DemoServer, grace: str) -> None:
    assert ask(f"{INFO}/open_sandbox", grace).status_code == 200


def test_a_data_set_may_have_another_name_than_its_datastack(demo: DemoServer, ask: Ask) -> None:
    seed = {"datasets": [{"name": "cortex", "terms": 2, "datastacks": ["cortex_v1", "cortex_v2"]}]}
    with DemoServer(seed) as server:
        key = server.world.key_of("ada@example.org")
        record = ask(f"{server.address}{INFO}/cortex_v2", key)
        assert record.status_code == 200
        name = ask(f"{server.address}/auth/api/v1/service/datastack/table/cortex_v1/dataset", key).json()
        assert name == "cortex"


class TestCaches:
    """What one service goes on believing."""

    stack = f"{INFO}/minnie65_public"

    def accept(self, ask: Ask, token: str) -> None:
        assert ask("/sticky_auth/api/v1/tos/2/accept?client=ng", token, method="POST").status_code == 200

    def test_a_deleted_token_goes_on_working_for_a_while(
        self, ask: Ask, demo: DemoServer, clock: ManualClock, token: str
    ) -> None:
        assert ask(self.stack, token).status_code == 200
        [key] = ask("/auth/api/v1/user/token", token).json()
        ask(f"/auth/api/v1/user/token/{key['id']}", token, method="DELETE")
        assert ask("/auth/api/v1/user/me", token).status_code == 401
        clock.advance(CACHE_SECONDS - 1)
        assert ask(self.stack, token).status_code == 200
        clock.advance(2)
        assert ask(self.stack, token).status_code == 401

    def test_services_remember_each_for_itself(self, ask: Ask, demo: DemoServer, grace: str) -> None:
        assert ask("/info/api/v2/datastacks", grace).status_code == 200
        ask("/auth/api/v1/logout", grace)
        assert ask("/info/api/v2/datastacks", grace).status_code == 200
        assert ask(versions(demo, "open_sandbox"), grace).status_code == 401

    def test_a_refused_token_stays_refused(self, ask: Ask, demo: DemoServer, clock: ManualClock) -> None:
        late = "00112233445566778899aabbccddeeff"
        assert ask("/info/api/v2/datastacks", late).status_code == 401
        user = demo.world.user_by_email("ada@example.org")
        assert user is not None
        demo.world.make_key(user, "late", late)
        assert ask("/auth/api/v1/user/me", late).status_code == 200
        clock.advance(CACHE_SECONDS - 1)
        assert ask("/info/api/v2/datastacks", late).status_code == 401
        clock.advance(2)
        assert ask("/info/api/v2/datastacks", late).status_code == 200

    def test_the_first_denials_ask_anew(self, ask: Ask, demo: DemoServer, grace: str) -> None:
        for _ in range(SKIPS - 1):
            assert ask(self.stack, grace).status_code == 403
        self.accept(ask, grace)
        assert ask(self.stack, grace).status_code == 200

    def test_after_twenty_denials_the_403_lingers(
        self, ask: Ask, demo: DemoServer, clock: ManualClock, grace: str
    ) -> None:
        for _ in range(SKIPS):
            assert ask(self.stack, grace).status_code == 403
        self.accept(ask, grace)
        assert ask("/auth/api/v1/user/missing", grace).json()[0]["tos_id"] == 3
        clock.advance(CACHE_SECONDS - 1)
        assert ask(self.stack, grace).status_code == 403
        clock.advance(2)
        assert ask(self.stack, grace).status_code == 200

    def test_a_denied_token_that_ended_meanwhile_is_refused(self, ask: Ask, demo: DemoServer, grace: str) -> None:
        assert ask("/info/api/v2/datastacks", grace).status_code == 200
        ask("/auth/api/v1/logout", grace)
        assert ask(self.stack, grace).status_code == 401

    def test_denials_are_counted_for_each_token(self, ask: Ask, demo: DemoServer, grace: str) -> None:
        other = ask("/auth/api/v1/create_token", grace).json()
        for _ in range(SKIPS):
            ask(self.stack, grace)
        ask(self.stack, other)
        self.accept(ask, grace)
        assert ask(self.stack, grace).status_code == 403
        assert ask(self.stack, other).status_code == 200

    def test_with_the_auth_server_down_known_tokens_go_on(
        self, ask: Ask, demo: DemoServer, token: str, grace: str
    ) -> None:
        assert ask(self.stack, token).status_code == 200
        demo.weather.set("error-502", "/auth")
        assert ask("/auth/api/v1/user/me", token).status_code == 502
        assert ask(self.stack, token).status_code == 200
        unknown_here = ask(self.stack, grace)
        assert unknown_here.status_code == 500
        assert unknown_here.headers["Content-Type"].startswith("text/html")
