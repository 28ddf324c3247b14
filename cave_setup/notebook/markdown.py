"""Markdown of a server as a plain tree of harmless elements. Gives data, never HTML: the browser makes the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

LONGEST_TEXT = 100_000  # characters; longer terms are read on the server's own page

Node = str | list[Any]  # a text, or [element, attributes, child, …]

# Everything that can come out. What is not in here (HTML, pictures) comes as the text that it is written with.
_ELEMENTS = {
    "paragraph": "p",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "blockquote": "blockquote",
    "strong": "strong",
    "em": "em",
    "link": "a",
}
_EMPTY = {"hr": "hr", "hardbreak": "br"}
_LITERAL = {"code_inline": "code", "code_block": "pre", "fence": "pre"}
_LINKS = ("https://", "http://", "mailto:")


def as_tree(text: str) -> list[Node]:
    """Read Markdown.

    Parameters
    ----------
    text : str
        As the server sent it; untrusted.

    Returns
    -------
    list
        Texts and elements, each element as ``[name, attributes, child, …]``; only harmless names, and links with
        addresses of the web or of mail. Empty for a text so nested that nobody wrote it to be read.

    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - loaded only where there are terms to read
    from markdown_it.tree import SyntaxTreeNode  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False}).disable("image")
    try:
        return _children(SyntaxTreeNode(parser.parse(text[:LONGEST_TEXT])))
    except RecursionError:
        return []


def _children(node: SyntaxTreeNode) -> list[Node]:
    return [drawn for child in node.children for drawn in _drawn(child)]


def _drawn(node: SyntaxTreeNode) -> list[Node]:
    if node.type == "inline":
        return _children(node)
    if node.type == "heading":
        # Below the headings of the wizard's own steps.
        return [["h4", {}, *_children(node)]]
    if node.type in _LITERAL:
        return [[_LITERAL[node.type], {}, node.content]]
    if node.type in _EMPTY:
        return [[_EMPTY[node.type], {}]]
    if node.type == "softbreak":
        return [" "]
    if node.type == "link" and not str(node.attrs.get("href", "")).startswith(_LINKS):
        return _children(node)
    if node.type in _ELEMENTS:
        # Terms are quoted by the numbers of their clauses, so a list that goes on at 3 begins at 3.
        attributes = {name: node.attrs[name] for name in ("href", "start") if name in node.attrs}
        return [[_ELEMENTS[node.type], attributes, *_children(node)]]
    return [node.content] if node.content else _children(node)
