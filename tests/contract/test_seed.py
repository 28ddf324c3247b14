"""Seed files: what a world may be told to be, and the sentence for each way to get one wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cave_setup.demo import DemoServer, ManualClock, SeedError

if TYPE_CHECKING:
    from pathlib import Path

    from contract.conftest import Ask

T1, T2, T3 = ("1" * 32, "2" * 32, "3" * 32)
SEED: dict[str, Any] = {
    "terms": [{"id": 7, "name": "Cortex Terms", "text": "I agree to **cite**."}],
    "datasets": [
        {"name": "cortex_public", "terms": 7, "groups": ["default"]},
        {"name": "minnie65_public", "terms": None, "groups": ["insiders"]},
    ],
    "users": [
        {
            "email": "Rosalind@example.org",
            "name": "Rosalind",
            "groups": ["default", "insiders"],
            "admin": True,
            "accepted_terms": [2],
            "api_keys": [{"token": T1, "description": "newest"}, {"token": T2, "description": None}],
            "sign_in_tokens": [{"token": T3, "expires_in": 90}, {"token": "4" * 32, "expires_in": -1}],
        },
        {"email": "max@example.org", "name": "Max"},
    ],
}


@pytest.fixture
def seeded(clock: ManualClock, tmp_path: Path) -> Any:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    with DemoServer(path, clock=clock) as server:
        yield server


def test_users_of_a_seed_are_the_only_ones(seeded: DemoServer) -> None:
    assert [user.name for user in seeded.world.users.values()] == ["Rosalind", "Max"]
    assert seeded.world.strangers() == []


def test_newcomers_are_strangers_until_they_have_an_account() -> None:
    world = DemoServer({"users": [], "newcomers": [{"email": "mia@example.org", "name": "Mia"}]}).world
    assert world.strangers() == [("mia@example.org", "Mia")]
    world.add_user("Mia@example.org", "Mia")
    assert world.strangers() == []
    assert DemoServer().world.strangers() == [("nia@example.org", "Nia Newcomer")]


def test_keys_are_listed_in_the_seeds_order(seeded: DemoServer, ask: Ask) -> None:
    keys = ask(f"{seeded.address}/auth/api/v1/user/token", T2).json()
    assert [(key["token"], key["description"]) for key in keys] == [(T1, "newest"), (T2, None)]


def test_sign_in_tokens_run_out(seeded: DemoServer, ask: Ask, clock: ManualClock) -> None:
    url = f"{seeded.address}/auth/api/v1/user"
    assert ask(f"{url}/token/{T3}/ttl", T3).json() == 90
    assert ask(f"{url}/me", "4" * 32).status_code == 401
    clock.advance(90)
    assert ask(f"{url}/me", T3).status_code == 401


def test_what_a_seed_leaves_out_comes_from_the_friendly_world(seeded: DemoServer, ask: Ask) -> None:
    terms = ask(f"{seeded.address}/auth/api/v1/tos", T1).json()
    assert [one["id"] for one in terms] == [2, 3, 7]
    stacks = ask(f"{seeded.address}/info/api/v2/datastacks", T1).json()
    assert set(stacks) == {
        *("cortex_public", "minnie65_public", "second_public", "open_sandbox", "private_stack"),
    }
    missing = ask(f"{seeded.address}/auth/api/v1/user/missing", T1).json()
    assert [entry["tos_id"] for entry in missing] == [3, 7]


def test_an_entry_of_a_seed_replaces_the_friendly_one(seeded: DemoServer, ask: Ask) -> None:
    assert ask(f"{seeded.address}/info/api/v2/datastack/full/minnie65_public", T1).status_code == 200
    user = seeded.world.user_by_email("max@example.org")
    assert user is not None
    outsider = seeded.world.sign_in(user).text
    refused = ask(f"{seeded.address}/info/api/v2/datastack/full/minnie65_public", outsider)
    assert refused.json()["error"] == "missing_permission"


def test_a_friendly_data_set_keeps_what_the_seed_does_not_say() -> None:
    with DemoServer({"datasets": [{"name": "minnie65_public", "groups": ["insiders"]}]}) as server:
        dataset = server.world.datasets["minnie65_public"]
    assert (dataset.terms, dataset.groups) == (2, ("insiders",))


def test_tokens_differ_from_start_to_start() -> None:
    keys = set()
    for _ in range(2):
        with DemoServer() as server:
            keys.add(server.world.key_of("ada@example.org"))
    assert len(keys) == 2


WRONG: dict[str, tuple[Any, str]] = {
    "not an object": ([], "$ must be an object, not a list"),
    "unknown key": ({"user": []}, "$ has an unknown key 'user'"),
    "users no list": ({"users": {}}, "users must be a list, not an object"),
    "no e-mail": ({"users": [{"name": "Ada"}]}, "users[0] lacks 'email'"),
    "e-mail a number": ({"users": [{"email": 5}]}, "users[0].email must be a text"),
    "two of one e-mail": ({"users": [{"email": "a@b"}, {"email": "A@b"}]}, "users[1].email stands twice"),
    "admin a text": ({"users": [{"email": "a@b", "admin": "no"}]}, "users[0].admin must be true or false"),
    "unknown terms": ({"users": [{"email": "a@b", "accepted_terms": [9]}]}, "users[0].accepted_terms[0] names"),
    "bad token": (
        {"users": [{"email": "a@b", "api_keys": [{"token": "SECRET"}]}]},
        "users[0].api_keys[0].token must be a token of 32 characters",
    ),
    "token twice": (
        {"users": [{"email": "a@b", "api_keys": [{"token": T1}, {"token": T1}]}]},
        "users[0].api_keys[0].token is a token that another entry has already",
    ),
    "long description": (
        {"users": [{"email": "a@b", "api_keys": [{"token": T1, "description": "x" * 121}]}]},
        "users[0].api_keys[0].description must be null or a text of at most 120",
    ),
    "no lifetime": (
        {"users": [{"email": "a@b", "sign_in_tokens": [{"token": T1}]}]},
        "users[0].sign_in_tokens[0] lacks 'expires_in'",
    ),
    "lifetime a text": (
        {"users": [{"email": "a@b", "sign_in_tokens": [{"token": T1, "expires_in": "7 d"}]}]},
        "users[0].sign_in_tokens[0].expires_in must be a number of seconds",
    ),
    "newcomers no list": ({"newcomers": {}}, "newcomers must be a list, not an object"),
    "newcomer without e-mail": ({"newcomers": [{"name": "Mia"}]}, "newcomers[0] lacks 'email'"),
    "newcomer without name": ({"newcomers": [{"email": "a@b"}]}, "newcomers[0] lacks 'name'"),
    "newcomer with groups": (
        {"newcomers": [{"email": "a@b", "name": "Mia", "groups": []}]},
        "newcomers[0] has an unknown key 'groups'",
    ),
    "two newcomers of one e-mail": (
        {"newcomers": [{"email": "a@b", "name": "Mia"}, {"email": "A@b", "name": "Mia"}]},
        "newcomers[1].email stands twice",
    ),
    "dataset with unknown terms": ({"datasets": [{"name": "x", "terms": 9}]}, "datasets[0].terms names"),
    "dataset twice": ({"datasets": [{"name": "x"}, {"name": "x"}]}, "datasets[1].name stands twice"),
    "group a number": ({"datasets": [{"name": "x", "groups": [1]}]}, "datasets[0].groups[0] must be a text"),
    "terms without id": ({"terms": [{"name": "x"}]}, "terms[0] lacks 'id'"),
    "terms id a truth": ({"terms": [{"id": True, "name": "x"}]}, "terms[0].id must be a whole number"),
    "terms without name": ({"terms": [{"id": 9}]}, "terms[0] lacks 'name'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_is_one_sentence_that_says_where(tmp_path: Path, case: str) -> None:
    seed, start = WRONG[case]
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    with pytest.raises(SeedError) as caught:
        DemoServer(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"The seed cannot be used: {start}")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "SECRET" not in sentence


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), (b"{", "is not JSON"), (b"\xff\xfe", "is not UTF-8")],
)
def test_a_file_that_is_no_seed(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "seed.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SeedError, match=problem):
        DemoServer(path)
