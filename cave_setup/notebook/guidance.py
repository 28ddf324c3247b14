"""A guide in the wizard: its steps as blocks, each with what was observed of it. Pure; texts and pictures are data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.guides import guide_to
from cave_setup.guiding import progress
from cave_setup.keeping import are_files_in_place, can_activate
from cave_setup.notebook import blocks
from cave_setup.notebook.markdown import as_tree
from cave_setup.report import use_it

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cave_setup.guides import Guide, GuideStep, Picture
    from cave_setup.guiding import Progress
    from cave_setup.notebook.at import At
    from cave_setup.notebook.blocks import Block, Item


def guide_link(at: At) -> list[Item]:
    """Offer the guide to who keeps a token as a secret already and so need not sign in; nothing where there is none."""
    is_known_to_be_wrong = at.step.state == "problem"
    environment = at.status.facts.environment
    if environment.keeping != "secret" or at.situation.another or is_known_to_be_wrong:
        return []
    return [blocks.button(words.have_secret(environment.platform), {"action": "guide"}, "link")]


def mount(at: At) -> list[Block]:
    """Draw the guide to mounting the token, and a way to go on in this run."""
    there = guide_to(at.status.facts.environment.key)
    remedy = [blocks.text("remedy", at.step.remedy)] if at.step.remedy else []
    if there is None:
        return [*remedy, *_in_this_run(at)]
    begin = remedy if at.step.state == "problem" else [_text("begin", there.begin)]
    back = [blocks.row("back", [blocks.button(words.BUTTON_BACK_TO_SIGN_IN, {"action": "back"}, "link")])]
    return [*begin, *_steps(there, at), *_know(there), *_in_this_run(at), *(back if at.situation.guide else [])]


def restart(at: At) -> list[Block]:
    """Say that an attached secret waits for the next start; whoever cannot wait signs in."""
    there = guide_to(at.status.facts.environment.key)
    drawn = [*(_steps(there, at) if there else []), blocks.text("collaborator", words.COLLABORATOR, "note")]
    if at.step.key != "account":
        return [*drawn, *_in_this_run(at)]
    sign_in = blocks.button(words.BUTTON_SIGN_IN_THIS_RUN, {"action": "another"}, "link")
    return [*drawn, blocks.row("sign-in", [sign_in])]


def read_through(there: Guide) -> list[Block]:
    """Draw a guide to be read, where nothing of it is to be judged."""
    drawn = [_text("begin", there.begin)]
    for number, step in enumerate(there.steps, 1):
        drawn += [blocks.head(f"step-{number}", f"{number}. {step.title}"), *_told(step, suffix=f"-{number}")]
    return [*drawn, *_know(there)]


def _steps(there: Guide, at: At) -> list[Block]:
    here, facts = at.situation, at.status.facts
    keys = [step.key for step in there.steps]
    has_secret = here.guide and facts.credential is None
    stages = progress(facts, keys, copied=here.copied, opened=here.opened, has_secret=has_secret)
    return [
        _step(number, step, there, now, at)
        for number, (step, now) in enumerate(zip(there.steps, stages, strict=True), 1)
    ]


def _step(number: int, step: GuideStep, there: Guide, now: Progress, at: At) -> Block:
    told = step.told(is_repair=now.is_repair)
    # The picture shows how one is added, not how it is mended.
    body = [_text("text", *told.text)] if now.is_repair else _told(told, _controls(step.key, there, now, at))
    return blocks.guide_step(number, told.title, now.stage, now.found, "bad" if now.is_repair else "", body)


def _told(step: GuideStep, controls: Sequence[Block] = (), suffix: str = "") -> list[Block]:
    """Draw all that a guide says of a step, below its title."""
    drawn = [_text(f"text{suffix}", *step.text), *controls]
    if step.before:
        drawn.append(blocks.rich(f"before{suffix}", as_tree(step.before), "note"))
    drawn += [_picture(f"picture{suffix}", step.picture)] if step.picture else []
    if step.instead:
        inside = [_text("text", *step.instead.text)]
        inside += [_picture("picture", step.instead.picture)] if step.instead.picture else []
        drawn.append(blocks.more(f"instead{suffix}", step.instead.title, inside))
    return drawn


def _text(name: str, *paragraphs: str) -> Block:
    return blocks.rich(name, [node for text in paragraphs for node in as_tree(text)])


def _picture(name: str, picture: Picture) -> Block:
    return blocks.picture(name, picture.svg, picture.alt)


def _controls(key: str, there: Guide, now: Progress, at: At) -> list[Block]:
    style = "go" if now.stage == "now" else "quiet"
    if key == "copy" and at.status.facts.is_lasting:
        return [blocks.row("copy", [blocks.copy_token(words.BUTTON_COPY_TOKEN, style)])]
    if key == "copy":
        return [blocks.text("nothing", words.NOTHING_TO_COPY, "note")]
    return _account(there, at, style) if key == "account" else []


def _account(there: Guide, at: At, style: str) -> list[Block]:
    """Lead to the platform's account page; where it had to be typed, another address can be."""
    page = at.status.facts.platform.account_page or there.account_page
    drawn: list[Block] = []
    if page:
        label = words.account_page_at(page.split("/")[2])  # whose page it is, before anybody goes there
        drawn.append(blocks.row("account", [blocks.link(label, page, style, opened="account")]))
    if at.status.facts.environment.key != "code-ocean":
        return drawn
    error = at.situation.error_text("platform")
    hint = words.HINT_PLATFORM_AGAIN if page else words.HINT_PLATFORM
    field = blocks.field("where", words.LABEL_PLATFORM, hint, words.HINT_PLATFORM_PLACE, "platform", error)
    return [*drawn, blocks.more("another-address", words.LABEL_ANOTHER_ADDRESS, [field])] if page else [field]


def _know(there: Guide) -> list[Block]:
    body = [
        blocks.rich(f"know-{number}", [["p", {}, ["strong", {}, f"{title}. "], *_inline(text)]])
        for number, (title, text) in enumerate(there.know)
    ]
    dated = blocks.text("dated", f"{there.labels_as_of}; {there.tried}.", "note")
    return [blocks.more("know", words.LABEL_GOOD_TO_KNOW, [*body, dated])]


def _inline(text: str) -> list[object]:
    """Give the inside of the one paragraph that the text is."""
    return [part for node in as_tree(text) for part in node[2:]]


def _in_this_run(at: At) -> list[Block]:
    """Offer to go on without having finished; once that was done, say so in its place, with what to go on with."""
    facts = at.status.facts
    if can_activate(at.status):
        for_now = blocks.button(words.BUTTON_SAVE_THIS_RUN, {"action": "activate"}, "link")
        return [blocks.row("save", [for_now])]
    if facts.environment.keeps_for_a_run and facts.credential and are_files_in_place(facts):
        return [blocks.done("activated", words.ACTIVATED_FOR_NOW), blocks.code(use_it(at.status, names_token=False))]
    return []
