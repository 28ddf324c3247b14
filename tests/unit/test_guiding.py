"""How far a guide has been followed: only what was observed counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.capsule import Capsule
from support.facts import (
    ARRIVED,
    ATTACHED,
    COP,
    FOR_V1DD,
    LIST,
    MOUNTED,
    NOTHING_ATTACHED,
    OTHER,
    WRAPPED,
    facts,
    in_capsule,
    nothing_yet,
    pasted,
)

from cave_setup.environment import detect
from cave_setup.guides import guide_to
from cave_setup.guiding import Progress, doubtful_slots, progress, waiting_slot
from cave_setup.models import Facts, PlatformSecrets, Slot, TokenRefused

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
        pytest.param(in_capsule(QUOTED), True, True, "✓✓→✓→", id="arrived with quotes"),
    ],
)
def test_each_step_is_judged_by_what_was_observed(
    made_up: Facts,
    copied: bool,  # noqa: FBT001 - a row of the table
    opened: bool,  # noqa: FBT001
    letters: str,
) -> None:
    found = judged(made_up, copied=copied, opened=opened)
    assert "".join(LETTERS[step.stage] for step in found) == letters


def judged(made_up: Facts, **options: bool) -> tuple[Progress, ...]:
    return progress(made_up, ("copy", "account", "add", "attach", "restart"), **options)


def test_whoever_has_the_secret_begins_with_attaching_it() -> None:
    found = judged(in_capsule(nothing_yet()), has_secret=True)
    assert "".join(LETTERS[step.stage] for step in found) == "✓✓✓→·"
    assert found[2].found == ("You have this already.",)


def test_the_steps_are_those_of_the_guide() -> None:
    there = guide_to("code-ocean")
    assert there is not None
    for made_up in (in_capsule(pasted()), in_capsule(pasted(), ATTACHED), in_capsule(MOUNTED_HERE)):
        assert [at.key for at in judged(made_up)] == [step.key for step in there.steps]


def test_an_attached_secret_says_where_it_arrives() -> None:
    attach = judged(in_capsule(pasted(), ATTACHED))[3]
    assert attach.found == ("“CAVE TOKEN” is attached and arrives as CUSTOM_KEY.",)


def test_wrong_secrets_are_told_where_a_secret_is_added() -> None:
    add = judged(replace(in_capsule(pasted()), secret_variables=(COP, FOR_V1DD)), copied=True, opened=True)[2]
    assert not add.is_repair
    assert "API_SECRET (“Code Ocean API”)" in add.found[0]
    assert "API_SECRET_v1dd is for global.em.brain.allentech.org" in add.found[1]


REFUSED = replace(MOUNTED_HERE, server=replace(MOUNTED_HERE.server, account=TokenRefused(), keys=TokenRefused()))
RUNS_OUT = replace(MOUNTED_HERE, server=replace(MOUNTED_HERE.server, keys=(), seconds_left=600_000))
END_NOT_KNOWN = replace(RUNS_OUT, server=replace(RUNS_OUT.server, seconds_left=None))
OF_ANOTHER = replace(MOUNTED_HERE, credentials=(replace(MOUNTED, other_server="global.em.brain.allentech.org"),))
HOLDS_ANOTHER = replace(pasted(), secret_variables=(replace(ARRIVED, token=OTHER),))
OURS_IS_JUNK = replace(pasted(), secret_variables=(replace(ARRIVED, token=None, fault="It is empty."),))


@pytest.mark.parametrize(
    ("made_up", "says"),
    [
        (QUOTED, "quotes"),
        (REFUSED, "does not know the token in CAVE_TOKEN"),
        (RUNS_OUT, "a sign-in token"),
        (HOLDS_ANOTHER, "holds another token, ····3210"),
        (OF_ANOTHER, "is for global.em.brain.allentech.org"),
        (END_NOT_KNOWN, "a sign-in token"),
        (OURS_IS_JUNK, "It is empty"),
    ],
)
def test_a_secret_that_is_there_and_wrong_is_mended_instead_of_adding_a_second_one(made_up: Facts, says: str) -> None:
    there = guide_to("code-ocean")
    assert there is not None
    for platform in (NOTHING_ATTACHED, ATTACHED):
        found = judged(in_capsule(made_up, platform), copied=True, opened=True)
        assert "".join(LETTERS[step.stage] for step in found) == "✓✓→✓→"
        assert found[2].is_repair
        assert says in found[2].found[0]
        assert there.steps[2].repair is not None


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        (NOTHING_ATTACHED, "Not attached yet"),
        (
            replace(NOTHING_ATTACHED, slots=(Slot("Code Ocean API", "API_SECRET", has_arrived=True),)),
            "Attached so far: “Code Ocean API”",
        ),
        (PlatformSecrets(), "Not attached yet"),
        (PlatformSecrets(damage=f"{LIST} cannot be read."), "cannot be read"),
    ],
)
def test_what_is_attached_is_told_as_far_as_it_is_known(platform: PlatformSecrets, says: str) -> None:
    attach = judged(in_capsule(pasted(), platform), copied=True, opened=True)[3]
    assert says in attach.found[0]


@pytest.mark.parametrize(
    ("slots", "expected", "doubtful"),
    [
        ((), None, []),
        ((Slot("CAVE TOKEN", "CUSTOM_KEY", has_arrived=True),), None, []),
        ((Slot("Code Ocean API", "API_SECRET"),), None, []),
        ((Slot("OpenAI key", "OPENAI_API_KEY"),), None, []),
        ((Slot("concave hull API", "HULL"),), None, []),
        ((Slot("V1DD token", "API_SECRET_v1dd"),), None, []),
        ((Slot("MICrONS and V1DD token", "CUSTOM_KEY"),), "CUSTOM_KEY", []),
        ((Slot("Code Ocean API", "API_SECRET"), Slot("mine", "CUSTOM_KEY")), None, ["CUSTOM_KEY"]),
        ((Slot("mine", "CUSTOM_KEY"), Slot("CAVE", "CUSTOM_KEY_2")), "CUSTOM_KEY_2", ["CUSTOM_KEY"]),
        ((Slot("", "CAVE_TOKEN"),), "CAVE_TOKEN", []),
    ],
)
def test_a_secret_is_waited_for_only_if_it_says_that_it_is_the_token(
    slots: tuple[Slot, ...], expected: str | None, doubtful: list[str]
) -> None:
    made_up = replace(
        in_capsule(nothing_yet(), replace(NOTHING_ATTACHED, slots=slots)), environment=detect(Capsule.run())
    )
    found = waiting_slot(made_up)
    assert (found.variable if found else None) == expected
    assert [slot.variable for slot in doubtful_slots(made_up)] == doubtful


def test_once_a_token_has_arrived_nothing_is_waited_for() -> None:
    assert waiting_slot(in_capsule(MOUNTED_HERE, ATTACHED)) is None
