"""What people really paste: what is found in it, and what is said where there is nothing to find."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cave_setup import words
from cave_setup.errors import PasteError, SeveralTokens
from cave_setup.models import TOKEN_FORM, Token
from cave_setup.paste import LONGEST_TEXT, find_candidates, find_token

if TYPE_CHECKING:
    from collections.abc import Callable

T = "0123456789abcdef0123456789abd0d8"
U = "fedcba9876543210fedcba9876543210"
HOST = "global.daf-apis.com"
KEYS = [
    {
        "id": 12,
        "token": T,
        "description": "laptop",
        "created": "Sun, 22 Nov 2026 07:14:56 GMT",
        "updated": "Sun, 22 Nov 2026 07:14:56 GMT",
        "last_used": None,
        "user_id": 7,
    },
    {
        "id": 9,
        "token": U,
        "description": None,
        "created": "Mon, 01 Jun 2026 10:00:00 GMT",
        "updated": "Mon, 01 Jun 2026 10:00:00 GMT",
        "last_used": None,
        "user_id": 7,
    },
]
DOWNLOAD = json.dumps({"token": T, "description": "my laptop", "middle_auth_url": f"{HOST}/auth"}, indent=4)

# ---------------------------------------------------------------------------------------------------- found

WRAPPED = {
    "bare": T,
    "spaces around": f"   {T}  ",
    "no-break spaces around": f"\u00a0{T}\u202f",
    "line breaks around": f"\r\n{T}\r\n",
    "a line break inside": f"{T[:20]}\n{T[20:]}",
    "an indented line break inside": f"{T[:20]}\r\n    {T[20:]}",
    "grouped in fours": " ".join(T[i : i + 4] for i in range(0, 32, 4)),
    "zero-width spaces": f"\u200b{T[:5]}\u200b{T[5:]}\u200b",
    "zero-width joiners": "\u200d".join(T),
    "word joiner": f"{T}\u2060",
    "soft hyphens": f"{T[:16]}\u00ad{T[16:]}",
    "byte order mark": f"\ufeff{T}",
    "right-to-left mark": f"\u200f{T}\u200f",
    "right-to-left embedding": f"\u202b{T}\u202c",
    "right-to-left isolate": f"\u2067{T}\u2069",
    "Arabic letter mark": f"\u061c{T}",
    "double quotes": f'"{T}"',
    "single quotes": f"'{T}'",
    "backticks": f"```{T}```",
    "typographic quotes": f"“{T}”",
    "low quotes": f"„{T}“",
    "single typographic quotes": f"‘{T}’",
    "guillemets": f"« {T} »",
    "quotes and a comma": f'"{T}",',
    "a semicolon": f"{T};",
    "upper case": T.upper(),
    "upper case in quotes": f"'{T.upper()}'",
    "Bearer": f"Bearer {T}",
    "bearer in lower case": f"bearer {T}",
    "a header": f"Authorization: Bearer {T}",
    "a curl line": f"curl -H 'Authorization: Bearer {T}' https://{HOST}/auth/api/v1/user/cache",
    "token=": f"token={T}",
    "token = in quotes": f'token = "{T}"',
    "token:": f"token: {T}",
    "a YAML line": f"- token: '{T}'",
    "export": f'export CAVE_TOKEN="{T}"',
    "a line of Python": f'client.auth.save_token(token="{T}", overwrite=True)',
    "several lines of Python": f"from caveclient import CAVEclient\nclient = CAVEclient()\n"
    f"client.auth.save_token(\n    token='{T}',\n    overwrite=True,\n)",
    "a sentence": f"Hi, your token is {T}. Keep it safe!",
    "the token page's line": f"laptop\ntoken: {T}\ncreated: Sun, 22 Nov 2026",
    "the same token twice": f"{T}\n{T}",
    "the token page's download": DOWNLOAD,
    "the download after a byte order mark": f"\ufeff{DOWNLOAD}",
    "the download in Windows line ends": DOWNLOAD.replace("\n", "\r\n"),
    "the download without its last brace": DOWNLOAD.removesuffix("}"),
    "the download's middle line": DOWNLOAD.splitlines()[1],
    "a secret file": json.dumps({"token": T}),
    "a secret file with other keys": json.dumps({"note": "mine", "token": T, "id": 3}),
    "a JSON string": json.dumps(T) + "\n",
    "a JSON list of one key": json.dumps(KEYS[:1]),
    "a Python list of one key": repr(KEYS[:1]),
    "a JSON list of texts": json.dumps([T]),
    "an address with token=": f"https://localhost:8888/?token={T}",
    "an address with middle_auth_token=": f"https://example.org/?middle_auth_token={T}&token={T}&x=1",
    "a percent-encoded address": quote(f"https://example.org/?middle_auth_token={T}", safe=""),
    "HTML": f'<td class="token"><code>{T}</code></td>',
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED)
def test_the_token_is_found_in(text: str) -> None:
    assert find_token(text).token == Token(T)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        pytest.param(f" {T}\n", words.CLEANED_SPACES, id="spaces"),
        pytest.param(f"{T[:9]} {T[9:]}", words.CLEANED_SPACES, id="spaces inside"),
        pytest.param(f"“{T}”", words.CLEANED_QUOTES, id="quotes"),
        pytest.param(f'"{T}"', words.CLEANED_QUOTES, id="JSON quotes"),
        pytest.param(f"{T}\u200b", words.CLEANED_INVISIBLE, id="invisible"),
        pytest.param(T.upper(), words.CLEANED_CASE, id="case"),
        pytest.param(f'"{T.upper()}"', words.CLEANED_CASE, id="case in JSON quotes"),
        pytest.param(json.dumps({"token": T.upper()}), words.CLEANED_CASE, id="case in a file"),
        pytest.param(f"Bearer {T.upper()}", words.CLEANED_CASE, id="case in a header"),
        pytest.param(f"Bearer {T}", words.CLEANED_AROUND, id="text around"),
        pytest.param(DOWNLOAD, words.CLEANED_DATA, id="a file"),
    ],
)
def test_it_is_said_what_was_cleaned_off(text: str, note: str) -> None:
    assert note in find_token(text).cleaned


def test_a_clean_token_needs_no_remark() -> None:
    assert find_token(T).cleaned == ()


def test_the_download_says_what_it_is_called_and_whose_it_is() -> None:
    candidate = find_token(DOWNLOAD)
    assert (candidate.description, candidate.server) == ("my laptop", HOST)


def test_the_word_none_is_no_description() -> None:
    assert find_token(json.dumps({"token": T, "description": "None"})).description == ""


@pytest.mark.parametrize("odd", [[], {}, 5, 1.5, True, [None]], ids=repr)
@pytest.mark.parametrize("entry", ["description", "created", "middle_auth_url"])
def test_odd_values_beside_the_token_do_no_harm(entry: str, odd: object) -> None:
    assert find_token(json.dumps({"token": T, entry: odd})).token == Token(T)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        pytest.param(f"https://x.org/?token={T}&middle_auth_url={HOST}/auth", HOST, id="behind"),
        pytest.param(f"https://x.org/?middle_auth_url={HOST}/auth&token={T}", HOST, id="before"),
        pytest.param(
            quote(f"https://x.org/?token={T}&middle_auth_url=https://{HOST}/auth"), HOST, id="percent-encoded"
        ),
        pytest.param(f"https://x.org/?token={T}&middle_auth_url=localhost:5000/auth", "localhost:5000", id="port"),
        pytest.param(json.dumps({"token": T, "middle_auth_url": f"https://{HOST}/auth"}), HOST, id="scheme"),
        pytest.param(json.dumps({"token": T, "middle_auth_url": HOST.upper()}), HOST, id="upper case"),
        pytest.param(repr({"token": T, "middle_auth_url": f"{HOST}/auth"}), HOST, id="Python"),
        pytest.param(DOWNLOAD.removesuffix("}"), HOST, id="a broken download"),
        pytest.param(f"https://{HOST}/?token={T}", "", id="an address names where it leads, not whose token it is"),
    ],
)
def test_the_server_that_the_text_names_is_kept(text: str, server: str) -> None:
    assert find_token(text).server == server


def test_two_downloads_pasted_together_keep_each_its_own_server() -> None:
    second = json.dumps({"token": U, "description": "v1dd", "middle_auth_url": "global.em.brain.allentech.org/auth"})
    found = {candidate.token: candidate.server for candidate in find_candidates(f"{DOWNLOAD}\n{second}")}
    assert found == {Token(T): HOST, Token(U): "global.em.brain.allentech.org"}


# -------------------------------------------------------------------------------------------------- several


@pytest.mark.parametrize(
    "text", [json.dumps(KEYS), repr(KEYS), json.dumps(KEYS, indent=2)], ids=["JSON", "repr", "pretty"]
)
def test_several_keys_are_a_question_with_descriptions_and_dates(text: str) -> None:
    with pytest.raises(SeveralTokens) as caught:
        find_token(text)
    first, second = caught.value.candidates
    assert (first.token, first.description) == (Token(T), "laptop")
    assert (second.token, second.description) == (Token(U), "")
    assert [candidate.created for candidate in caught.value.candidates] == [key["created"] for key in KEYS]


def test_candidates_show_themselves_masked() -> None:
    with pytest.raises(SeveralTokens) as caught:
        find_token(json.dumps(KEYS))
    shown = f"{caught.value} {caught.value!r} {caught.value.candidates!r}"
    assert T not in shown
    assert U not in shown
    assert "····d0d8" in shown


def test_a_file_of_several_labs_names_each_token_by_its_key() -> None:
    text = json.dumps({"fanc_production_mar2021": T, "flywire_fafb_production": U, "comment": "ours"})
    assert [candidate.description for candidate in find_candidates(text)] == [
        "fanc_production_mar2021",
        "flywire_fafb_production",
    ]


def test_in_a_file_with_the_key_token_that_one_is_meant() -> None:
    assert find_token(json.dumps({"fanc_production_mar2021": U, "token": T})).token == Token(T)


def test_several_lines_are_several_tokens_in_their_order() -> None:
    assert [candidate.token for candidate in find_candidates(f"{U}\n{T}\n{U}")] == [Token(U), Token(T)]


# ------------------------------------------------------------------------------------------------- not found

INSTEAD = {
    "nothing": ("", words.PASTED_NOTHING),
    "blanks": (" \n\t\u200b", words.PASTED_NOTHING),
    "empty quotes": ("''", words.PASTED_NOTHING),
    "Code Ocean's token": ("cop_1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d", words.PASTED_CODE_OCEAN_TOKEN),
    "Code Ocean's token of the length of ours": (f"cop_{T}", words.PASTED_CODE_OCEAN_TOKEN),
    "Code Ocean's token in a file": (json.dumps({"token": f"cop_{T}"}), words.PASTED_CODE_OCEAN_TOKEN),
    "the documentation's token": ("ecc4casd1f70f254dwad452524bd0d0d8", words.PASTED_DOCUMENTATION_TOKEN),
    "the documentation's line": (
        'client.auth.save_token(token="ecc4casd1f70f254dwad452524bd0d0d8")',
        words.PASTED_DOCUMENTATION_TOKEN,
    ),
    "Google's code": ("4/0AX4XfWh9dQk2bT3hFzR8mN", words.PASTED_GOOGLE_CODE),
    "Google's code in an address": (
        "https://x.org/?code=4%2F0AX4XfWh9dQk2bT3hFzR8mN&scope=x",
        words.PASTED_GOOGLE_CODE,
    ),
    "Google's access token": ("ya29.a0AfH6SMBx-longer_than_this", words.PASTED_GOOGLE_CODE),
    "Google's API key": ("AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", words.PASTED_GOOGLE_CODE),
    "GitHub's token": (f"ghp_{'a1B2' * 9}", words.PASTED_GITHUB_TOKEN),
    "GitHub's token of the length of ours": (f"ghp_{T}", words.PASTED_GITHUB_TOKEN),
    "GitHub's user token": (f"ghu_{'a1B2' * 9}", words.PASTED_GITHUB_TOKEN),
    "GitHub's fine-grained token": ("github_pat_11ABCDEFG0abcdefg", words.PASTED_GITHUB_TOKEN),
    "a web page": ("<!DOCTYPE html><html><head><title>Sign in</title>", words.PASTED_HTML),
    "a piece of a web page": ("<td>laptop</td>", words.PASTED_HTML),
    "an e-mail address": (" ada@example.org ", words.PASTED_EMAIL),
    "a UUID": ("123e4567-e89b-12d3-a456-426614174000", words.PASTED_UUID),
    "our own mask": ("····d0d8", words.PASTED_MASK),
    "stars": ("********************************", words.PASTED_MASK),
    "bullets": ("••••••••••••", words.PASTED_MASK),
    "40 hex characters": ("0123456789abcdef0123456789abcdef01234567", words.pasted_nearly_a_token(40, [])),
    "64 hex characters": (T + T, words.pasted_nearly_a_token(64, [])),
    "31 characters": (T[1:], words.pasted_nearly_a_token(31, [])),
    "33 characters": (f"{T}a", words.pasted_nearly_a_token(33, [])),
    "a letter that no token has": (f"{T[:-1]}g", words.pasted_nearly_a_token(32, ["g"])),
    "an O for a 0": (T.replace("0", "O"), words.pasted_nearly_a_token(32, ["o"])),
    "31 characters on two lines": (f"{T[1:9]}\n{T[9:]}", words.pasted_nearly_a_token(31, [])),
    "a sentence": ("please send me my token again", words.PASTED_SOMETHING_ELSE),
    "a word": ("hello", words.PASTED_SOMETHING_ELSE),
    "an address": (f"https://{HOST}/sticky_auth/settings/tokens", words.PASTED_SOMETHING_ELSE),
    "an empty list": ("[]", words.PASTED_SOMETHING_ELSE),
    "an empty object": ("{}", words.PASTED_SOMETHING_ELSE),
    "the server's refusal": (
        '{"error":"invalid_token","message":"Unauthorized - Token is Invalid or Expired"}',
        words.PASTED_SOMETHING_ELSE,
    ),
    "a commit in a sentence": (f"commit {T}01234567 of today", words.PASTED_SOMETHING_ELSE),
    "a hash behind a prefix": (f"sha_{T}", words.PASTED_SOMETHING_ELSE),
    "a number in hexadecimal": (f"0x{T}", words.pasted_nearly_a_token(34, ["x"])),
}


@pytest.mark.parametrize(("text", "sentence"), INSTEAD.values(), ids=INSTEAD)
def test_it_is_said_what_was_pasted_instead(text: str, sentence: str) -> None:
    with pytest.raises(PasteError) as caught:
        find_token(text)
    assert not isinstance(caught.value, SeveralTokens)
    assert caught.value.sentence == sentence
    assert caught.value.remedy == words.WHAT_A_TOKEN_LOOKS_LIKE


@pytest.mark.parametrize("text", [f"ghp_{T}", f"cop_{T}", T + T, f"{T}a", "secret@example.org"])
def test_what_was_pasted_is_not_repeated_in_the_error(text: str) -> None:
    with pytest.raises(PasteError) as caught:
        find_token(text)
    assert text not in str(caught.value)
    assert T not in str(caught.value)


# ------------------------------------------------------------------------------------------------ properties

TOKENS = st.text("0123456789abcdef", min_size=32, max_size=32)
BLANK = st.text(" \t\r\n\u00a0\u2003\u200b\u200e\u200f\u2060\ufeff\"'`“”‘’«»", max_size=8)
BEFORE = st.sampled_from(
    ["", "Bearer ", "token=", "token: ", 'save_token(token="', "https://x.org/?a=1&token=", "<b>", "é "]
)
BEHIND = st.sampled_from(["", '", overwrite=True)', "&x=1", "</b>", ".", ", and so on", " é"])


@given(TOKENS, BLANK, BLANK, BEFORE, BEHIND, st.sampled_from([str.lower, str.upper]))
def test_any_token_is_found_in_any_usual_wrapping(
    token: str, left: str, right: str, before: str, behind: str, case: Callable[[str], str]
) -> None:
    assert find_token(f"{left}{before}{case(token)}{behind}{right}").token == Token(token)


@given(TOKENS, st.lists(st.integers(1, 31), max_size=4), st.sampled_from(["\n", "\r\n  ", " ", "\u200b", "\u00ad"]))
def test_any_token_is_found_wherever_its_line_was_broken(token: str, places: list[int], gap: str) -> None:
    broken = "".join(f"{gap if index in places else ''}{character}" for index, character in enumerate(token))
    assert find_token(broken).token == Token(token)


@given(st.lists(TOKENS, min_size=2, max_size=5, unique=True), st.sampled_from([repr, json.dumps]))
def test_any_list_of_keys_gives_its_tokens_in_order(tokens: list[str], written: Callable[[object], str]) -> None:
    found = find_candidates(written([{"token": token, "description": None} for token in tokens]))
    assert [candidate.token.reveal() for candidate in found] == tokens


SCRAPS = st.sampled_from(
    [
        T,
        T.upper(),
        T[:-1],
        f"{T}0",
        "[",
        "]",
        "{",
        "}",
        '"token"',
        ":",
        ",",
        "'",
        '"',
        "\\",
        "\\d",
        "%",
        "%3D",
        "None",
        "-",
        "\x00",
        "middle_auth_url",
        "=",
        "@",
        ".",
        "�",
        "1e999",
        "(",
        ")",
        "#",
        "\n",
        " ",
        "<",
        "</",
        "cop_",
        "b'",
    ]
)


@given(st.one_of(st.text(), st.lists(SCRAPS, max_size=30).map("".join)))
@example('["\\d"]')
@example('{"token": "' + T + '", "description": {}}')
@example("{[]: 1}")
@settings(max_examples=200)
def test_no_text_breaks_it_and_what_it_takes_is_a_token(text: str) -> None:
    for candidate in find_candidates(text):
        assert TOKEN_FORM.fullmatch(candidate.token.reveal())
        assert candidate.token.reveal()[-4:] in "".join(text.lower().split())


@given(st.text("0123456789abcdef", max_size=80).filter(lambda text: len(text) != 32))
def test_hexadecimal_of_any_other_length_is_no_token(text: str) -> None:
    assert find_candidates(text) == ()


@pytest.mark.parametrize("depth", [10, 600, 900, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"token":', "}]"), ("(", ")")])
def test_deep_nesting_is_no_token_and_no_crash(opening: str, closing: str, depth: int) -> None:
    with pytest.raises(PasteError):
        find_token(opening * depth + "1" + closing * depth)


MANY = LONGEST_TEXT // 5
LONG = {
    "blanks in the middle": f"a{' ' * LONGEST_TEXT}a",
    "line breaks": "\n" * LONGEST_TEXT,
    "braces": "{" * LONGEST_TEXT,
    "quotes": "'" * MANY,
    "dots behind an at sign": f"a@{'.' * MANY}@",
    "names behind an at sign": f"a@{'b.' * MANY}@",
    "slashes": "</" * MANY,
    "percent signs": "%" * MANY,
    "equals signs behind a server's name": f"middle_auth_url{'=' * MANY}",
    "hexadecimal words": f"{T}0 " * (MANY // 34),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_texts_take_no_time_to_speak_of(text: str) -> None:
    began = time.thread_time()
    with pytest.raises(PasteError):
        find_token(text)
    assert time.thread_time() - began < 60


def test_a_token_at_the_end_of_a_long_text_is_found() -> None:
    assert find_token(f"{'word ' * 100_000}{T}").token == Token(T)
