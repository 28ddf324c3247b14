"""Two deployments with many datastacks each, side by side: what is listed, what it costs, whose files, whose token."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from cave_setup import choosing, errors
from cave_setup.demo import DemoServer
from cave_setup.errors import NoTokenToActWith
from cave_setup.models import DatastackRecord, PermissionMissing, Terms, TermsOpen, Token, TokenRefused
from integration.conftest import SECRET, authorized, cave_routes, read_secrets
from integration.listeners import by_path, hangs, says
from integration.test_terminal import run, saved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cave_setup import Setup
    from cave_setup.auth_server import AuthServer
    from cave_setup.models import DatastackChoice
    from integration.conftest import Connect, Listen, SetUp

LIST = "/info/api/v2/datastacks"
MAPPING = "/auth/api/v1/service"
RIGHTS = "/auth/api/v1/user/cache"
ACCEPTED, OPEN_TERMS = 2, 3
MIA = "mia@example.org"


def big_world(tag: str, token: Token, count: int = 24) -> dict[str, Any]:
    """Many data sets: a third open, a third with terms accepted, a third with terms open; and one for others only."""
    third = count // 3
    datasets: list[dict[str, Any]] = [
        *({"name": f"{tag}_free_{n}", "terms": None} for n in range(third)),
        *({"name": f"{tag}_accepted_{n}", "terms": ACCEPTED} for n in range(third)),
        *({"name": f"{tag}_terms_{n}", "terms": OPEN_TERMS, "datastacks": [f"{tag}_stack_{n}"]} for n in range(third)),
        {"name": f"{tag}_private", "terms": None, "groups": ["insiders"]},
    ]
    user = {"email": MIA, "name": "Mia", "accepted_terms": [ACCEPTED], "api_keys": [{"token": token.reveal()}]}
    return {"datasets": datasets, "users": [user]}


HERE, THERE = Token("a" * 28 + "aaaa"), Token("b" * 28 + "bbbb")


@pytest.fixture
def big() -> Iterator[DemoServer]:
    with DemoServer(big_world("here", HERE)) as server:
        yield server


@pytest.fixture
def other() -> Iterator[DemoServer]:
    with DemoServer(big_world("there", THERE)) as server:
        yield server


def verdicts(listed: tuple[DatastackChoice, ...]) -> dict[str, str]:
    return {choice.name: choice.verdict for choice in listed}


def paths(demo: DemoServer) -> list[str]:
    return [entry.path for entry in demo.requests.entries()]


def host(demo: DemoServer) -> str:
    return demo.address.removeprefix("http://")


# ------------------------------------------------------------------------------------------------------- the list


def test_all_datastacks_are_listed_with_what_stands_in_the_way_usable_ones_first(
    big: DemoServer, set_up: SetUp
) -> None:
    setup = set_up(big.address, "here_free_0")
    setup.use_token(HERE.reveal())
    listed = setup.datastacks()
    assert [choice.verdict for choice in listed] == sorted(choice.verdict for choice in listed)
    assert verdicts(listed) == {
        "minnie65_public": "open",
        "second_public": "terms",
        "open_sandbox": "open",
        **{f"here_free_{n}": "open" for n in range(8)},
        **{f"here_accepted_{n}": "open" for n in range(8)},
        **{f"here_stack_{n}": "terms" for n in range(8)},
    }
    [one] = [choice for choice in listed if choice.name == "here_stack_3"]
    assert isinstance(one.terms, Terms)
    assert (one.terms.id, one.terms.name, one.terms.dataset) == (OPEN_TERMS, "Second Public", "here_terms_3")


def ask_the_service(server: AuthServer, token: Token, name: str) -> str:
    kinds = {DatastackRecord: "open", TermsOpen: "terms", PermissionMissing: "no-permission"}
    return kinds[type(server.access(token, name))]


def test_the_list_says_what_the_service_says(connect: Connect) -> None:
    with DemoServer(big_world("here", HERE, count=9)) as demo:
        server = connect(demo.address)
        rights = server.rights(HERE)
        assert not isinstance(rights, TokenRefused)
        names = [stack for dataset in demo.world.datasets.values() for stack in dataset.datastacks]
        assert {"here_private", "here_stack_0"} < set(names)
        judged = {name: rights.judge(name, server.dataset_of(HERE, name) or "").verdict for name in names}
        assert judged == {name: ask_the_service(server, HERE, name) for name in names}
        assert set(judged.values()) == {"open", "terms", "no-permission"}


def test_looking_at_forty_datastacks_spends_no_refusal_so_acceptance_is_noticed_at_once(set_up: SetUp) -> None:
    stacks = [f"stack_{number}" for number in range(40)]
    user = {"email": MIA, "name": "Mia", "api_keys": [{"token": HERE.reveal()}]}
    world = {
        "datasets": [{"name": "minnie65_public", "terms": 2, "datastacks": ["minnie65_public", *stacks]}],
        "users": [user],
    }
    with DemoServer(world) as demo:
        setup = set_up(demo.address)
        assert setup.use_token(HERE.reveal()).step("terms").need == "accept-terms"
        demo.requests.clear()
        for _ in range(2):
            assert list(verdicts(setup.datastacks()).values()).count("terms") == 42
        assert {path.split("/")[1] for path in paths(demo)} == {"auth", "info"}
        assert [path for path in paths(demo) if path.startswith("/info")] == [LIST, LIST]
        status = setup.accept_terms()
        assert status.step("terms").state == "done"
        assert status.step("ready").summary.startswith("minnie65_public: 12 versions")
        listed = verdicts(setup.datastacks())
        assert {listed[stack] for stack in stacks} == {"open"}


def test_asking_the_service_for_each_would_have_spent_it(connect: Connect) -> None:
    """The control: the demo server does remember refusals, as the real one."""
    with DemoServer(big_world("here", HERE, count=66)) as demo:
        server = connect(demo.address)
        for number in range(22):
            assert ask_the_service(server, HERE, f"here_stack_{number}") == "terms"
        assert server.accept_terms(HERE, OPEN_TERMS) is None
        assert ask_the_service(server, HERE, "here_stack_0") == "terms"


# --------------------------------------------------------------------------------------------- servers that differ


def routes(names: object, **changes: Any) -> dict[str, Any]:
    rights = {"missing_tos": [], "permissions_v2": {"set": ["view"]}}
    return {
        **cave_routes("https://data.example"),
        LIST: says(names),
        RIGHTS: says({"id": 7, "name": "Ada", "email": "ada@example.org", **rights, **changes}),
        MAPPING: says("set"),
    }


@pytest.fixture
def setup_with(listen: Listen, set_up: SetUp) -> Any:
    def make(behaviours: dict[str, Any]) -> Setup:
        setup = set_up(listen(by_path(behaviours)).address)
        setup.use_token(SECRET.reveal())
        return setup

    return make


def test_odd_names_are_left_out_and_a_list_has_an_end(setup_with: Any) -> None:
    odd = ["a b", "../up", "<b>", "", None, 7, ["x"], "x" * 200, SECRET.reveal(), "évil", "good\n", "good", "good"]
    assert verdicts(setup_with(routes(odd)).datastacks()) == {"good": "open"}
    assert len(setup_with(routes([f"stack_{number}" for number in range(1000)])).datastacks()) == 200
    assert setup_with(routes(["-"] * 300_000 + ["good"])).datastacks() == ()  # nobody reads on for ever


def test_a_server_that_hangs_leaves_what_it_did_not_answer_unknown(
    setup_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "WHOLE_SECONDS", 2.0)
    behaviours = {**routes(["one", "two"]), f"{MAPPING}/datastack/table/two": hangs}
    assert verdicts(setup_with(behaviours).datastacks()) == {"one": "open", "two": "unknown"}


@pytest.mark.parametrize(
    "changes",
    [
        {MAPPING: says("Table doesn't exist", "404 Not Found")},
        {MAPPING: says({"not": "a name"})},
        {MAPPING: says({"error": "broken"}, "500 Internal Server Error")},
        {RIGHTS: says({"id": 7, "name": "Ada", "email": "", "missing_tos": []})},
        {RIGHTS: says({"id": 7, "name": "Ada", "email": "", "missing_tos": [], "permissions_v2": ["set"]})},
    ],
    ids=["no mapping", "odd mapping", "broken", "no rights", "odd rights"],
)
def test_what_cannot_be_judged_is_unknown_and_no_fault(setup_with: Any, changes: dict[str, Any]) -> None:
    assert verdicts(setup_with({**routes(["one", "two"]), **changes}).datastacks()) == dict.fromkeys(
        ["one", "two"], "unknown"
    )


def test_terms_of_a_server_that_does_not_say_what_they_would_open(setup_with: Any) -> None:
    missing = [{"dataset_id": 1, "dataset_name": "set", "tos_id": 2, "tos_name": "T"}]
    setup = setup_with(routes(["one"], permissions_v2={}, missing_tos=missing))
    assert verdicts(setup.datastacks()) == {"one": "terms"}
    setup = setup_with(routes(["one"], permissions_v2={}, permissions_v2_ignore_tos={}, missing_tos=missing))
    assert verdicts(setup.datastacks()) == {"one": "no-permission"}


def test_without_a_list_there_is_an_error_that_says_why(setup_with: Any, demo: DemoServer, set_up: SetUp) -> None:
    with pytest.raises(NoTokenToActWith, match=r"no token for 127.0.0.1.* here yet.*cave-setup login"):
        set_up(demo.address).datastacks()
    with pytest.raises(errors.ServerBroken):
        setup_with({**routes([]), LIST: says({}, "503 Service Unavailable")}).datastacks()
    with pytest.raises(NoTokenToActWith):
        setup_with({**routes([]), LIST: says({"error": "invalid_token"}, "401 Unauthorized")}).datastacks()
    assert setup_with(routes([])).datastacks() == ()


# --------------------------------------------------------------------------------------------------- side by side


def test_two_deployments_with_twenty_datastacks_each_live_side_by_side(
    big: DemoServer, other: DemoServer, secrets: Path, set_up: SetUp
) -> None:
    """One `Setup` that goes from one to the other and back, as a person in the wizard does."""
    setup = set_up(big.address, "here_free_1")
    setup.use_token(HERE.reveal())
    assert setup.save().ready
    assert len(setup.datastacks()) > 20

    setup.use_server(other.address, "there_accepted_1")
    big.requests.clear()
    status = setup.check()
    assert status.step("account").need == "sign-in"  # the default file's token belongs to the first
    with pytest.raises(NoTokenToActWith):
        setup.datastacks()
    assert authorized(other) == []
    setup.use_token(THERE.reveal())
    assert setup.save().ready
    assert {name.split("_")[0] for name in verdicts(setup.datastacks())} >= {"there"}

    data = [server.data_address.removeprefix("http://") for server in (big, other)]
    assert read_secrets(secrets) == {
        "cave-secret.json": HERE.reveal(),
        f"{host(big)}-cave-secret.json": HERE.reveal(),
        f"{data[0]}-cave-secret.json": HERE.reveal(),
        f"{host(other)}-cave-secret.json": THERE.reveal(),
        f"{data[1]}-cave-secret.json": THERE.reveal(),
    }
    assert big.requests.entries() == []

    setup.use_server(big.address, "here_accepted_2")
    other.requests.clear()
    assert setup.check().ready
    assert setup.datastacks()[0].name.startswith("here")
    assert authorized(other) == []


def test_each_servers_own_file_counts_more_than_the_default_one(
    big: DemoServer, other: DemoServer, secrets: Path, set_up: SetUp
) -> None:
    saved(big, secrets, HERE.reveal())
    saved(other, secrets, THERE.reveal())
    (secrets / "cave-secret.json").write_text(json.dumps({"token": HERE.reveal()}), encoding="utf-8")
    for server, name, token in ((big, "here_free_0", HERE), (other, "there_free_0", THERE)):
        status = set_up(server.address, name, CAVE_TOKEN=HERE.reveal()).check()
        assert status.ready
        assert status.token is not None
        assert status.token.where.endswith(f"{host(server)}-cave-secret.json")
        assert status.token.masked == token.masked


# ------------------------------------------------------------------------------------------------------- terminal


def test_the_terminal_lists_them(big: DemoServer, secrets: Path) -> None:
    saved(big, secrets, HERE.reveal())
    done = run("datastacks", "--server", big.address, "--datastack", "here_stack_1")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + 27
    assert any(re.fullmatch(" +→ here_stack_1 +terms not accepted yet: Second Public", line) for line in lines)
    assert any(line.split() == ["here_free_1", "open", "to", "you"] for line in lines)
    printed = json.loads(run("datastacks", "--json", "--server", big.address).stdout)
    assert printed["server_address"] == big.address
    assert {row["name"]: row["verdict"] for row in printed["datastacks"]}["here_stack_1"] == "terms"
    assert HERE.reveal() not in done.stdout


def test_the_terminal_says_why_there_is_no_list(demo: DemoServer, closed_port: int, secrets: Path) -> None:
    done = run("datastacks", "--server", demo.address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cave-setup: ")
    saved(demo, secrets, "1" * 32)
    assert run("datastacks", "--server", demo.address).returncode == 1
    nowhere = run("datastacks", "--server", f"http://127.0.0.1:{closed_port}")
    assert (nowhere.returncode, "refused or cut the connection" in nowhere.stderr) == (3, True)
    (secrets / f"127.0.0.1:{closed_port}-cave-secret.json").write_text(json.dumps({"token": "2" * 32}))
    done = run("datastacks", "--json", "--server", f"http://127.0.0.1:{closed_port}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "refused or cut the connection" in done.stderr
