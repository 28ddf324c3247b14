"""What people paste or drop, turned into candidates for a token. Pure text work; nothing is asked or stored here."""

from __future__ import annotations

import ast
import json
import re
from itertools import zip_longest
from typing import Any
from urllib.parse import unquote

from cave_setup import words
from cave_setup.errors import PasteError, SeveralTokens, forgetting
from cave_setup.models import TOKEN_FORM, Candidate, Token, host_named_in

LONGEST_TEXT = 1_000_000  # characters; a token page's download has 150

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_QUOTES = "\"'`´‘’‚‛“”„‟«»‹›"
# Stripped, not matched: a pattern for the end of a text takes minutes where a long run of blanks stands in its middle.
_WRAPPING = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _QUOTES
# Not part of a longer word or number: 40 hex characters are a Git commit, not a token with something behind it.
_TOKEN_IN_TEXT = re.compile(r"(?<![0-9A-Za-z_])[0-9a-fA-F]{32}(?![0-9A-Za-z_])")
_SERVER_IN_TEXT = re.compile(r"middle_auth_url[=:'\"\s]+(?:https?://)?([^\s&'\",}/]+(?::\d+)?)")

# Things that are pasted instead of a token, most telling first: (what it looks like, the sentence for it).
_INSTEAD: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\s*$"), words.PASTED_NOTHING),
    (re.compile(r"\bcop_[0-9A-Za-z]"), words.PASTED_CODE_OCEAN_TOKEN),
    (re.compile(r"ecc4casd1f70f254dwad452524bd0d0d8"), words.PASTED_DOCUMENTATION_TOKEN),
    (re.compile(r"(?:^|code=)4(?:/|%2F)0?[0-9A-Za-z_-]{8,}", re.IGNORECASE), words.PASTED_GOOGLE_CODE),
    (re.compile(r"\bya29\.[0-9A-Za-z_-]+|\bAIza[0-9A-Za-z_-]{10,}|\bGOCSPX-"), words.PASTED_GOOGLE_CODE),
    (re.compile(r"\b(?:gh[oprsu]|github_pat)_[0-9A-Za-z]"), words.PASTED_GITHUB_TOKEN),
    (re.compile(r"<!doctype|<html|<head|<body|<div|</\w+>", re.IGNORECASE), words.PASTED_HTML),
    (re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"), words.PASTED_EMAIL),
    (re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"), words.PASTED_UUID),
    (re.compile(r"^\*{3,}$|^[•·●]{3,}|····"), words.PASTED_MASK),
)
# What the token page's download, a token file and an entry of the list of keys have; other JSON is something else's.
_OF_A_DOWNLOAD = {"token", "description", "middle_auth_url", "id", "user_id", "created", "updated", "last_used"}
_NEARLY = re.compile(r"[0-9a-zA-Z]{24,64}|[0-9a-fA-F\s]{24,80}")


@forgetting
def find_token(text: str) -> Candidate:
    """Find the one token in anything a person pasted or dropped.

    Parameters
    ----------
    text : str
        A bare token, with quotes or spaces; ``Bearer …``; ``save_token(token="…")``; the token page's download; the
        list of ``/user/token``; an address with ``token=``; and so on.

    Returns
    -------
    Candidate
        The token in its exact form, with what was cleaned off and what the text says about it.

    Raises
    ------
    SeveralTokens
        If the text holds several; its candidates are in the order of the text.
    PasteError
        If it holds none; the sentence says what it looks like instead, where that can be told.

    """
    found = find_candidates(text)
    if not found:
        raise PasteError(_what_instead(text), words.WHAT_A_TOKEN_LOOKS_LIKE)
    if len(found) > 1:
        raise SeveralTokens(found, words.several_tokens(len(found)), words.SEVERAL_TOKENS_REMEDY)
    return found[0]


def find_candidates(text: str) -> tuple[Candidate, ...]:
    """Find every token in a text, each once, in order; an empty tuple where there is none."""
    text = text[:LONGEST_TEXT]
    bare, cleaned = _unwrap(text)
    found = _from_data(_as_data(_INVISIBLE.sub("", text).strip()), cleaned)
    if not found and (token := _bare_token(bare)):
        found = [Candidate(token, cleaned=tuple(cleaned + _case_note(bare)))]
    if not found:
        found = _from_text(bare, cleaned)
    first: dict[Token, Candidate] = {}
    for candidate in found:
        first.setdefault(candidate.token, candidate)
    return tuple(first.values())


def find_in_secret(text: str) -> Candidate:
    """Find the token in the value of a secret, which may as well be a secret of something else.

    Stricter than `find_token`: a token may be wrapped in quotes or blanks, or be the token page's download, but nothing
    is picked out of a longer text, since that would be a piece of somebody else's secret.

    Raises
    ------
    PasteError
        If the value is not a token; the sentence says what it looks like instead, where that can be told.

    """
    bare, cleaned = _unwrap(text[:LONGEST_TEXT])
    if TOKEN_FORM.fullmatch(bare.lower()):
        token = Token(bare.lower())
        is_exact = text == token.reveal()
        notes = cleaned + _case_note(bare)
        return Candidate(token, cleaned=() if is_exact else tuple(dict.fromkeys(notes)) or (words.CLEANED_AROUND,))
    data = _as_data(_INVISIBLE.sub("", text[:LONGEST_TEXT]).strip())
    is_download = isinstance(data, dict) and isinstance(data.get("token"), str) and set(data) <= _OF_A_DOWNLOAD
    found = _from_entry(data, cleaned) if is_download else []
    if not found:
        raise PasteError(_what_instead(text, odd_ones=words.OTHER_CHARACTERS), words.WHAT_A_TOKEN_LOOKS_LIKE)
    return found[0]


def _unwrap(text: str) -> tuple[str, list[str]]:
    """Take off what is around and between, and say what it was."""
    cleaned = []
    visible = _INVISIBLE.sub("", text)
    if visible != text:
        cleaned.append(words.CLEANED_INVISIBLE)
    bare = visible.lstrip(_WRAPPING).rstrip(_WRAPPING + ",;")
    around = visible.replace(bare, "", 1)
    if any(mark in around for mark in _QUOTES):
        cleaned.append(words.CLEANED_QUOTES)
    if re.search(r"\s", around):
        cleaned.append(words.CLEANED_SPACES)
    return bare, cleaned


def _bare_token(bare: str) -> Token | None:
    """Take the text for a token if nothing but blanks stands between its characters (a line that was wrapped)."""
    joined = re.sub(r"\s+", "", bare).lower()
    return Token(joined) if TOKEN_FORM.fullmatch(joined) else None


def _case_note(text: str) -> list[str]:
    notes = [words.CLEANED_CASE] if text != text.lower() else []
    return notes + ([words.CLEANED_SPACES] if re.search(r"\s", text) else [])


def _as_data(text: str) -> Any:  # noqa: ANN401 - it is whatever was pasted
    """Read JSON, or the Python data that ``client.auth.get_tokens()`` prints; None if it is neither."""
    if not text.startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _from_data(data: Any, cleaned: list[str]) -> list[Candidate]:  # noqa: ANN401 - it is whatever was pasted
    """Find tokens in the forms of data that CAVE's own pages and files have: flat ones."""
    if isinstance(data, list):
        return [candidate for entry in data if not isinstance(entry, list) for candidate in _from_data(entry, cleaned)]
    if isinstance(data, str):
        token = _bare_token(data)
        return [Candidate(token, cleaned=(words.CLEANED_QUOTES, *_case_note(data)))] if token else []
    if not isinstance(data, dict):
        return []
    if isinstance(data.get("token"), str):
        return _from_entry(data, cleaned)
    # Some labs keep several deployments' tokens in one file, each under a key of its own.
    named = ((str(key), _bare_token(value)) for key, value in data.items() if isinstance(value, str))
    return [Candidate(token, description=key, cleaned=(words.CLEANED_DATA,)) for key, token in named if token]


def _from_entry(entry: dict[str, Any], cleaned: list[str]) -> list[Candidate]:
    bare, notes = _unwrap(entry["token"])
    token = _bare_token(bare)
    if token is None:
        return []
    description = entry.get("description")
    return [
        Candidate(
            token,
            # The token page writes the word None where a key has no description (WIRE section 9).
            description="" if description in (None, "None") else str(description)[:120],
            created=str(entry.get("created") or "")[:40],
            server=host_named_in(str(entry.get("middle_auth_url") or "")),
            cleaned=tuple(dict.fromkeys([words.CLEANED_DATA, *cleaned, *notes, *_case_note(bare)])),
        )
    ]


def _from_text(bare: str, cleaned: list[str]) -> list[Candidate]:
    """Find tokens that stand somewhere in a sentence, a line of code, a header or an address."""
    text = unquote(bare)
    named = {host_named_in(server) for server in _SERVER_IN_TEXT.findall(text)}
    the_only_one = named.pop() if len(named) == 1 else ""
    tokens = list(_TOKEN_IN_TEXT.finditer(text))
    found = []
    for match, following in zip_longest(tokens, tokens[1:]):
        # Of several servers, a token's own is named behind it, as in two downloads pasted one after the other.
        own = _SERVER_IN_TEXT.search(text, match.end(), following.start() if following else len(text))
        server = host_named_in(own.group(1)) if own else the_only_one
        notes = [*cleaned, words.CLEANED_AROUND]
        if match.group() != match.group().lower():
            notes.append(words.CLEANED_CASE)
        found.append(Candidate(Token(match.group().lower()), server=server, cleaned=tuple(notes)))
    return found


def _what_instead(text: str, odd_ones: str = "") -> str:
    """Say what the text looks like; with ``odd_ones`` no character of it is repeated."""
    bare, _ = _unwrap(text[:LONGEST_TEXT])
    for pattern, sentence in _INSTEAD:
        if pattern.search(bare):
            return sentence
    if _NEARLY.fullmatch(bare):
        joined = re.sub(r"\s+", "", bare)
        odd = sorted(set(joined.lower()) - set("0123456789abcdef"))
        return words.pasted_nearly_a_token(len(joined), [odd_ones] if odd and odd_ones else odd)
    return words.PASTED_SOMETHING_ELSE
