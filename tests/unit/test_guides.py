"""The guides as data: whole, well-formed, drawn with our own means, and every label in one place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from xml.etree import ElementTree as ET

import pytest
import yaml

import cave_setup.guides
from cave_setup.guides import PICTURES_CSS, guide_to, places
from cave_setup.models import EnvironmentKey

if TYPE_CHECKING:
    from cave_setup.guides import Guide, Picture

FOLDER = Path(cave_setup.guides.__file__).parent
PLACES = places()
PICTURES = sorted(FOLDER.glob("*/*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
DRAWN_WITH = {"svg", "g", "rect", "circle", "ellipse", "line", "path", "polyline", "text", "tspan"}
# What is our own words, not a platform's.
OURS = {"description", "variable", "usual_variable", "usual_api_variable"}


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def source_of(place: str) -> str:
    return (FOLDER / place.replace("-", "_") / "guide.yaml").read_text()


def pictures_of(place: str) -> list[Path]:
    """List the files that a guide names."""
    folder = FOLDER / place.replace("-", "_")
    return [(folder / name).resolve() for name in re.findall(r"^ +file: (\S+)$", source_of(place), re.MULTILINE)]


def read(place: str) -> Guide:
    guide = guide_to(place)
    assert guide is not None
    return guide


def pictures_in(guide: Guide) -> list[Picture]:
    ways = [step.instead for step in guide.steps if step.instead]
    drawn = [step.picture for step in guide.steps] + [way.picture for way in ways]
    return [picture for picture in drawn if picture]


def test_there_is_a_guide_to_every_place_but_a_computer_of_ones_own() -> None:
    assert {*PLACES, "local"} == set(get_args(EnvironmentKey))
    assert guide_to("local") is None


@pytest.mark.parametrize("place", PLACES)
def test_a_guide_is_whole(place: str) -> None:
    guide = read(place)
    assert guide.place == place
    assert guide.name in guide.tried or "a real" in guide.tried
    texts = [guide.name, guide.title, guide.begin, guide.labels_as_of]
    texts += [text for entry in guide.know for text in entry]
    for step in guide.steps:
        texts += [step.title, *step.text, step.before]
        assert step.text
        if step.repair:
            texts += [step.repair.title, *step.repair.text]
        if step.instead:
            texts += [step.instead.title, *step.instead.text]
    for picture in pictures_in(guide):
        texts.append(picture.alt)
        assert len(picture.alt) > 40
    assert not [text for text in texts if "{" in text or text != text.strip()]
    assert re.search(r"[aA]s of \w+ \d{4}", guide.labels_as_of)
    assert guide.tried.startswith("simulated; not yet run")


@pytest.mark.parametrize("place", PLACES)
def test_a_guide_is_short_and_no_step_is_there_twice(place: str) -> None:
    guide = read(place)
    keys = [step.key for step in guide.steps]
    assert 2 <= len(keys) <= 5
    assert len(set(keys)) == len(keys)
    assert 2 <= len(guide.know) <= 4


@pytest.mark.parametrize("place", PLACES)
def test_a_guide_holds_no_token_and_leads_only_to_pages_that_are_encrypted(place: str) -> None:
    source = source_of(place)
    assert not re.search(r"[0-9a-fA-F]{32}", source)
    assert not re.search(r"http://", source)
    assert set(re.findall(r"\]\((\w+:)", source)) <= {"https:"}
    page = read(place).account_page
    assert page == "" or page.startswith("https://")
    assert bool(page) <= any(step.key == "account" for step in read(place).steps)


@pytest.mark.parametrize("place", PLACES)
def test_a_guide_that_has_a_secret_added_says_how_it_is_replaced(place: str) -> None:
    for step in read(place).steps:
        assert (step.repair is not None) == (step.key == "add")


@pytest.mark.parametrize("place", PLACES)
def test_every_label_is_used_and_spelled_out_nowhere_else(place: str) -> None:
    data = yaml.safe_load(source_of(place))
    own = [path for path in pictures_of(place) if path.parent.name != "shared"]
    everything = source_of(place).split("steps:", 1)[1] + "".join(path.read_text() for path in own)
    for name, label in data.get("labels", {}).items():
        assert f"{{{name}}}" in everything, name
        if name in OURS or len(label) < 10:
            continue  # a short word such as “Value” may well stand in a sentence
        assert label not in everything, f"“{label}” is to be written as {{{name}}}"


def test_every_picture_is_used() -> None:
    assert {path for place in PLACES for path in pictures_of(place)} == {path.resolve() for path in PICTURES}


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


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_shows_the_marks_that_its_alternative_text_names(place: str) -> None:
    for picture in pictures_in(read(place)):
        drawn = ET.fromstring(picture.svg)
        groups = [group for group in drawn.iter(f"{SVG}g") if group.get("class") == "mark"]
        marks = [text.text for group in groups for text in group.iter(f"{SVG}text")]
        assert marks == re.findall(r"marked (\d)", picture.alt)


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
    picture = guide.steps[0].picture
    assert picture is not None
    text = ET.fromstring(picture.svg).find(f"{SVG}text")
    assert text is not None
    assert text.text == "A <b> & {c}"
