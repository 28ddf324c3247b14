"""What the browser is told to draw, for each state that a person meets; no browser needed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import facts as f
from support.states import ALL_STATES, HOST, PAGES, TAB, TERMS_OPEN, drawn

from cave_setup import words
from cave_setup.environment import choose
from cave_setup.guides import guide_to
from cave_setup.notebook.situation import Situation
from cave_setup.notebook.view import view
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


@pytest.mark.parametrize("place", ["container", "sagemaker"])
def test_a_guide_that_is_read_tells_the_other_ways_of_a_step(place: str) -> None:
    there = guide_to(place)
    assert there is not None
    read = json.dumps(ALL_STATES[f"guide to {place}"](), ensure_ascii=False)
    for way in [step.instead for step in there.steps if step.instead]:
        assert way.title in read
        assert way.text[0].split("`")[0] in read


def test_a_place_is_offered_to_be_read_about_under_its_short_name() -> None:
    state = drawn(f.nothing_yet(environment=choose("hpc", {}, Path("/nowhere"))))
    assert "About Computing cluster" in buttons(state)


def test_the_introduction_of_a_guide_shows_no_marks_of_its_markdown() -> None:
    for state in (ALL_STATES["guide to paperspace"](), ALL_STATES["guide to container"]()):
        [begin] = [block for step in state["steps"] for block in step["blocks"] if block["id"] == "begin"]
        assert "`" not in json.dumps(begin)


@pytest.mark.parametrize("make", ALL_STATES.values(), ids=ALL_STATES)
def test_blocks_of_a_step_have_names_of_their_own(make: Any) -> None:
    for step in make()["steps"]:
        names = [block["id"] for block in step["blocks"]]
        assert len(names) == len(set(names))


def test_before_the_first_answer_all_steps_are_there_and_busy_is_seen() -> None:
    state = ALL_STATES["looking"]()
    assert [step["title"] for step in state["steps"]][1] == "Account"
    assert [step["busy"] for step in state["steps"]] == [True, False, False, False, False, False]


def test_newcomer_gets_one_button_and_can_paste_a_token_one_click_away() -> None:
    state = ALL_STATES["nothing yet"]()
    assert state["focus"] == "account"
    assert kinds(state) == ["text", "buttons", "text"]
    assert list(buttons(state)) == ["Not right?", "Sign in", "I have a token to paste"]
    sign_in = buttons(state)["Sign in"]["signIn"]
    assert (sign_in["address"], sign_in["origins"]) == (PAGES.sign_in, [HOST])
    assert "paste" in kinds(ALL_STATES["paste"]())
    assert buttons(ALL_STATES["paste"]())["Open the token page"]["href"] == PAGES.token


LADDER = ["window open", "window blocked", "tab", "tab open", "tab not reached", "no tab", "tab too late"]


@pytest.mark.parametrize("name", LADDER)
def test_on_every_rung_the_others_are_one_click_away_in_the_same_place(name: str) -> None:
    state = ALL_STATES[name]()
    assert state["focus"] == "account"
    assert "Try the window again" in buttons(state)
    assert "I have a token to paste" in buttons(state) or "paste" in kinds(state)
    assert ("Sign in in a tab of its own" in buttons(state)) == (name in {"tab", "tab open"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("window blocked", "Your browser blocked the sign-in window."),
        ("tab", "The sign-in window was closed, or cut off from this page"),
        ("tab open", "No word from the sign-in window yet."),
        ("tab not reached", "Nobody has signed in."),
        ("no tab", "cannot come back to this notebook's kernel either"),
        ("tab too late", "Nobody came back from the sign-in tab in time."),
    ],
)
def test_why_a_rung_failed_is_one_sentence(name: str, said: str) -> None:
    assert said in open_step(ALL_STATES[name]())["blocks"][0]["text"]


def test_the_tab_is_a_link_that_takes_no_opener_along() -> None:
    tab = buttons(ALL_STATES["tab"]())["Sign in in a tab of its own"]
    assert (tab["href"], tab["opened"], tab["window"]) == (TAB, "tab", False)


def test_a_sign_in_token_is_one_click_from_a_lasting_key() -> None:
    [ask] = [block for block in open_step(ALL_STATES["sign-in token"]())["blocks"] if block["kind"] == "choice"]
    assert [option["label"] for option in ask["options"]] == ["A key for this computer", "without a name ····3210"]
    assert ask["action"] == "choose-key"
    made = buttons(ALL_STATES["sign-in token, no keys"]())["Make a lasting key"]
    assert made["message"] == {"action": "make-key"}


def test_keys_are_listed_masked_with_their_dates_and_what_can_be_done() -> None:
    rows = [block for block in open_step(ALL_STATES["keys"]())["blocks"] if block["kind"] == "key"]
    assert [row["name"] for row in rows] == ["ada-laptop ····d0d8", "without a name ····3210"]
    assert rows[0]["own"] == "used on this computer"
    assert rows[1]["detail"] == "made 21 Nov 2026, last used 22 Nov 2026"
    assert [[item["label"] for item in row["items"]] for row in rows] == [
        ["Replace by a new one", "Revoke"],
        ["Use on this computer", "Revoke"],
    ]


def test_revoking_is_asked_about_and_this_computers_own_key_is_another_question() -> None:
    other, own = ALL_STATES["revoke"](), ALL_STATES["revoke own"]()
    assert buttons(other)["Revoke it"]["message"] == {"action": "revoke", "key": 2}
    assert "Revoke it" not in buttons(own)
    assert buttons(own)["Replace it by a new one"]["style"] == "go"
    assert buttons(own)["Revoke all the same"]["message"] == {"action": "revoke", "key": 1, "own": True}
    texts = [" ".join(block.get("text", "") for block in open_step(state)["blocks"]) for state in (other, own)]
    assert "Whatever uses it" in texts[0]
    assert "notebooks here stop working" in texts[1]


def test_a_wrong_paste_is_answered_beside_the_field() -> None:
    [paste] = [block for block in open_step(ALL_STATES["bad paste"]())["blocks"] if block["kind"] == "paste"]
    assert paste["error"] == "That is no token."


def test_several_tokens_are_shown_masked_to_choose_from() -> None:
    [choice] = [block for block in open_step(ALL_STATES["several"]())["blocks"] if block["kind"] == "choice"]
    assert [option["label"] for option in choice["options"]] == ["laptop ····d0d8", "pasted ····3210"]


def test_terms_are_read_here_and_nothing_is_accepted_without_the_tick() -> None:
    [terms] = [block for block in open_step(ALL_STATES["terms"]())["blocks"] if block["kind"] == "terms"]
    assert terms["terms"] == f.MICRONS.id
    assert terms["label"] == "Terms of service: MICrONS Public"
    assert ["strong", {}, "agree"] in terms["body"][1]
    assert (terms["page"]["href"], terms["page"]["opened"], terms["page"]["window"]) == (PAGES.terms, "terms", True)


def test_terms_that_cannot_be_shown_are_accepted_on_the_page_and_watched() -> None:
    state = ALL_STATES["terms without text"]()
    assert buttons(state)["Read and accept the terms"]["opened"] == "terms"
    assert kinds(ALL_STATES["terms not yet here"]())[0] == "waiting"
    watched = ALL_STATES["terms watched"]()
    assert "waiting" in kinds(watched)
    assert any("harmless" in block.get("text", "") for block in open_step(watched)["blocks"])
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


def test_where_it_is_not_possible_nobody_is_told_to_try_again() -> None:
    state = ALL_STATES["in the browser"]()
    assert "Try again" not in buttons(state)
    assert "Try again" in buttons(ALL_STATES["server down"]())
    assert [block["kind"] for block in open_step(state)["blocks"]] == ["text"]


def test_a_different_key_of_the_same_account_can_be_used_instead() -> None:
    use = buttons(ALL_STATES["replace, another key of hers"]())["Use the key without a name ····3210 instead"]
    assert use["message"] == {"action": "use-key", "key": f.OTHER_KEY.id}


def test_where_another_deployments_token_is_one_can_sign_in_to_this_one() -> None:
    state = ALL_STATES["another deployment's"]()
    assert "belongs to global.em.brain.allentech.org" in open_step(state)["summary"]
    assert buttons(state)["Sign in"]["signIn"]["address"]
    assert buttons(state)["Change server or datastack"]["edit"]


def test_files_that_others_can_read_are_closed_by_a_click() -> None:
    state = ALL_STATES["open to others"]()
    [save] = [step for step in state["steps"] if step["key"] == "save"]
    [note] = [block["text"] for block in save["blocks"] if block["kind"] == "text"]
    assert "3 token files" in note
    assert note.endswith(f"“chmod 600 {f.FOLDER}/*secret.json” makes them yours alone.")
    assert buttons(state)["Make them yours alone"]["message"] == {"action": "save"}
    assert "Make them yours alone" not in buttons(ALL_STATES["ready"]())


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
    assert "moment" not in json.dumps(state)  # it is read for as long as the notebook is kept
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
    assert "Sign in" in buttons(state)
    assert "Cancel" in buttons(state)


def test_a_missing_permission_offers_another_datastack_and_no_new_token() -> None:
    state = ALL_STATES["no permission"]()
    assert state["focus"] == "ready"
    assert buttons(state)["Change server or datastack"]["edit"]
    assert "paste" not in kinds(state)


def test_whose_secret_is_known_to_be_wrong_is_not_asked_whether_there_is_one() -> None:
    link = words.have_secret("Code Ocean")
    assert link in json.dumps(ALL_STATES["capsule"](), ensure_ascii=False)
    assert link not in json.dumps(ALL_STATES["capsule, refused"](), ensure_ascii=False)
    assert link not in json.dumps(ALL_STATES["nothing yet"](), ensure_ascii=False)
