"""The site as it is built: without a warning, every link leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

import cave_setup
from cave_setup import errors, guides, terminal, words
from cave_setup.places import PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
GUIDES = sorted(path.parent.name.replace("_", "-") for path in Path(guides.__file__).parent.glob("*/guide.yaml"))
LOADS = {"script": "src", "img": "src", "source": "src", "iframe": "src", "video": "src", "audio": "src"}


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to on it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = {""}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if tag == "link" and given.get("rel") not in {"canonical", "prev", "next"}:
            self.loaded.add(given.get("href", ""))
        if LOADS.get(tag, "") in given:
            self.loaded.add(given[LOADS[tag]])

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> Mapping[str, Page]:
    return {str(path.relative_to(site)): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_link_leads_to_a_page_and_to_a_place_on_it(site: Path, pages: Mapping[str, Page]) -> None:
    lost = []
    for name, page in pages.items():
        if name == "404.html":
            continue  # its addresses are absolute, for whatever folder was asked for
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            target = target / "index.html" if target.is_dir() else target
            known = pages.get(os.path.relpath(target, site))
            if not target.exists() or (known and unquote(parts.fragment) not in known.anchors):
                lost.append(f"{name} -> {link}")
    assert not lost


def test_other_sites_are_linked_to_over_https_and_never_loaded_from(pages: Mapping[str, Page]) -> None:
    for name, page in pages.items():
        assert not [address for address in page.loaded if urlsplit(address).netloc], name
        schemes = {urlsplit(link).scheme for link in page.links}
        assert schemes <= {"", "https"}, name


def test_the_styles_load_nothing_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.css"):
        css = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", css), path


@pytest.mark.parametrize("place", GUIDES)
def test_each_guide_has_a_page_in_the_navigation(pages: Mapping[str, Page], place: str) -> None:
    page = pages[f"places/{place}.html"]
    guide = guides.guide_to(place)
    assert guide is not None
    titles = [guide.title, *(step.title for step in guide.steps), *(title for title, _ in guide.know)]
    assert [title for title in titles if re.sub(r"[`*]", "", title) not in page.text] == []
    assert guide.labels_as_of in page.text
    assert f"places/{place}.html" in pages["index.html"].links


def test_the_table_has_every_place_that_is_told_apart(pages: Mapping[str, Page]) -> None:
    assert [place.name for place in PLACES if place.name not in pages["places/index.html"].text] == []


def test_every_public_name_is_in_the_reference(pages: Mapping[str, Page]) -> None:
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type)}
    names = set(cave_setup.__all__) - kinds - {"__version__"}
    assert {f"cave_setup.{name}" for name in names} <= pages["reference/python.html"].anchors
    listed = {anchor for anchor in pages["reference/errors.html"].anchors if anchor.count(".") == 2}
    own = {name for name in kinds if getattr(errors, name).__module__ == errors.__name__}
    assert listed == {f"cave_setup.errors.{name}" for name in own}


def test_what_setup_inherits_is_in_the_reference(pages: Mapping[str, Page]) -> None:
    public = {name for name in dir(cave_setup.Setup) if not name.startswith("_")}
    assert {f"cave_setup.Setup.{name}" for name in public} <= pages["reference/python.html"].anchors


def test_the_help_has_each_verb_and_each_exit_code(pages: Mapping[str, Page]) -> None:
    page = pages["reference/command-line.html"]
    for verb in ("status", "login", "undo", "activate", "guide", "datastacks", "demo"):
        assert f"usage: cave-setup {verb}" in page.text
    assert "%cave_setup [--text] [--server SERVER]" in page.text
    assert all(meaning in page.text for meaning in words.EXIT_CODES)


def test_each_exit_code_has_a_meaning() -> None:
    codes = (terminal.READY, terminal.LEFT_TO_DO, terminal.WRONG_USAGE, terminal.COULD_NOT_ASK, terminal.REFUSED)
    assert codes == tuple(range(len(words.EXIT_CODES)))
