"""One page a place, drawn from its guide: the same data that the wizard and the terminal draw. Called by mkdocs.

A place that has more to say has a page of its own in docs/places/, with `<!-- guide: PLACE -->` where the guide goes;
for the others the page is made. `<!-- places -->` becomes the table of all places that are told apart.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from cave_setup import guides, words
from cave_setup.guides import PICTURES_CSS, Guide, GuideStep, Picture, guide_to
from cave_setup.places import PLACES

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

    from cave_setup.places import Place

SECTION = "Where you run"  # of the navigation in mkdocs.yml
_GUIDE = re.compile(r"^<!-- guide: (\S+) -->$", re.MULTILINE)
_TABLE = "<!-- places -->"
_HOME = {True: words.HOME_KEPT, False: words.HOME_LOST, None: words.HOME_UNKNOWN}
_KEEPING = {
    "files": "In files of the home folder; it is saved once.",
    "secret": "With the platform, as a secret; each run gets it from there.",
    "session": "In files, until this session ends.",
    "nowhere": "Nowhere: nothing could read it.",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of the places into the navigation, below their table."""
    section = next(entry[SECTION] for entry in config.nav or [] if SECTION in entry)
    section += [{guide.name: _page(guide)} for guide in _all_guides()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the looks of the pictures, and a page for each guide that has none of its own."""
    files.append(File.generated(config, "pictures.css", content=PICTURES_CSS.read_text(encoding="utf-8")))
    for guide in _all_guides():
        if files.get_file_from_path(_page(guide)) is None:
            content = f"# {guide.name}\n\n<!-- guide: {guide.place} -->\n"
            files.append(File.generated(config, _page(guide), content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - as mkdocs calls it
    """Put guides, and the table of places, where a page asks for them."""
    with_table = markdown.replace(_TABLE, _table()) if _TABLE in markdown else markdown
    return _GUIDE.sub(lambda found: _guide(_known(found[1])), with_table)


def _all_guides() -> list[Guide]:
    return sorted(map(_known, guides.places()), key=lambda guide: guide.name.lower())


def _known(place: str) -> Guide:
    guide = guide_to(place)
    if guide is None:
        raise PluginError(f"There is no guide to {place}.")
    return guide


def _page(guide: Guide) -> str:
    return f"places/{guide.place}.md"


def _table() -> str:
    rows = sorted(PLACES, key=lambda place: (place.key != "local", place.name.lower()))
    return "\n".join(["| place | the home folder | where a token belongs |", "|---|---|---|", *map(_row, rows)])


def _row(place: Place) -> str:
    guide = guide_to(place.key)
    name = f"[{place.name}]({Path(_page(guide)).name})" if guide else place.name
    return f"| {name} | {place.home or _HOME[place.home_persists]} | {_KEEPING[place.keeping]} |"


def _guide(guide: Guide) -> str:
    kind = "warning" if "simulated" in guide.tried else "note"
    parts = [f'!!! {kind} "{guide.tried[:1].upper()}{guide.tried[1:]}"\n\n    {guide.labels_as_of}.']
    parts += [f"## {guide.title}", guide.begin]
    for number, step in enumerate(guide.steps, 1):
        parts += [f"### {number}. {step.title}", *_step(step)]
        if step.key == "account" and guide.account_page:
            parts.append(f"<{guide.account_page}>")
    know = [f"**{title}.** {text}" for title, text in guide.know]
    return "\n\n".join([*parts, *([f"### {words.LABEL_GOOD_TO_KNOW}", *know] if know else [])])


def _step(step: GuideStep) -> list[str]:
    parts = [*step.text, *_picture(step.picture), *([step.before] if step.before else [])]
    if step.instead:
        inside = [*step.instead.text, *_picture(step.instead.picture)]
        indented = "\n\n".join("\n".join(f"    {line}" for line in part.splitlines()) for part in inside)
        parts.append(f'??? note "{step.instead.title}"\n\n{indented}')
    return parts


def _picture(picture: Picture | None) -> list[str]:
    """Give the drawing, if any, as one block of HTML: without blank lines, at which Markdown would end it."""
    if picture is None:
        return []
    drawn = picture.svg.replace("<svg", f'<svg aria-label="{escape(picture.alt)}"', 1)
    lines = [line for line in re.sub(r"<!--.*?-->", "", drawn, flags=re.DOTALL).splitlines() if line.strip()]
    return ["\n".join(['<figure class="guide">', *lines, "</figure>"])]
