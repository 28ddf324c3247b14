"""Builds guides into the documentation: the same data that the wizard and the terminal draw. Called by mkdocs."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

from cave_setup import words
from cave_setup.guides import PICTURES_CSS, Guide, GuideStep, Picture, guide_to

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

_GUIDE = re.compile(r"^<!-- guide: (\S+) -->$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the looks of the pictures."""
    files.append(File.generated(config, "pictures.css", content=PICTURES_CSS.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - as mkdocs calls it
    """Put guides where a page asks for them."""
    return _GUIDE.sub(lambda found: _guide(_known(found[1])), markdown)


def _known(place: str) -> Guide:
    guide = guide_to(place)
    if guide is None:
        raise LookupError(f"There is no guide to {place}.")
    return guide


def _guide(guide: Guide) -> str:
    parts = [f"## {guide.title}", guide.begin]
    for number, step in enumerate(guide.steps, 1):
        parts += [f"### {number}. {step.title}", *_step(step)]
    parts += [f"### {words.LABEL_GOOD_TO_KNOW}", *(f"**{title}.** {text}" for title, text in guide.know)]
    return "\n\n".join([*parts, f"*{guide.labels_as_of}; {guide.tried}.*"])


def _step(step: GuideStep) -> list[str]:
    parts = [*step.text, *_picture(step.picture), *([step.before] if step.before else [])]
    if step.instead:
        inside = [*step.instead.text, *_picture(step.instead.picture)]
        indented = "\n\n".join("\n".join(f"    {line}" for line in part.splitlines()) for part in inside)
        parts.append(f'??? note "{step.instead.title}"\n\n{indented}')
    return parts


def _picture(picture: Picture | None) -> list[str]:
    """Give the drawing, if there is one, as a block of HTML: without blank lines, at which Markdown would end it."""
    if picture is None:
        return []
    drawn = picture.svg.replace("<svg", f'<svg aria-label="{escape(picture.alt)}"', 1)
    lines = [line for line in re.sub(r"<!--.*?-->", "", drawn, flags=re.DOTALL).splitlines() if line.strip()]
    return ["\n".join(['<figure class="guide">', *lines, "</figure>"])]
