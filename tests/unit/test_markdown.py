"""Terms of service as a tree: what people write comes out as meant; whatever else is in it comes out harmless."""

from __future__ import annotations

import json
import re
import time
from math import isqrt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cave_setup.notebook.markdown import LONGEST_TEXT, as_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cave_setup.notebook.markdown import Node

NAMES = {"h4", "p", "ul", "ol", "li", "blockquote", "strong", "em", "a", "br", "hr", "code", "pre"}


INSIDE_LINES = {"strong", "em", "a", "br", "code"}


def texts(tree: list[Node]) -> str:
    """All that is read, blocks with a space between them."""
    has_blocks = any(isinstance(node, list) and node[0] not in INSIDE_LINES for node in tree)
    return (" " if has_blocks else "").join(node if isinstance(node, str) else texts(node[2:]) for node in tree)


def elements(tree: list[Node]) -> Iterator[list[object]]:
    waiting = list(tree)
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            yield node
            waiting += node[2:]


def assert_harmless(tree: list[Node]) -> None:
    for node in elements(tree):
        name, attributes, *children = node
        assert name in NAMES
        assert isinstance(attributes, dict)
        assert set(attributes) == ({"href"} if name == "a" else set())
        assert all(isinstance(child, str | list) for child in children)
        if name == "a":
            assert re.match(r"https://|http://|mailto:", attributes["href"])
            assert not re.search(r"[\s<>\"\x00-\x1f]", attributes["href"])
    assert json.loads(json.dumps(tree)) == tree


# ------------------------------------------------------------------------------------------- what people write


MEANT: dict[str, tuple[str, list[Node]]] = {
    "nothing": ("", []),
    "a line": ("I agree.", [["p", {}, "I agree."]]),
    "two paragraphs": ("I agree\nto it.\n\nAnd more.", [["p", {}, "I agree", " ", "to it."], ["p", {}, "And more."]]),
    "a hard line break": ("one  \ntwo", [["p", {}, "one", ["br", {}], "two"]]),
    "headings of any size": ("# One\n\n### Two ###", [["h4", {}, "One"], ["h4", {}, "Two"]]),
    "an underlined heading": ("Terms\n=====", [["h4", {}, "Terms"]]),
    "emphasis": (
        "I *do* **agree, _really_**",
        [["p", {}, "I ", ["em", {}, "do"], " ", ["strong", {}, "agree, ", ["em", {}, "really"]]]],
    ),
    "a list": ("- one\n- two", [["ul", {}, ["li", {}, ["p", {}, "one"]], ["li", {}, ["p", {}, "two"]]]]),
    "numbers": ("1. one\n2. two", [["ol", {}, ["li", {}, ["p", {}, "one"]], ["li", {}, ["p", {}, "two"]]]]),
    "a quotation": ("> cite us", [["blockquote", {}, ["p", {}, "cite us"]]]),
    "code": ("run `pip`", [["p", {}, "run ", ["code", {}, "pip"]]]),
    "a block of code": ("```python\na <b>\n```", [["pre", {}, "a <b>\n"]]),
    "an indented block": ("    a *b*", [["pre", {}, "a *b*\n"]]),
    "a rule": ("---", [["hr", {}]]),
    "a link": (
        '[cite](https://example.org/a?b=c "title") us',
        [["p", {}, ["a", {"href": "https://example.org/a?b=c"}, "cite"], " us"]],
    ),
    "a link of its own": (
        "<https://example.org>",
        [["p", {}, ["a", {"href": "https://example.org"}, "https://example.org"]]],
    ),
    "mail": ("<ada@example.org>", [["p", {}, ["a", {"href": "mailto:ada@example.org"}, "ada@example.org"]]]),
    "a reference": (
        "see [here][1]\n\n[1]: https://example.org",
        [["p", {}, "see ", ["a", {"href": "https://example.org"}, "here"]]],
    ),
    "bold in a link": (
        "[**x**](http://a.b)",
        [["p", {}, ["a", {"href": "http://a.b"}, ["strong", {}, "x"]]]],
    ),
    "entities": ("&copy; 2026 &lt;us&gt; &#65;", [["p", {}, "© 2026 <us> A"]]),
    "other scripts": ("Größe 測試 🧠", [["p", {}, "Größe 測試 🧠"]]),
}


@pytest.mark.parametrize(("text", "tree"), MEANT.values(), ids=MEANT)
def test_what_is_written_comes_out_as_it_is_meant(text: str, tree: list[Node]) -> None:
    found = as_tree(text)
    assert _joined(found) == _joined(tree)
    assert_harmless(found)


def _joined(tree: list[Node]) -> list[Node]:
    """Texts that follow each other as one, since nobody sees the seam."""
    joined: list[Node] = []
    for node in tree:
        if isinstance(node, list):
            joined.append([node[0], node[1], *_joined(node[2:])])
        elif joined and isinstance(joined[-1], str):
            joined[-1] += node
        else:
            joined.append(node)
    return joined


@pytest.mark.parametrize("letter", "\\`*_{}[]<>()#+-.!&|~")
def test_an_escaped_sign_is_just_that_sign(letter: str) -> None:
    assert texts(as_tree(f"a \\{letter}b\\{letter} c")) == f"a {letter}b{letter} c"


# ------------------------------------------------------------------------------------------------ what is no good

AS_WRITTEN = {
    "a script": "<script>alert(1)</script>",
    "an image in HTML": '<img src=x onerror="alert(1)">',
    "a frame": "<iframe src=https://evil.example></iframe>",
    "a comment": "<!-- hidden -->",
    "HTML around words": "I <b>agree</b>",
    "a style": "<style>* { display: none }</style>",
}


@pytest.mark.parametrize("text", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_html_is_read_and_not_obeyed(text: str) -> None:
    assert texts(as_tree(text)) == text
    assert texts(as_tree(f"Before\n\n{text}\n\nbehind")) == f"Before {text} behind"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "java%0ascript:alert(1)",
        "\x01javascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "//evil.example/x",
        "/lab/tree/x",
        "relative",
        "#fragment",
        "ftp://example.org",
        "vscode://x",
        "blob:https://example.org/x",
        "https:evil.example",
        "?token=1",
        "",
    ],
)
def test_a_link_that_leads_nowhere_good_is_only_its_words(address: str) -> None:
    for text in (f"[read on]({address})", f"[read on](<{address}>)", f"[read on][1]\n\n[1]: <{address}>"):
        tree = as_tree(text)
        assert [node[0] for node in elements(tree) if node[0] == "a"] == []
        assert "read on" in texts(tree)


def test_a_picture_is_not_loaded_and_its_words_are_there() -> None:
    tree = as_tree("![a map](https://evil.example/pixel.png)")
    assert {node[0] for node in elements(tree)} <= {"p", "a"}
    assert "a map" in texts(tree)


# ------------------------------------------------------------------------------------------------------- anything

MARKS = [
    "*",
    "**",
    "_",
    "`",
    "```",
    "~~~",
    "[",
    "]",
    "](",
    ")",
    "<",
    ">",
    "> ",
    "- ",
    "1. ",
    "# ",
    "\n",
    "\n\n",
    "  \n",
]
MARKS += [
    "    ",
    "\\",
    "&",
    "&amp;",
    "&#0;",
    "!",
    "![",
    "[a]: ",
    "https://x.y",
    "javascript:x",
    "|",
    "---",
    "===",
    "\t",
]
MARKS += [
    "<b>",
    "</b>",
    "<!--",
    "a",
    "word",
    " ",
    "\0",
    "\r",
    "\u2028",
    "é",
    "🧠",
    "'",
    '"',
    ":",
    "<https://x>",
    "<a@b.c>",
]


@given(st.text())
def test_any_text_comes_out_harmless(text: str) -> None:
    assert_harmless(as_tree(text))


@given(st.lists(st.sampled_from(MARKS), max_size=60).map("".join))
def test_any_heap_of_marks_comes_out_harmless(text: str) -> None:
    assert_harmless(as_tree(text))


WORD = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=10)


@given(st.lists(st.lists(WORD, min_size=1, max_size=8), max_size=8))
def test_no_word_is_lost(paragraphs: list[list[str]]) -> None:
    words = [" ".join(paragraph) for paragraph in paragraphs]
    for text in ("\n\n".join(words), "\n\n".join(f"- {line}" for line in words), "\n\n".join(f"> {w}" for w in words)):
        assert texts(as_tree(text)).split() == " ".join(words).split()


@given(WORD, WORD, WORD)
def test_no_word_is_lost_in_emphasis_links_and_headings(one: str, two: str, three: str) -> None:
    tree = as_tree(f"## {one}\n\n**{two}** [{three}](https://example.org) `{one}`\n\n1. *{two}*")
    assert texts(tree).split() == [one, two, three, one, two]


# ------------------------------------------------------------------------------------------------- what takes long

NASTY: dict[str, Callable[[int], str]] = {
    "quotations": lambda n: ">" * n,
    "quotations with spaces": lambda n: "> " * (n // 2),
    "brackets": lambda n: "[" * (n // 10),
    "all brackets": lambda n: "[" * n,
    "pairs of brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "links begun": lambda n: "[a](" * (n // 4),
    "links in links": lambda n: "[" * (n // 10) + "a" + "](https://x)" * (n // 20),
    "emphasis begun": lambda n: "*a" * (n // 2),
    "emphasis begun with spaces": lambda n: "*a " * (n // 3),
    "emphasis that overlaps": lambda n: "*_" * (n // 2),
    "emphasis inside words": lambda n: "a*b*" * (n // 4),
    "strong and not": lambda n: "***a** b* " * (n // 10),
    "ticks": lambda n: "`" * n,
    "ticks of all lengths": lambda n: "".join("`" * length + " " for length in range(isqrt(2 * n) - 7)),
    "pictures": lambda n: "![" * (n // 2),
    "lists": lambda n: "- " * (n // 2),
    "lists deeper and deeper": lambda n: "".join(" " * depth + "- a\n" for depth in range(isqrt(2 * n) - 7)),
    "HTML": lambda n: "<" * n,
    "comments": lambda n: "<!--" * (n // 4),
    "escapes": lambda n: "\\" * n,
    "entities": lambda n: "&#" * (n // 2),
    "references": lambda n: "[a]: <b>\n" * (n // 9),
    "lines": lambda n: "a\n" * (n // 2),
    "spaces": lambda n: " " * n,
    "tables": lambda n: "|a|\n|-|\n" * (n // 8),
    "nothing that shows": lambda n: "\0" * n,
}


def cost(text: str) -> float:
    began = time.thread_time()
    assert_harmless(as_tree(text))
    return time.thread_time() - began


@pytest.mark.parametrize("make", NASTY.values(), ids=NASTY)
def test_nasty_text_takes_no_time_to_speak_of(make: Callable[[int], str]) -> None:
    # However slow the computer is: what grows with the square of the length takes sixteen times as long.
    short, long = (LONGEST_TEXT // part for part in (16, 4))
    assert cost(make(long)) < 10 * max(cost(make(short)) for _ in range(2)) + 1.0


@pytest.mark.parametrize("depth", [20, 100])
def test_emphasis_in_emphasis_is_read(depth: int) -> None:
    assert texts(as_tree("**" * depth + "agree" + "**" * depth)) == "agree"


@pytest.mark.parametrize("depth", [400, 4_000])
def test_emphasis_without_end_is_no_crash(depth: int) -> None:
    assert as_tree("**" * depth + "agree" + "**" * depth) == []  # to be read on the server's page


def test_a_list_of_clauses_begins_with_its_own_number() -> None:
    assert as_tree("3. third\n4. fourth")[0][:2] == ["ol", {"start": 3}]
    assert as_tree("1. first")[0][:2] == ["ol", {}]


def test_what_is_too_long_is_cut_off_here_and_not_drawn() -> None:
    tree = as_tree("a " * LONGEST_TEXT)
    assert len(texts(tree)) <= LONGEST_TEXT
