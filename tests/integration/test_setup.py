"""`Setup` against the friendly world: what each kind of person is told, and what stands in their files afterwards."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import requests

from cave_setup import PasteError, Setup, SeveralTokens
from cave_setup.demo import DemoServer, ManualClock
from cave_setup.environment import detect
from cave_setup.errors import AddressError, DemoTokenRefused, NotSavable, WouldReplace
from integration.conftest import SECRET, assert_shape, authorized, read_secrets, write_secret
from integration.listeners import answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cave_setup import Status
    from integration.conftest import Listen, SetUp


def host(demo: DemoServer) -> str:
    return demo.address.removeprefix("http://")


def data_host(demo: DemoServer) -> str:
    return demo.data_address.removeprefix("http://")


def files_of(demo: DemoServer) -> list[str]:
    """Names of the files that a save writes."""
    return sorted(["cave-secret.json", f"{host(demo)}-cave-secret.json", f"{data_host(demo)}-cave-secret.json"])


def states(status: Status) -> dict[str, str]:
    assert_shape(status.as_dict())
    return {step.key: step.state for step in status.steps}


def sign_in(demo: DemoServer, email: str = "ada@example.org", lifetime: float = 604800.0) -> str:
    user = demo.world.user_by_email(email)
    assert user is not None
    return demo.world.sign_in(user, lifetime).text


# ------------------------------------------------------------------------------------------------ nothing there yet


def test_a_computer_with_nothing_on_it_is_asked_to_sign_in(demo: DemoServer, set_up: SetUp) -> None:
    status = set_up(demo.address).check()
    assert states(status) == {
        "environment": "done",
        "account": "current",
        "terms": "waiting",
        "token": "waiting",
        "save": "waiting",
        "ready": "waiting",
    }
    assert status.as_dict()["token"] is None
    assert status.as_dict()["account"] is None
    assert status.focus.need == "sign-in"
    assert status.facts.server.is_demo


def test_checking_leaves_no_trace_on_the_computer(demo: DemoServer, ada: str, home: Path, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.check()
    setup.use_token(ada)
    assert list(home.iterdir()) == []


# ----------------------------------------------------------------------------------------------------------- Ada


def test_ada_pastes_saves_and_is_ready(demo: DemoServer, ada: str, secrets: Path, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    status = setup.use_token(f' "{ada.upper()}"\n')
    assert states(status) == {
        "environment": "done",
        "account": "done",
        "terms": "done",
        "token": "done",
        "save": "current",
        "ready": "waiting",
    }
    assert status.step("account").summary == "Ada Lovelace · ada@example.org"
    assert "Ada's laptop" in status.step("token").summary
    assert f"····{ada[-4:]}" in status.step("token").summary
    assert "12 versions readable" in status.step("ready").summary
    assert read_secrets(secrets) == {}

    status = setup.save()
    assert status.ready
    assert set(states(status).values()) == {"done"}
    assert status.as_dict()["token"] == {
        "source": "file",
        "where": f"~/.cloudvolume/secrets/{host(demo)}-cave-secret.json",
        "masked": f"····{ada[-4:]}",
        "kind": "api-key",
        "expires_in": None,
    }
    assert status.as_dict()["missing_terms"] == []
    assert read_secrets(secrets) == dict.fromkeys(files_of(demo), ada)
    assert {file.stat().st_mode & 0o777 for file in secrets.glob("*.json")} == {0o600}
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_who_is_set_up_already_has_nothing_left_to_do(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    first = set_up(demo.address)
    first.use_token(ada)
    assert first.save().ready
    demo.requests.clear()
    status = set_up(demo.address).check()
    assert status.ready
    assert len(demo.requests.entries()) == 4


def test_saving_twice_changes_nothing(demo: DemoServer, ada: str, secrets: Path, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    setup.save()
    before = {file.name: (file.stat().st_mtime_ns, file.stat().st_ino) for file in secrets.glob("*.json")}
    assert setup.save().ready
    assert {file.name: (file.stat().st_mtime_ns, file.stat().st_ino) for file in secrets.glob("*.json")} == before


# --------------------------------------------------------------------------------------------------------- Grace


def test_grace_accepts_the_terms_and_is_ready(demo: DemoServer, grace: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    status = setup.use_token(grace)
    assert states(status)["account"] == "done"
    assert states(status)["terms"] == "current"
    assert status.step("terms").need == "accept-terms"
    assert status.as_dict()["missing_terms"] == [
        {
            "id": 2,
            "name": "MICrONS Public",
            "dataset": "minnie65_public",
            "url": f"{demo.address}/sticky_auth/api/v1/tos/2/accept",
        }
    ]
    assert not status.ready
    # Terms of other data sets are mentioned, and are not in the way.
    assert any("Second Public" in note for note in status.step("terms").notes)
    assert not setup.terms_are_accepted()

    user = demo.world.user_by_email("grace@example.org")
    assert user is not None
    demo.world.accept(user, 2)
    demo.requests.clear()
    assert setup.terms_are_accepted()
    assert [entry.path for entry in demo.requests.entries()] == ["/auth/api/v1/user/missing"]

    status = setup.check()
    assert states(status)["terms"] == "done"
    assert status.as_dict()["missing_terms"] == []
    assert setup.save().ready


def test_the_page_for_the_terms_is_one_on_which_they_can_be_accepted(
    demo: DemoServer, grace: str, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    status = setup.use_token(grace)
    page = setup.terms_page(status.missing_terms[0])
    assert page.startswith(demo.address)
    answer = requests.post(page, headers={"Authorization": f"Bearer {grace}"}, allow_redirects=False, timeout=5)
    assert answer.status_code == 200
    assert setup.terms_are_accepted()
    assert states(setup.check())["terms"] == "done"


def test_a_token_can_be_saved_while_terms_are_open_and_is_not_ready_then(
    demo: DemoServer, grace: str, secrets: Path, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    setup.use_token(grace)
    status = setup.save()
    assert states(status)["save"] == "done"
    assert states(status)["terms"] == "current"
    assert states(status)["ready"] == "waiting"
    assert not status.ready
    assert set(read_secrets(secrets).values()) == {grace}


def test_while_the_server_cannot_be_asked_nobody_is_said_to_have_accepted(
    demo: DemoServer, grace: str, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    assert not setup.terms_are_accepted()
    setup.use_token(grace)
    for kind in ("reset", "captive-portal", "error-502", "truncated", "captive-redirect"):
        demo.weather.set(kind)
        assert not setup.terms_are_accepted()


@pytest.mark.parametrize("at", ["info", "data server"])
def test_a_service_that_still_refuses_after_acceptance_is_waited_for(
    demo: DemoServer, grace: str, set_up: SetUp, at: str
) -> None:
    # From the 21st denial on a service goes on saying 403 for up to five minutes (WIRE section 8).
    path = {
        "info": f"{demo.address}/info/api/v2/datastack/full/minnie65_public",
        "data server": f"{demo.data_address}/materialize/api/v3/datastack/minnie65_public/versions",
    }[at]
    for _ in range(21):
        denied = requests.get(path, headers={"Authorization": f"Bearer {grace}"}, timeout=5)
        assert denied.status_code == 403
    user = demo.world.user_by_email("grace@example.org")
    assert user is not None
    demo.world.accept(user, 2)
    setup = set_up(demo.address)
    status = setup.use_token(grace)
    assert states(status)["terms"] == "done"
    assert status.as_dict()["missing_terms"] == []
    assert not status.ready
    assert status.step("ready").need == "wait"
    assert "accepted; the data server will notice within minutes" in status.step("ready").summary
    status = setup.save()
    assert states(status)["save"] == "done"
    assert not status.ready


def test_when_the_service_has_noticed_everything_is_ready(set_up: SetUp) -> None:
    clock = ManualClock()
    with DemoServer(clock=clock) as demo:
        user = demo.world.user_by_email("grace@example.org")
        assert user is not None
        token = demo.world.make_key(user, "laptop").text
        setup = set_up(demo.address)
        for _ in range(21):
            setup.use_token(token)
        demo.world.accept(user, 2)
        assert setup.check().step("ready").need == "wait"
        clock.advance(301)
        setup.check()
        assert setup.save().ready


# ------------------------------------------------------------------------------------------------------ new people


def test_a_new_user_finds_both_terms_and_needs_only_those_in_the_way(demo: DemoServer, set_up: SetUp) -> None:
    user = demo.world.add_user("new@example.org", "Nora <b>New</b>")
    token = demo.world.make_key(user, "first key").text
    setup = set_up(demo.address)
    status = setup.use_token(token)
    assert status.step("account").summary == "Nora <b>New</b> · new@example.org"
    assert [terms["id"] for terms in status.as_dict()["missing_terms"]] == [2]
    demo.world.accept(user, 2)
    setup.check()
    status = setup.save()
    assert status.ready
    assert any("Second Public" in note for note in status.step("terms").notes)


def test_a_datastack_without_terms_is_ready_for_people_who_accepted_nothing(
    demo: DemoServer, grace: str, set_up: SetUp
) -> None:
    setup = set_up(demo.address, "open_sandbox")
    status = setup.use_token(grace)
    assert states(status)["terms"] == "done"
    status = setup.save()
    assert status.ready
    assert "open_sandbox: 3 versions readable" in status.step("ready").summary


# ------------------------------------------------------------------------------------------- tokens that do not last


def test_a_sign_in_token_is_told_apart_and_not_saved(demo: DemoServer, secrets: Path, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    status = setup.use_token(sign_in(demo))
    assert states(status)["account"] == "done"
    assert states(status)["token"] == "problem"
    assert status.step("token").need == "lasting-key"
    assert "stops working in 7 days" in status.step("token").summary
    token = status.as_dict()["token"]
    assert token["kind"] == "sign-in"
    assert 604_700 <= token["expires_in"] <= 604_800
    assert not status.ready
    status = setup.save()
    assert not status.ready
    assert states(status)["save"] == "problem"
    assert isinstance(status.facts.problems["save"], NotSavable)
    assert read_secrets(secrets) == {}


def test_a_saved_sign_in_token_is_never_ready(demo: DemoServer, secrets: Path, set_up: SetUp) -> None:
    # caveclient saves one without a word (WIRE section 10).
    text = sign_in(demo)
    for name in files_of(demo):
        write_secret(secrets, name, text)
    status = set_up(demo.address).check()
    assert status.as_dict()["token"]["kind"] == "sign-in"
    assert states(status)["save"] == "done"
    assert not status.ready


def test_a_sign_in_token_that_ran_out_is_refused(set_up: SetUp, secrets: Path) -> None:
    clock = ManualClock()
    with DemoServer(clock=clock) as demo:
        text = sign_in(demo)
        write_secret(secrets, f"{host(demo)}-cave-secret.json", text)
        setup = set_up(demo.address)
        assert setup.check().as_dict()["token"]["kind"] == "sign-in"
        clock.advance(604_801)
        status = setup.check()
    assert states(status)["account"] == "problem"
    assert status.step("account").need == "new-token"
    assert status.as_dict()["account"] is None
    assert status.as_dict()["token"]["kind"] == "unknown"
    assert not status.ready


# ------------------------------------------------------------------------------------------------- a token that died


def test_a_dead_token_in_the_file_is_named_and_can_be_replaced(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    write_secret(secrets, "cave-secret.json", SECRET.reveal(), other="kept")
    setup = set_up(demo.address)
    status = setup.check()
    assert states(status)["account"] == "problem"
    assert "····d0d8 (~/.cloudvolume/secrets/cave-secret.json)" in status.step("account").summary
    assert status.as_dict()["account"] is None

    status = setup.use_token(ada)
    assert states(status)["account"] == "done"
    assert status.step("save").need == "replace"
    status = setup.save()
    assert isinstance(status.facts.problems["save"], WouldReplace)
    assert states(status)["save"] == "problem"
    assert "····d0d8" in status.step("save").summary
    assert read_secrets(secrets) == {"cave-secret.json": SECRET.reveal()}

    assert setup.save(replace=True).ready
    assert read_secrets(secrets) == dict.fromkeys(files_of(demo), ada)
    assert json.loads((secrets / "cave-secret.json").read_text())["other"] == "kept"


def test_a_key_that_was_deleted_after_saving_is_found_out(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    assert setup.save().ready
    token = demo.world.token(ada)
    assert token is not None
    demo.world.end(token)
    status = setup.check()
    assert states(status)["account"] == "problem"
    assert states(status)["save"] != "done"
    assert not status.ready


# ------------------------------------------------------------------------------------- datastacks that stay closed


def test_a_missing_permission_is_not_the_tokens_fault(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address, "private_stack")
    setup.use_token(ada)
    status = setup.save()
    assert states(status)["account"] == states(status)["token"] == states(status)["save"] == "done"
    assert states(status)["ready"] == "problem"
    assert "not in a group that may view it" in status.step("ready").summary
    assert "Your token is fine" in (status.step("ready").remedy or "")
    assert not status.ready


def test_an_unknown_datastack_is_called_that(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    status = set_up(demo.address, "minnie56_public").use_token(ada)
    assert states(status)["ready"] == "problem"
    assert f"{host(demo)} has no datastack called minnie56_public" in status.step("ready").summary
    assert states(status)["account"] == "done"


# -------------------------------------------------------------------------------------------------- what save() says


def test_with_nothing_to_save_the_status_says_so(demo: DemoServer, home: Path, set_up: SetUp) -> None:
    status = set_up(demo.address).save()
    assert states(status)["save"] == "problem"
    assert "There is no token to save yet" in status.step("save").summary
    assert list(home.iterdir()) == []


def test_a_refused_token_is_not_saved(demo: DemoServer, home: Path, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(SECRET.reveal())
    status = setup.save()
    assert states(status)["save"] == "problem"
    assert "the server refused it" in status.step("save").summary
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("kind", ["reset", "error-502", "captive-portal", "truncated"])
def test_a_token_that_could_not_be_verified_is_kept_in_memory_and_saved_later(
    demo: DemoServer, ada: str, home: Path, set_up: SetUp, kind: str
) -> None:
    demo.weather.set(kind)
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.save()
    assert states(status)["save"] == "problem"
    assert "could not be verified" in status.step("save").summary
    assert "kept in memory" in (status.step("save").remedy or "")
    assert list(home.iterdir()) == []
    demo.weather.clear()
    setup.check()
    assert setup.save().ready


def test_a_key_whose_list_could_not_be_read_is_not_saved(demo: DemoServer, ada: str, home: Path, set_up: SetUp) -> None:
    demo.weather.set("error-500", "/auth/api/v1/user/token")
    setup = set_up(demo.address)
    status = setup.use_token(ada)
    assert states(status)["account"] == "done"
    assert states(status)["token"] == "problem"
    assert states(setup.save())["save"] == "problem"
    assert list(home.iterdir()) == []


def test_a_server_that_goes_away_while_saving_does_not_undo_the_saving(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    demo.weather.set("reset")
    status = setup.save()
    assert read_secrets(secrets) == dict.fromkeys(files_of(demo), ada)
    assert status.ready  # the server has said a moment ago all that saving needs, and is not asked again
    status = setup.check()
    assert states(status)["account"] == "problem"
    assert "cut the connection" in status.step("account").summary
    assert not status.ready
    demo.weather.clear()
    assert setup.check().ready


def test_a_folder_that_cannot_be_made_is_a_problem_with_a_remedy(
    demo: DemoServer, ada: str, home: Path, set_up: SetUp
) -> None:
    (home / ".cloudvolume").write_text("not a folder")
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.save()
    assert states(status)["save"] == "problem"
    assert "the file ~/.cloudvolume stands where a folder should be" in status.step("save").summary
    assert "kept in memory" in (status.step("save").remedy or "")
    assert "Move ~/.cloudvolume away, then save again" in (status.step("save").remedy or "")
    (home / ".cloudvolume").unlink()
    assert setup.save().ready


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '"x"', '{"token": 5}', '{"token": "short"}', '\ufeff{"token": null}'],
    ids=["empty", "cut off", "list", "text", "number", "not a token", "with a mark"],
)
def test_damaged_files_are_moved_aside_and_written_whole(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp, content: str
) -> None:
    secrets.mkdir(parents=True)
    (secrets / f"{host(demo)}-cave-secret.json").write_text(content, encoding="utf-8")
    setup = set_up(demo.address)
    setup.use_token(ada)
    assert setup.save().ready
    assert read_secrets(secrets) == dict.fromkeys(files_of(demo), ada)
    aside = [file.read_text(encoding="utf-8") for file in secrets.iterdir() if ".damaged-" in file.name]
    assert aside == [content]


def test_a_demos_token_is_not_saved_into_the_real_home(
    demo: DemoServer, ada: str, home: Path, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwd = pytest.importorskip("pwd")
    entry = pwd.getpwuid(os.getuid())
    fields = list(entry)
    fields[5] = str(home)
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: pwd.struct_passwd(fields))
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.save()
    assert isinstance(status.facts.problems["save"], DemoTokenRefused)
    assert states(status)["save"] == "problem"
    assert list(home.iterdir()) == []
    (home / ".cave-setup-demo").touch()
    assert setup.save().ready


# -------------------------------------------------------------------------------------------- environment variables


def test_a_token_in_a_variable_is_used_and_still_wants_to_be_saved(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    setup = set_up(demo.address, CAVE_TOKEN=f'"{ada}"\n')
    status = setup.check()
    assert status.as_dict()["token"]["source"] == "environment"
    assert status.as_dict()["token"]["where"] == "CAVE_TOKEN"
    assert states(status)["account"] == "done"
    assert states(status)["save"] == "current"
    assert any("read files only" in note for note in status.step("save").notes)
    status = setup.save()
    assert status.ready
    assert status.as_dict()["token"]["source"] == "file"
    assert set(read_secrets(secrets).values()) == {ada}


def test_a_file_counts_more_than_a_variable_on_a_laptop_and_the_difference_is_told(
    demo: DemoServer, ada: str, grace: str, secrets: Path, set_up: SetUp
) -> None:
    write_secret(secrets, f"{host(demo)}-cave-secret.json", ada)
    status = set_up(demo.address, CAVE_TOKEN=grace).check()
    assert status.step("account").summary.startswith("Ada Lovelace")
    assert any(f"····{grace[-4:]} (CAVE_TOKEN)" in note for note in status.step("account").notes)


def test_a_secret_on_code_ocean_is_ready_without_a_file(demo: DemoServer, ada: str, home: Path, set_up: SetUp) -> None:
    variables = {"CO_CAPSULE_ID": "1234", "API_SECRET": ada}
    status = set_up(demo.address, None, detect(variables), **variables).check()
    assert status.ready
    assert status.as_dict()["environment"]["key"] == "code-ocean"
    assert status.as_dict()["environment"]["home_persists"] is False
    assert status.as_dict()["token"]["source"] == "environment"
    assert status.step("save").title == "Kept as a secret"
    assert "API_SECRET" in status.step("save").summary
    assert set(states(status).values()) == {"done"}
    assert list(home.iterdir()) == []


def test_secrets_count_more_than_files_on_code_ocean(
    demo: DemoServer, ada: str, grace: str, secrets: Path, set_up: SetUp
) -> None:
    write_secret(secrets, f"{host(demo)}-cave-secret.json", grace)
    variables = {"CO_CAPSULE_ID": "1234", "CUSTOM_KEY": ada}
    status = set_up(demo.address, None, detect(variables), **variables).check()
    assert status.step("account").summary.startswith("Ada Lovelace")
    assert status.as_dict()["token"]["where"] == "CUSTOM_KEY"


@pytest.mark.parametrize(
    "value",
    ["cop_0123456789abcdef0123456789abcdef", "cop_NDRkYzU1", "AKIA0123456789ABCDEF", "p4ssw0rd", ""],
)
def test_other_secrets_of_a_capsule_are_never_sent(listen: Listen, set_up: SetUp, value: str) -> None:
    there = listen(answers("neuroglance_auth -- version 2.30.3", content_type="text/html"))
    variables = {"CO_CAPSULE_ID": "1234", "API_SECRET": value, "CUSTOM_KEY": value}
    status = set_up(there.address, None, detect(variables), **variables).check()
    assert status.token is None
    assert [request.path for request in there.requests] == ["/auth/version"]
    assert not value or value not in there.heard


def test_a_token_pasted_on_code_ocean_is_to_be_mounted(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    variables = {"CO_CAPSULE_ID": "1234"}
    status = set_up(demo.address, None, detect(variables), **variables).use_token(ada)
    assert states(status)["save"] == "current"
    assert status.step("save").need == "mount"
    assert not status.ready


# -------------------------------------------------------------------------------------- which server, which datastack


def test_variables_name_the_server_and_the_datastack(demo: DemoServer, grace: str, set_up: SetUp) -> None:
    setup = set_up(CAVE_SETUP_SERVER=demo.address, CAVE_SETUP_DATASTACK="open_sandbox")
    setup.use_token(grace)
    status = setup.save()
    assert status.ready
    assert status.as_dict()["server_address"] == demo.address
    assert status.as_dict()["datastack"] == "open_sandbox"


def test_what_is_given_counts_more_than_variables(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(
        demo.address,
        "second_public",
        CAVE_SETUP_SERVER="https://elsewhere.example",
        CAVE_SETUP_DATASTACK="open_sandbox",
    )
    setup.use_token(ada)
    assert setup.save().ready
    assert setup.datastack == "second_public"


def test_the_process_environment_is_what_counts_by_default(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAVE_SETUP_SERVER", demo.address)
    monkeypatch.setenv("CAVE_SETUP_DATASTACK", "open_sandbox")
    setup = Setup()
    status = setup.check()
    setup.close()
    assert status.as_dict()["server_address"] == demo.address
    assert [entry.path for entry in demo.requests.entries()] == ["/auth/version"]


def test_without_any_of_them_it_is_the_public_server_and_nothing_is_asked_yet(set_up: SetUp) -> None:
    setup = set_up(CAVE_SETUP_SERVER="", CAVE_SETUP_DATASTACK="")
    assert setup.server_address.url == "https://global.daf-apis.com"
    assert setup.datastack == "minnie65_public"


@pytest.mark.parametrize(
    ("name", "value"), [("CAVE_SETUP_SERVER", "http://cave.example"), ("CAVE_SETUP_DATASTACK", "a b")]
)
def test_a_variable_that_makes_no_sense_is_told_at_once(name: str, value: str) -> None:
    with pytest.raises(AddressError) as caught:
        Setup(variables={name: value})
    assert caught.value.remedy


# ------------------------------------------------------------------------------------------------------ many tokens


def test_of_several_tokens_a_person_picks_one(demo: DemoServer, ada: str, grace: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    text = json.dumps([{"token": grace, "description": "old"}, {"token": ada, "description": "laptop"}])
    with pytest.raises(SeveralTokens) as caught:
        setup.use_token(text)
    assert [candidate.description for candidate in caught.value.candidates] == ["old", "laptop"]
    assert ada not in f"{caught.value!r} {caught.value} {caught.value.candidates}"
    assert demo.requests.entries() == []
    assert setup.use_token(text, pick=1).step("account").summary.startswith("Ada Lovelace")
    assert setup.use_token(text, pick=0).step("account").summary.startswith("Grace Hopper")


def test_picking_does_not_need_the_text_again(demo: DemoServer, ada: str, grace: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    with pytest.raises(SeveralTokens):
        setup.use_token(f"{grace} {ada}")
    with pytest.raises(PasteError):
        setup.use_token(pick=2)
    assert setup.use_token(pick=1).step("account").summary.startswith("Ada Lovelace")
    with pytest.raises(PasteError):
        setup.use_token(pick=0)


def test_the_keys_as_caveclient_prints_them_can_be_pasted(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    answer = requests.get(
        f"{demo.address}/auth/api/v1/user/token", headers={"Authorization": f"Bearer {ada}"}, timeout=5
    )
    for text in (answer.text, repr(answer.json())):
        status = set_up(demo.address).use_token(text)
        assert status.step("account").summary.startswith("Ada Lovelace")


@pytest.mark.parametrize("text", ["", "hello", "cop_0123456789abcdef", "····d0d8", "0123456789abcdef"])
def test_text_without_a_token_is_misuse_and_nothing_is_asked(demo: DemoServer, set_up: SetUp, text: str) -> None:
    setup = set_up(demo.address)
    with pytest.raises(PasteError) as caught:
        setup.use_token(text)
    assert caught.value.sentence
    assert caught.value.remedy
    assert demo.requests.entries() == []


def test_a_wrong_paste_does_not_forget_the_token_before(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    with pytest.raises(PasteError):
        setup.use_token("hello")
    assert setup.check().step("account").state == "done"


# ------------------------------------------------------------------------------------------- two deployments at once


@pytest.fixture
def other() -> Iterator[DemoServer]:
    """A second deployment, whose token stands on the same computer."""
    with DemoServer() as server:
        yield server


@pytest.fixture
def theirs(other: DemoServer, set_up: SetUp) -> str:
    """The other deployment's token, saved as that deployment's set-up saved it."""
    text = other.world.key_of("ada@example.org")
    setup = set_up(other.address)
    setup.use_token(text)
    assert setup.save().ready
    other.requests.clear()
    return text


def test_the_other_deployments_token_is_not_sent_here(
    demo: DemoServer, other: DemoServer, theirs: str, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    status = setup.check()
    assert states(status)["account"] == "problem"
    assert status.step("account").need == "sign-in"
    assert f"····{theirs[-4:]}" in status.step("account").summary
    assert not setup.terms_are_accepted()
    setup.save()
    assert authorized(demo) == []
    assert authorized(other) == []
    assert other.requests.entries() == []


def test_the_other_deployment_is_named_by_the_address_where_one_signs_in(
    demo: DemoServer, other: DemoServer, theirs: str, set_up: SetUp
) -> None:
    step = set_up(demo.address).check().step("account")
    assert f"belongs to {host(other)}" in step.summary
    assert f"change the server to {host(other)}" in (step.remedy or "")


def test_two_deployments_live_side_by_side(
    demo: DemoServer, other: DemoServer, ada: str, theirs: str, secrets: Path, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.save()
    assert status.ready
    ours = [host(demo), data_host(demo)]
    others = [host(other), data_host(other)]
    assert read_secrets(secrets) == {
        "cave-secret.json": theirs,
        **{f"{name}-cave-secret.json": ada for name in ours},
        **{f"{name}-cave-secret.json": theirs for name in others},
    }
    assert set_up(other.address).check().ready
    assert set_up(demo.address).check().ready
    assert setup.save(default="replace", replace=True).ready
    assert read_secrets(secrets)["cave-secret.json"] == ada
    assert set_up(other.address).check().ready


@pytest.mark.parametrize("how", ["pasted", "variable", "secret"])
def test_a_token_that_stands_in_the_other_deployments_file_is_not_sent_here_however_it_comes(
    demo: DemoServer, theirs: str, set_up: SetUp, how: str
) -> None:
    if how == "pasted":
        status = set_up(demo.address).use_token(theirs)
    elif how == "variable":
        status = set_up(demo.address, CAVE_TOKEN=theirs).check()
    else:
        variables = {"CO_CAPSULE_ID": "1", "API_SECRET": theirs}
        status = set_up(demo.address, None, detect(variables), **variables).check()
    assert authorized(demo) == []
    assert states(status)["account"] == "problem"
    assert "It was not sent to" in (status.step("account").remedy or "")


def download(demo: DemoServer, token: str, **changes: Any) -> str:
    """What the token page offers as "download JSON" (WIRE section 9)."""
    return json.dumps(
        {"token": token, "description": "my laptop", "middle_auth_url": f"{host(demo)}/auth", **changes}, indent=4
    )


def test_the_download_of_this_servers_own_token_page_is_taken(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    status = setup.use_token(download(demo, ada))
    assert states(status)["account"] == "done"
    assert setup.save().ready


@pytest.mark.parametrize("prefix", ["/auth", "/sticky_auth", ""])
def test_an_address_with_a_token_of_this_server_is_taken(
    demo: DemoServer, ada: str, set_up: SetUp, prefix: str
) -> None:
    text = f"http://localhost:8888/?middle_auth_token={ada}&middle_auth_url={host(demo)}{prefix}&token={ada}"
    assert states(set_up(demo.address).use_token(text))["account"] == "done"


def test_a_download_that_names_the_other_server_is_not_sent_here(
    demo: DemoServer, other: DemoServer, set_up: SetUp
) -> None:
    text = download(other, other.world.key_of("ada@example.org"))
    setup = set_up(demo.address)
    status = setup.use_token(text)
    assert states(status)["account"] == "problem"
    assert host(other) in status.step("account").summary
    assert not setup.terms_are_accepted()
    setup.save()
    assert authorized(demo) == []
    # … and there it is taken.
    assert states(set_up(other.address).use_token(text))["account"] == "done"


def test_a_default_file_that_names_the_other_server_is_neither_sent_nor_overwritten(
    demo: DemoServer, other: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    theirs = other.world.key_of("ada@example.org")
    write_secret(secrets, "cave-secret.json", theirs, middle_auth_url=f"{host(other)}/auth")
    setup = set_up(demo.address)
    status = setup.check()
    assert states(status)["account"] == "problem"
    assert authorized(demo) == []
    setup.use_token(ada)
    assert setup.save().ready
    assert read_secrets(secrets)["cave-secret.json"] == theirs
    assert read_secrets(secrets)[f"{host(demo)}-cave-secret.json"] == ada


def test_changing_the_server_forgets_a_pasted_token(
    demo: DemoServer, other: DemoServer, ada: str, set_up: SetUp
) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    setup.use_server(other.address, "minnie65_public")
    status = setup.check()
    assert status.token is None
    assert authorized(other) == []
    setup.use_server(demo.address, "minnie65_public")
    assert setup.check().token is None


def test_changing_the_datastack_keeps_a_pasted_token(demo: DemoServer, ada: str, set_up: SetUp) -> None:
    setup = set_up(demo.address)
    setup.use_token(ada)
    setup.use_server(demo.address, "open_sandbox")
    assert setup.check().step("account").state == "done"


def test_a_key_without_an_end_that_is_not_listed_is_lasting(demo: DemoServer, set_up: SetUp) -> None:
    # A request with a description too long leaves such a key on the server (WIRE section 4).
    ada = demo.world.user_by_email("ada@example.org")
    assert ada
    setup = set_up(demo.address)
    status = setup.use_token(demo.world.leave_key_behind(ada).text)
    assert status.token
    assert status.token.kind == "api-key"
    assert setup.save().ready
