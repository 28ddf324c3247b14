"""Guides to places where a token is kept by the platform: data, one folder a place, read on first use.

Drawn by the wizard, by the terminal and by the docs. What has been done of a guide is judged in `cave_setup.guiding`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
PICTURES_CSS = _HERE / "pictures.css"


@dataclass(frozen=True)
class Picture:
    """A schematic of a screen.

    Parameters
    ----------
    svg : str
        The drawing, labels filled in; its colours are the variables of ``pictures.css``.
    alt : str
        What is to be seen, for who does not see it.

    """

    svg: str
    alt: str


@dataclass(frozen=True)
class Instead:
    """Another way of doing a step: with its own title, texts and, where one helps, picture."""

    title: str
    text: tuple[str, ...]
    picture: Picture | None = None


@dataclass(frozen=True)
class Repair:
    """What a step is where something is there already and has to be mended."""

    title: str
    text: tuple[str, ...]


@dataclass(frozen=True)
class GuideStep:
    """One step of a guide.

    Parameters
    ----------
    key, title : str
    text : tuple of str
        Paragraphs, in Markdown of which only bold, code, links and fenced lines count.
    picture : Picture, optional
        Where one helps.
    before : str
        How it was called in older versions; empty if it was not.
    instead : Instead, optional
    repair : Repair, optional

    """

    key: str
    title: str
    text: tuple[str, ...]
    picture: Picture | None = None
    before: str = ""
    instead: Instead | None = None
    repair: Repair | None = None

    def told(self, *, is_repair: bool) -> GuideStep:
        """Give the step as it is told: with the words for mending, and then no other way, where it is that."""
        if not (is_repair and self.repair):
            return self
        return replace(self, title=self.repair.title, text=self.repair.text, before="", instead=None)


@dataclass(frozen=True)
class Guide:
    """How a token is kept in one place.

    Parameters
    ----------
    place : str
        One of `cave_setup.models.EnvironmentKey`.
    name, title, begin : str
        The place, what is done, and why, for people.
    steps : tuple of GuideStep
    know : tuple of (str, str)
        What is worth knowing: titles and texts.
    labels_as_of : str
        Of when the labels are.
    tried : str
        Whether this was tried in the real place.
    account_page : str
        Where the place keeps everybody's secrets, if that is one page for all; else empty.

    """

    place: str
    name: str
    title: str
    begin: str
    steps: tuple[GuideStep, ...]
    know: tuple[tuple[str, str], ...]
    labels_as_of: str
    tried: str
    account_page: str = ""


def places() -> tuple[str, ...]:
    """List the places that there is a guide to, as keys, in the order of the alphabet."""
    return tuple(sorted(path.parent.name.replace("_", "-") for path in _HERE.glob("*/guide.yaml")))


@functools.cache
def guide_to(place: str) -> Guide | None:
    """Read the guide to a place.

    Parameters
    ----------
    place : str
        One of `cave_setup.models.EnvironmentKey`.

    Returns
    -------
    Guide or None
        None where there is no guide.

    """
    folder = _HERE / place.replace("-", "_")
    if not (folder / "guide.yaml").is_file():
        return None
    import yaml  # noqa: PLC0415 - needed for guides only

    data = yaml.safe_load((folder / "guide.yaml").read_text(encoding="utf-8"))
    labels: dict[str, str] = data.get("labels", {})

    def filled(text: str) -> str:
        return text.format_map(labels)

    def picture(entry: dict[str, str] | None) -> Picture | None:
        if entry is None:
            return None
        drawing = (folder / entry["file"]).read_text(encoding="utf-8")
        return Picture(drawing.format_map({key: escape(label) for key, label in labels.items()}), filled(entry["alt"]))

    def instead(entry: dict[str, Any]) -> Instead:
        return Instead(filled(entry["title"]), tuple(map(filled, entry["text"])), picture(entry.get("picture")))

    def repair(entry: dict[str, Any]) -> Repair:
        return Repair(filled(entry["title"]), tuple(map(filled, entry["text"])))

    def step(entry: dict[str, Any]) -> GuideStep:
        return GuideStep(
            key=entry["key"],
            title=filled(entry["title"]),
            text=tuple(map(filled, entry["text"])),
            picture=picture(entry.get("picture")),
            before=filled(entry.get("before", "")),
            instead=instead(entry["instead"]) if "instead" in entry else None,
            repair=repair(entry["repair"]) if "repair" in entry else None,
        )

    return Guide(
        place=data["place"],
        name=data["name"],
        title=data["title"],
        begin=filled(data["begin"]),
        steps=tuple(map(step, data["steps"])),
        know=tuple((filled(entry["title"]), filled(entry["text"])) for entry in data["know"]),
        labels_as_of=data["labels_as_of"],
        tried=data["tried"],
        account_page=data.get("account_page", ""),
    )
