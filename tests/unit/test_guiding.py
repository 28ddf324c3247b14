"""How far a guide has been followed: only what was observed counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.facts import (
    ARRIVED,
    ATTACHED,
    COP,
    FOR_V1DD,
    LIST,
    MOUNTED,
    NOTHING_ATTACHED,
    WRAPPED,
    facts,
    in_capsule,
    nothing_yet,
    pasted,
)

from cave_setup.guides import guide_to
from cave_setup.guiding import progress, waiting_slot
from cave_setup.models import Facts, PlatformSecrets, Slot

LETTERS = {"done": "✓", "now": "→", "next": "·"}


MOUNTED_HERE = facts(credentials=(MOUNTED,), secret_variables=(ARRIVED,))
QUOTED = facts(credentials=(replace(MOUNTED, where="CUSTOM_KEY"),), secret_variables=(WRAPPED,))


@pytest.mark.parametrize(
    ("made_up", "copied", "opened", "letters"),
    [
        pytest.param(in_capsule(pasted()), False, False, "→····", id="nothing yet"),
        pytest.param(in_capsule(pasted()), True, False, "✓→···", id="copied"),
        pytest.param(in_capsule(pasted()), False, True, "→✓···", id="opened before copying"),
        pytest.param(in_capsule(pasted()), True, True, "✓✓→→·", id="copied and opened"),
        pytest.param(in_capsule(pasted(), ATTACHED), False, False, "✓✓✓✓→", id="attached, in whichever way"),
        pytest.param(in_capsule(nothing_yet(), ATTACHED), False, False, "✓✓✓✓→", id="attached, and no token known"),
        pytest.param(in_capsule(MOUNTED_HERE, ATTACHED), False, False, "✓✓✓✓✓", id="arrived"),
        pytest.param(in_capsule(QUOTED), True, True, "✓✓→→·", id="arrived with quotes"),
    ],
)
def test_each_step_is_judged_by_what_was_observed(
    made_up: Facts,
    copied: bool,  # noqa: FBT001 - a row of the table
    opened: bool,  # noqa: FBT001
    letters: str,
) -> None:
    found = progress(made_up, copied=copied, opened=opened)
    assert "".join(LETTERS[step.stage] for step in found) == letters


def test_whoever_has_the_secret_begins_with_attaching_it() -> None:
    found = progress(in_capsule(nothing_yet()), has_secret=True)
    assert "".join(LETTERS[step.stage] for step in found) == "···→·"


def test_the_steps_are_those_of_the_guide() -> None:
    there = guide_to("code-ocean")
    assert there is not None
    for made_up in (in_capsule(pasted()), in_capsule(pasted(), ATTACHED), in_capsule(MOUNTED_HERE)):
        assert [at.key for at in progress(made_up)] == [step.key for step in there.steps]


def test_an_attached_secret_says_where_it_arrives_and_what_it_waits_for() -> None:
    *_, attach, restart = progress(in_capsule(pasted(), ATTACHED))
    assert attach.found == ("“CAVE TOKEN” is attached and arrives as CUSTOM_KEY.",)
    (sentence,) = restart.found
    assert "This run started before it was attached" in sentence
    assert "A kernel restart is not enough" in sentence


def test_wrong_secrets_are_told_where_a_secret_is_added() -> None:
    add = progress(replace(in_capsule(pasted()), secret_variables=(COP, FOR_V1DD)), copied=True, opened=True)[2]
    assert add.is_wrong
    assert "API_SECRET (“Code Ocean API”)" in add.found[0]
    assert "API_SECRET_v1dd is for global.em.brain.allentech.org" in add.found[1]


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        (NOTHING_ATTACHED, f"Nothing is attached yet (by {LIST}"),
        (
            replace(NOTHING_ATTACHED, slots=(Slot("Code Ocean API", "API_SECRET", has_arrived=True),)),
            "Attached so far: “Code Ocean API”",
        ),
        (PlatformSecrets(), "as far as the capsule's files show"),
        (PlatformSecrets(listed_in=LIST, damage=f"{LIST} cannot be read."), "cannot be read"),
    ],
)
def test_what_is_attached_is_told_as_far_as_it_is_known(platform: PlatformSecrets, says: str) -> None:
    attach = progress(in_capsule(pasted(), platform))[3]
    assert says in attach.found[0]


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ((), None),
        ((Slot("CAVE TOKEN", "CUSTOM_KEY", has_arrived=True),), None),
        ((Slot("Code Ocean API", "API_SECRET"),), None),
        ((Slot("Code Ocean API", "API_SECRET"), Slot("mine", "CUSTOM_KEY")), "CUSTOM_KEY"),
        ((Slot("mine", "CUSTOM_KEY"), Slot("CAVE", "CUSTOM_KEY_2")), "CUSTOM_KEY_2"),
        ((Slot("", "CAVE_TOKEN"), Slot("x", "API_KEY", is_name=True)), "CAVE_TOKEN"),
        ((Slot("CAVE", "API_KEY", is_name=True),), None),
    ],
)
def test_the_secret_that_is_waited_for_is_the_one_that_seems_to_be_the_token(
    slots: tuple[Slot, ...], expected: str | None
) -> None:
    found = waiting_slot(in_capsule(nothing_yet(), replace(NOTHING_ATTACHED, slots=slots)))
    assert (found.variable if found else None) == expected


def test_once_a_token_has_arrived_nothing_is_waited_for() -> None:
    assert waiting_slot(in_capsule(MOUNTED_HERE, ATTACHED)) is None
