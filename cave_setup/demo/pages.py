"""The HTML pages: which template with what; templates escape every value, and each page says it is a demo."""

from __future__ import annotations

import json
import re
from functools import cache
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado.escape import xhtml_escape
from tornado.template import Loader

from cave_setup.demo.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATES = Path(__file__).parent / "templates"

_EXPLANATIONS = {
    404: "The requested URL was not found on the server.",
    405: "The method is not allowed for the requested URL.",
    500: "Internal Server Error",
    502: "The proxy got no good answer from the server behind it.",
}


@cache
def _loader() -> Loader:
    return Loader(str(_TEMPLATES), autoescape="xhtml_escape")


@cache
def stylesheet() -> bytes:
    """Return the one stylesheet of all pages."""
    return (_TEMPLATES / "style.css").read_bytes()


def page(request: Request, template: str, /, status: int = 200, **values: Any) -> Answer:  # noqa: ANN401 any template value
    """Return a page; `root` in a template is the relative way to the server's root."""
    html = _loader().load(template).generate(root=request.root, **values)
    return Answer(status, html)


def error(request: Request, status: int) -> Answer:
    """Return the page that stands for an error without further words."""
    reason = responses[status]
    explanation = _EXPLANATIONS[status]
    return page(request, "error.html", status, code=status, reason=reason, explanation=explanation)


def message_to_opener(request: Request, message: object) -> Answer:
    """Return the blank page that posts a message to whoever opened it, and does not close itself."""
    # "</script>" inside a string would end the script.
    script = json.dumps(message).replace("<", "\\u003c")
    return page(request, "to_opener.html", message=script)


def markdown(text: str) -> str:
    """Return the little of Markdown that terms of service use as HTML, everything else escaped."""
    return "\n".join(_blocks(text))


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text.strip()):
        if heading := re.fullmatch(r"(#{1,6})\s+(.*)", block):
            # The page's own title is the only h1.
            level = min(len(heading[1]) + 1, 6)
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
        elif re.match(r"[-*]\s", block):
            items = re.split(r"(?:^|\n)[-*]\s+", block)[1:]
            yield "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"
        else:
            yield f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    escaped = xhtml_escape(text)
    escaped = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped)
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", escaped)
