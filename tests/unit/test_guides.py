"""The guides as data: whole, well-formed, drawn with our own means, and every label in one place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
import yaml

import cave_setup.guides
from cave_setup.guides import PICTURES_CSS, Picture, guide_to, places
from cave_setup.models import EnvironmentKey

FOLDER = Path(cave_setup.guides.__file__).parent
PLACES = places()
PICTURES = sorted(FOLDER.glob("*/*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
DRAWN_WITH = {"svg", "g", "rect", "circle", "ellipse", "line", "path", "polyline", "text", "tspan"}
# What is our own words, not a platform's.
OURS = {"description", "variable", "usual_variable", "usual_api_variable", "folder"}


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def test_there_is_a_guide_to_every_place_but_ones_own_computer() -> None:
    assert set(PLACES) == set(get_args(EnvironmentKey)) - {"local"}
    assert guide_to("local") is None


def pictures_of(place: str) -> list[Picture]:
    guide = guide_to(place)
    assert guide is not None
    every = [one.picture for step in guide.steps for one in (step, step.instead) if one]
    return [picture for picture in every if picture]


@pytest.mark.parametrize("place", PLACES)
def test_a_guide_is_whole(place: str) -> None:
    guide = guide_to(place)
    assert guide is not None
    assert guide.place == place
    assert guide.steps
    texts = [guide.begin, *(text for _, text in guide.know)]
    for step in guide.steps:
        texts += [step.title, *step.text, step.before]
        assert step.text
        if step.repair:
            texts += [step.repair.title, *step.repair.text]
        if step.instead:
            texts += [step.instead.title, *step.instead.text]
    alternatives = [picture.alt for picture in pictures_of(place)]
    assert all(len(alternative) > 40 for alternative in alternatives)
    texts += alternatives
    assert not [text for text in texts if "{" in text or text != text.strip()]
    assert re.search(r"[Aa]s of \w+ \d{4}", guide.labels_as_of)
    assert 2 <= len({step.key for step in guide.steps}) == len(guide.steps) <= 5
    assert 2 <= len(guide.know) <= 4
    assert all((step.repair is not None) == (step.key == "add") for step in guide.steps)
    assert not re.search(r"(?<![s/])http:|[0-9a-f]{32}", " ".join(texts))
    assert guide.account_page.startswith("https://") or not guide.account_page
    assert "simulated" in guide.tried


@pytest.mark.parametrize("place", PLACES)
def test_every_label_is_used_and_spelled_out_nowhere_else(place: str) -> None:
    folder = FOLDER / place.replace("-", "_")
    data = yaml.safe_load((folder / "guide.yaml").read_text())
    source = (folder / "guide.yaml").read_text().split("steps:", 1)[1]
    everything = source + "".join(path.read_text() for path in folder.glob("*.svg"))
    everything += "".join((folder / path).read_text() for path in re.findall(r"file: (\.\./shared/\S+)", source))
    for name, label in data.get("labels", {}).items():
        assert f"{{{name}}}" in everything, name
        if name in OURS or len(label) < 10:
            continue  # a short word such as “Value” may well stand in a sentence
        assert label not in everything, f"“{label}” is to be written as {{{name}}}"


@pytest.mark.parametrize("place", PLACES)
def test_every_picture_is_used(place: str) -> None:
    folder = FOLDER / place.replace("-", "_")
    used = re.findall(r"file: ([^/\s]+)$", (folder / "guide.yaml").read_text(), re.MULTILINE)
    assert sorted(used) == sorted(path.name for path in folder.glob("*.svg"))


@pytest.mark.parametrize("path", PICTURES, ids=named)
def test_a_picture_is_a_plain_drawing_in_the_colours_of_the_theme(path: Path) -> None:
    root = ET.fromstring(path.read_text())
    assert root.get("class") == "cave-picture"
    assert root.get("viewBox", "").startswith("0 0 ")
    classes = set(re.findall(r"\.([a-z-]+)", PICTURES_CSS.read_text()))
    for node in root.iter():
        assert node.tag.removeprefix(SVG) in DRAWN_WITH, node.tag
        assert not set(node.attrib) & {"style", "fill", "stroke", "id", "href"}, node.attrib
        assert not [name for name in node.attrib if name.startswith("on")]
        assert set(node.get("class", "").split()) <= classes, node.get("class")


@pytest.mark.parametrize("path", PICTURES, ids=named)
def test_a_picture_shows_the_marks_that_its_alternative_text_names(path: Path) -> None:
    shown_in = PLACES if path.parent.name == "shared" else [path.parent.name.replace("_", "-")]
    drawn = ET.fromstring(path.read_text())
    marks = [
        text.text
        for group in drawn.iter(f"{SVG}g")
        if group.get("class") == "mark"
        for text in group.iter(f"{SVG}text")
    ]
    pictures = [picture for place in shown_in for picture in pictures_of(place)]
    own = [picture for picture in pictures if _without_labels(picture.svg) == _without_labels(path.read_text())]
    assert own
    assert all(marks == re.findall(r"marked (\d)", picture.alt) for picture in own)


def _without_labels(svg: str) -> str:
    return re.sub(r">[^<]*<", "><", svg)


def test_labels_are_text_and_cannot_become_drawing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "odd_place"
    folder.mkdir()
    (folder / "guide.yaml").write_text(
        "place: odd-place\nname: Odd\ntitle: Odd\nbegin: '{menu}'\nlabels_as_of: x\ntried: x\nknow: []\n"
        "labels: {menu: 'A <b> & {c}'}\n"
        "steps: [{key: a, title: a, text: ['{menu}'], picture: {file: a.svg, alt: '{menu}'}}]\n"
    )
    (folder / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>{menu}</text></svg>")
    monkeypatch.setattr(cave_setup.guides, "_HERE", tmp_path)
    guide = guide_to("odd-place")
    guide_to.cache_clear()
    assert guide is not None
    assert guide.begin == guide.steps[0].text[0] == "A <b> & {c}"
    assert guide.steps[0].picture is not None
    text = ET.fromstring(guide.steps[0].picture.svg).find(f"{SVG}text")
    assert text is not None
    assert text.text == "A <b> & {c}"
