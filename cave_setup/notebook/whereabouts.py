"""Where this is, in the wizard: a person may say so, and read about it. Pure; what places there are is data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.guides import guide_to
from cave_setup.notebook import blocks
from cave_setup.notebook.guidance import read_through
from cave_setup.places import keeping_in, place_names

if TYPE_CHECKING:
    from cave_setup.notebook.at import At
    from cave_setup.notebook.blocks import Block, Option


def whereabouts_links(at: At) -> list[Block]:
    """Offer to read about the place, where the steps below do not tell it anyway, and to say that it is another."""
    here = at.status.facts.environment
    links = [blocks.button(words.BUTTON_NOT_RIGHT, {"action": "place"}, "link")]
    is_usual = keeping_in(here.key) != "secret" or here.keeping == "secret"
    if is_usual and not here.keeps_for_a_run and (there := guide_to(here.key)):
        links.insert(0, blocks.button(words.about_place(there.name), {"action": "place", "what": "about"}, "link"))
    return [blocks.row("whereabouts", links)]


def whereabouts(at: At) -> list[Block]:
    """Draw what is to be read about the place, or the question where this is."""
    here = at.status.facts.environment
    there = guide_to(here.key)
    if at.situation.place == "about" and there is not None:
        close = blocks.button(words.BUTTON_CLOSE, {"action": "back"}, "link")
        return [*read_through(there), blocks.row("close-about", [close])]
    places = {here.key: here.name, **place_names()}  # where we seem to be goes first
    options: list[Option] = [(key, places[key], words.KEEPING[keeping_in(key)]) for key in places]
    cancel = blocks.button(words.BUTTON_CANCEL, {"action": "back"}, "link")
    home = [
        blocks.button(label, {"action": "use-place", "home": persists}, "link")
        for persists, label in words.BUTTONS_HOME.items()
        if here.home_persists is not persists
    ]
    return [
        blocks.choice("where", words.LABEL_WHERE, options, "use-place", words.BUTTON_USE_THIS),
        blocks.row("home", [*home, cancel]),
    ]
