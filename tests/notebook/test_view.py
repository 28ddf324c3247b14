"""What the browser is told to draw, for each state that a person meets; no browser needed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from support import facts as f
from support.states import ALL_STATES, PAGES, TERMS_OPEN, drawn

from cave_setup.notebook.view import Situation, view
from cave_setup.plan import plan


def open_step(state: dict[str, Any]) -> dict[str, Any]:
    return next(step for step in state["steps"] if step["key"] == state["focus"])


def buttons(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = [block["items"] for step in state["steps"] for block in step["blocks"] if block["kind"] == "buttons"]
    return {item["label"]: item for row in rows for item in row}


def kinds(state: dict[str, Any]) -> list[str]:
    return [block["kind"] for block in open_step(state)["blocks"]]


@pytest.mark.parametrize("make", ALL_STATES.values(), ids=ALL_STATES)
def test_every_state_is_plain_data_with_six_steps_and_no_token(make: Any) -> None:
    state = make()
    assert len(state["steps"]) == 6
    text = json.dumps(state)
    assert f.TOKEN.reveal() not in text
    assert f.OTHER.reveal() not in text


@pytest.mark.parametrize("make", ALL_STATES.values(), ids=ALL_STATES)
def test_blocks_of_a_step_have_names_of_their_own(make: Any) -> None:
    for step in make()["steps"]:
        names = [block["id"] for block in step["blocks"]]
        assert len(names) == len(set(names))


def test_before_the_first_answer_all_steps_are_there_and_busy_is_seen() -> None:
    state = ALL_STATES["looking"]()
    assert [step["title"] for step in state["steps"]][1] == "Account"
    assert [step["busy"] for step in state["steps"]] == [True, False, False, False, False, False]


def test_newcomer_gets_the_page_the_way_and_a_field_to_paste_into() -> None:
    state = ALL_STATES["nothing yet"]()
    assert state["focus"] == "account"
    assert kinds(state)[:3] == ["list", "buttons", "paste"]
    assert buttons(state)["Sign in and get a token"]["href"] == PAGES["token"]


def test_a_wrong_paste_is_answered_beside_the_field() -> None:
    [paste] = [block for block in open_step(ALL_STATES["bad paste"]())["blocks"] if block["kind"] == "paste"]
    assert paste["error"] == "That is no token."


def test_several_tokens_are_shown_masked_to_choose_from() -> None:
    [choice] = [block for block in open_step(ALL_STATES["several"]())["blocks"] if block["kind"] == "choice"]
    assert [option["label"] for option in choice["options"]] == ["laptop ····d0d8", "pasted ····3210"]


def test_terms_page_is_watched_and_an_error_there_called_harmless_beforehand() -> None:
    state = ALL_STATES["terms"]()
    assert buttons(state)["Read and accept the terms"]["opened"] == "terms"
    assert any("harmless" in block.get("text", "") for block in open_step(state)["blocks"])
    assert "waiting" not in kinds(state)
    assert "waiting" in kinds(drawn(f.pasted(**TERMS_OPEN), watching="terms"))
    assert "I have accepted them" in buttons(drawn(f.pasted(**TERMS_OPEN), watching="gave-up"))


def test_what_will_be_written_is_shown_before_it_is() -> None:
    state = ALL_STATES["save"]()
    [files] = [block for block in open_step(state)["blocks"] if block["kind"] == "files"]
    assert [row["path"] for row in files["rows"]] == [f.DEFAULT_FILE, f.SERVER_FILE, f.DATA_FILE]
    assert buttons(state)["Save"]["message"] == {"action": "save"}


def test_a_different_token_is_shown_masked_and_asked_about() -> None:
    state = ALL_STATES["replace"]()
    assert any("····3210" in block.get("text", "") for block in open_step(state)["blocks"])
    assert buttons(state)["Replace it"]["message"] == {"action": "save", "replace": True}
    assert buttons(state)["Keep it there, save the others"]["message"] == {"action": "save", "default": "keep"}


def test_a_problem_offers_to_try_again_and_says_what_to_do() -> None:
    state = ALL_STATES["server down"]()
    assert state["pill"] == {"text": "Needs you", "tone": "bad"}
    assert "Try again" in buttons(state)
    assert open_step(state)["blocks"][0]["text"]


def test_ready_is_calm_and_brings_the_lines_to_copy() -> None:
    state = ALL_STATES["ready"]()
    assert state["pill"] == {"text": "Ready", "tone": "ok"}
    [code] = [block for block in open_step(state)["blocks"] if block["kind"] == "code"]
    assert 'CAVEclient("minnie65_public")' in code["text"]
    assert "Done" in buttons(state)


def test_another_deployment_is_named_in_the_lines_to_copy() -> None:
    status = plan(replace(f.facts(), server_address=f.DATA_SERVER))
    state = view(status, Situation(), f.DATA_SERVER, "minnie65_public", PAGES)
    assert f'server_address="{f.DATA_SERVER.url}"' in json.dumps(state).replace('\\"', '"')


def test_a_demo_says_so() -> None:
    assert drawn(f.facts(is_demo=True))["banner"] == "Demo server: nothing here is real."
    assert drawn(f.facts())["banner"] == ""


def test_another_token_can_be_used_although_all_is_well() -> None:
    footer = {item["label"]: item["message"] for item in ALL_STATES["ready"]()["footer"]}
    assert footer["Use another token"] == {"action": "another"}
    state = ALL_STATES["another token"]()
    assert state["focus"] == "account"
    assert "paste" in kinds(state)
    assert "Cancel" in buttons(state)


def test_a_missing_permission_offers_another_datastack_and_no_new_token() -> None:
    state = ALL_STATES["no permission"]()
    assert state["focus"] == "ready"
    assert buttons(state)["Change server or datastack"]["edit"]
    assert "paste" not in kinds(state)
