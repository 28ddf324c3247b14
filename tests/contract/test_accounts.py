"""Who you are and what you may see: WIRE section 4, the routes that only read."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract.conftest import Ask

    from cave_setup.demo import DemoServer

API = "/auth/api/v1"
ME = {
    *("id", "name", "email", "admin", "admin_datasets", "affiliations"),
    *("created", "gdpr_consent", "pi", "service_account"),
}
CACHE = {
    *("id", "parent_id", "name", "email", "admin", "pi", "service_account", "affiliations", "groups"),
    *("groups_admin", "datasets_admin", "permissions", "permissions_v2", "permissions_v2_ignore_tos"),
    "missing_tos",
}


def in_order(pairs: list[tuple[str, object]]) -> None:
    keys = [key for key, _value in pairs]
    assert keys == sorted(keys)


@pytest.mark.parametrize("prefix", ["/auth/api/v1", "/sticky_auth/api/v1"])
@pytest.mark.parametrize(
    "path",
    [
        "/user/me",
        "/user/cache",
        "/my_permissions",
        "/user/missing",
        "/user/token",
        "/username?id=1",
        "/tos",
        "/dataset",
        "/permission",
        "/app",
        "/service/datastack/table/minnie65_public/dataset",
    ],
)
def test_answers_are_sorted_json_that_ends_with_a_newline(ask: Ask, token: str, prefix: str, path: str) -> None:
    answer = ask(prefix + path, token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text.endswith("\n")
    json.loads(answer.text, object_pairs_hook=in_order)
    assert "Cache-Control" not in answer.headers


def test_me(ask: Ask, token: str) -> None:
    me = ask(f"{API}/user/me", token).json()
    assert set(me) == ME
    assert isinstance(me["affiliations"][0], list)
    assert me["created"].endswith(" GMT")
    assert parsedate_to_datetime(me["created"]).tzinfo is not None


@pytest.mark.parametrize("path", ["/user/cache", "/my_permissions"])
def test_permissions(ask: Ask, token: str, path: str) -> None:
    assert set(ask(API + path, token).json()) == CACHE


def test_the_short_form_of_a_user_has_no_address(ask: Ask, token: str) -> None:
    me = ask(f"{API}/user/me", token).json()
    short = ask(f"{API}/user/{me['id']}", token).json()
    assert set(short) == ME - {"email", "admin", "admin_datasets", "gdpr_consent"}
    assert short["name"] == me["name"]


def test_an_unknown_user_is_a_plain_404(ask: Ask, token: str) -> None:
    answer = ask(f"{API}/user/987654321", token)
    assert (answer.status_code, answer.text) == (404, "User doesn't exist")


def test_usernames(ask: Ask, token: str) -> None:
    me = ask(f"{API}/user/me", token).json()
    answer = ask(f"{API}/username?id={me['id']},987654321", token)
    assert answer.json() == [{"id": me["id"], "name": me["name"]}]
    assert ask(f"{API}/username", token).json() == []


def test_usernames_break_at_text(ask: Ask, demo: DemoServer, token: str) -> None:
    answer = ask(f"{API}/username?id=ada", token)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Internal Server Error" in answer.text


def test_everybody_reads_all_terms(ask: Ask, token: str) -> None:
    terms = ask(f"{API}/tos", token).json()
    assert all(set(one) == {"id", "name", "text"} for one in terms)
    assert 2 in {one["id"] for one in terms}


def test_a_normal_user_administers_no_dataset(ask: Ask, token: str) -> None:
    assert ask(f"{API}/dataset", token).json() == []


def test_the_data_set_behind_a_datastack(ask: Ask, token: str) -> None:
    path = f"{API}/service/datastack/table"
    assert isinstance(ask(f"{path}/minnie65_public/dataset", token).json(), str)
    unknown = ask(f"{path}/no_such_stack/dataset", token)
    assert unknown.status_code == 404
    assert unknown.headers["Content-Type"].startswith("text/html")


def test_missing_terms_have_one_entry_a_data_set(ask: Ask, demo: DemoServer, grace: str) -> None:
    assert ask(f"{API}/user/missing", grace).json() == [
        {"dataset_id": 1, "dataset_name": "minnie65_public", "tos_id": 2, "tos_name": "MICrONS Public"},
        {"dataset_id": 2, "dataset_name": "second_public", "tos_id": 3, "tos_name": "Second Public"},
    ]


def test_permissions_before_and_after_terms(ask: Ask, demo: DemoServer, grace: str) -> None:
    before = ask(f"{API}/user/cache", grace).json()
    assert before["permissions_v2"] == {"open_sandbox": ["view"]}
    assert set(before["permissions_v2_ignore_tos"]) == {"minnie65_public", "second_public", "open_sandbox"}
    assert before["missing_tos"] == ask(f"{API}/user/missing", grace).json()
    accepted = ask("/sticky_auth/api/v1/tos/2/accept?client=ng", grace, method="POST")
    assert accepted.status_code == 200
    for path in ("/user/cache", "/my_permissions"):
        after = ask(API + path, grace).json()
        assert after["permissions"] == {"open_sandbox": 1, "minnie65_public": 1}
        assert [entry["tos_id"] for entry in after["missing_tos"]] == [3]


class TestAdmin:
    """What a super admin gets in place of the refusals."""

    @pytest.fixture
    def root(self, demo: DemoServer) -> str:
        user = demo.world.add_user("root@example.org", "Root", admin=True)
        return demo.world.sign_in(user).text

    def test_finds_users_in_the_full_shape(self, ask: Ask, root: str) -> None:
        found = ask(f"{API}/user?email=grace@example.org", root).json()
        assert [one["name"] for one in found] == ["Grace Hopper"]
        assert set(found[0]) == ME
        everybody = ask(f"{API}/user", root).json()
        assert everybody["pages"] == 1
        assert len(everybody["items"]) == 3

    def test_sees_who_is_in_a_group(self, ask: Ask, root: str) -> None:
        members = ask(f"{API}/group/1/user", root).json()
        assert [set(one) for one in members] == [{"id", "name", "admin"}] * 3
        assert ask(f"{API}/group/99/user", root).json() == []

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/user/1/tos", [{"id": 2, "name": "MICrONS Public"}, {"id": 3, "name": "Second Public"}]),
            ("/group", [{"id": 1, "name": "default"}, {"id": 2, "name": "insiders"}]),
            ("/group/1/admin", []),
            ("/dataset/2", {"id": 2, "name": "second_public", "tos_id": 3}),
        ],
    )
    def test_reads_what_others_may_not(self, ask: Ask, root: str, path: str, expected: object) -> None:
        assert ask(API + path, root).json() == expected

    @pytest.mark.parametrize("path", ["/user/99/tos", "/user/99/permissions", "/tos/99", "/dataset/99"])
    def test_unknown_things_are_plain_404s(self, ask: Ask, root: str, path: str) -> None:
        answer = ask(API + path, root)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
