"""The nouns keep their promises: a token hides itself, an address is checked once, a status is plain data."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.facts import ADA, MICRONS, OTHER, SAVED, TOKEN, facts, nothing_yet, pasted

from cave_setup import words
from cave_setup.errors import AddressError, ServerTimeout, SetupError
from cave_setup.models import (
    ApiKey,
    Candidate,
    Credential,
    ServerAddress,
    Terms,
    TermsOpen,
    Token,
    TokenRefused,
    deployment_of,
)
from cave_setup.plan import plan

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = TOKEN.reveal()
CREDENTIAL = Credential(TOKEN, "memory", "pasted")

# ---------------------------------------------------------------------------------------------------- Token

SHOWN: dict[str, Callable[[], str]] = {
    "str": lambda: str(TOKEN),
    "repr": lambda: repr(TOKEN),
    "ascii": lambda: ascii(TOKEN),
    "f-string": lambda: f"{TOKEN}",
    "f-string with !r": lambda: f"{TOKEN!r}",
    "f-string with =": lambda: f"{TOKEN=}",
    "f-string with a width": lambda: f"{TOKEN:>60}",
    "format": lambda: "{} {:s}".format(TOKEN, TOKEN),  # noqa: UP032 - the very thing
    "percent": lambda: "%s %r" % (TOKEN, TOKEN),  # noqa: UP031 - the very thing
    "list": lambda: str([TOKEN]),
    "dictionary": lambda: str({TOKEN: TOKEN}),
    "candidate": lambda: repr(Candidate(TOKEN)),
    "credential": lambda: f"{CREDENTIAL} {CREDENTIAL!r}",
    "vars of a credential": lambda: str(vars(CREDENTIAL)),
    "API key": lambda: repr(ApiKey(1, TOKEN, "laptop", "", "")),
    "token files": lambda: repr(SAVED),
    "facts": lambda: repr(facts()),
    "status as data": lambda: str(plan(facts()).as_dict()),
    "exception": lambda: f"{ValueError(TOKEN)} {ValueError(TOKEN)!r} {SetupError(str(TOKEN))}",
    "JSON with a way out": lambda: json.dumps({"token": TOKEN}, default=str),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_token_shows_its_last_four_letters_at_most(show: Callable[[], str]) -> None:
    shown = show()
    assert "d0d8" in shown
    for start in range(32 - 5):
        assert SECRET[start : start + 6] not in shown


def test_a_status_as_a_cells_last_line_says_how_the_steps_stand_and_nothing_of_the_person() -> None:
    shown = repr(plan(facts()))
    assert shown.startswith("Status(ready=True, environment='done'")
    assert not [said for said in ("Ada", "example.org", "d0d8", "~") if said in shown]


def test_a_token_is_masked_in_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%s %r %s", TOKEN, TOKEN, CREDENTIAL)
    assert "····d0d8" in caplog.text
    assert SECRET not in caplog.text


def test_a_token_is_masked_in_tracebacks_that_show_local_values() -> None:
    def fail(token: Token) -> None:
        raise RuntimeError(f"with {token}")

    with pytest.raises(RuntimeError) as caught:
        fail(TOKEN)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "····d0d8" in shown
    assert SECRET not in shown


CARRIED: dict[str, Callable[[Any], object]] = {
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "vars": vars,
    "JSON": json.dumps,
}


@pytest.mark.parametrize("carry", CARRIED.values(), ids=CARRIED)
def test_a_token_is_not_carried_away(carry: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as caught:
        carry(TOKEN)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("carry", [pickle.dumps, copy.deepcopy, dataclasses.asdict], ids=lambda carry: carry.__name__)
def test_nor_is_anything_that_holds_one(carry: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        carry(CREDENTIAL)


def test_equal_tokens_are_equal_and_one_key() -> None:
    assert Token(SECRET) == TOKEN
    assert Token(SECRET) != OTHER
    assert TOKEN != SECRET
    assert {TOKEN: 1, Token(SECRET): 2} == {TOKEN: 2}


@pytest.mark.parametrize(
    "text",
    [
        "",
        SECRET[:-1],
        SECRET + "0",
        SECRET.upper(),
        f" {SECRET}",
        f"{SECRET}\n",
        f"\ufeff{SECRET}",
        SECRET[:-1] + "g",
        "٠" * 32,
        "ａ" * 32,
    ],
    ids=repr,
)
def test_only_exactly_a_token_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="32 characters") as caught:
        Token(text)
    assert SECRET[:-1] not in str(caught.value)


# -------------------------------------------------------------------------------------------- ServerAddress

ACCEPTED = {
    "https://global.daf-apis.com": "https://global.daf-apis.com",
    "global.daf-apis.com": "https://global.daf-apis.com",
    "  global.daf-apis.com\n": "https://global.daf-apis.com",
    "HTTPS://Global.DAF-APIs.com": "https://global.daf-apis.com",
    "https://global.daf-apis.com/": "https://global.daf-apis.com",
    "https://global.daf-apis.com/auth/api/v1?x=1#top": "https://global.daf-apis.com",
    "global.daf-apis.com/sticky_auth/settings/tokens": "https://global.daf-apis.com",
    "'global.daf-apis.com'": "https://global.daf-apis.com",
    '"https://global.daf-apis.com"': "https://global.daf-apis.com",
    "<https://global.daf-apis.com>": "https://global.daf-apis.com",
    "https://global.daf-apis.com:443": "https://global.daf-apis.com",
    "global.daf-apis.com:443": "https://global.daf-apis.com",
    "https://global.daf-apis.com:8443": "https://global.daf-apis.com:8443",
    "global.daf-apis.com:8443": "https://global.daf-apis.com:8443",
    "10.0.0.7": "https://10.0.0.7",
    "localhost:5000": "http://localhost:5000",
    "http://localhost:5000": "http://localhost:5000",
    "https://localhost:5000": "https://localhost:5000",
    "http://LocalHost:80/": "http://localhost",
    "localhost:80": "http://localhost",
    "http://127.0.0.1:5000": "http://127.0.0.1:5000",
    "http://[::1]:5000": "http://[::1]:5000",
    "[::1]:5000": "http://[::1]:5000",
    "http://[::1]": "http://[::1]",
}


@pytest.mark.parametrize(("typed", "url"), ACCEPTED.items())
def test_usual_forms_of_an_address_are_one_address(typed: str, url: str) -> None:
    address = ServerAddress(typed)
    assert address.url == str(address) == url
    assert address == ServerAddress(url)
    assert hash(address) == hash(ServerAddress(url))


EMPTY, USER, MALFORMED = words.address_empty()[0], words.address_with_user()[0], "is not a server address"
DATASTACK, NOT_HTTPS = "looks like the name of a datastack", "would send the token unencrypted"
REJECTED = {
    "": EMPTY,
    "  ": EMPTY,
    "''": EMPTY,
    "https://": MALFORMED,
    "//": MALFORMED,
    "not an address": MALFORMED,
    "ftp://global.daf-apis.com": MALFORMED,
    "file:///etc/passwd": MALFORMED,
    "javascript://global.daf-apis.com/%0aalert(1)": MALFORMED,
    "global..daf-apis.com": MALFORMED,
    "-global.daf-apis.com": MALFORMED,
    "global.daf-apis.com:port": MALFORMED,
    "global.daf-apis.com:99999": MALFORMED,
    "https://[::1": MALFORMED,
    "https://[fe80::1]": MALFORMED,
    "glöbal.daf-apis.com": MALFORMED,
    "glоbal.daf-apis.com": MALFORMED,
    "ｇlobal.daf-apis.com": MALFORMED,
    "global。daf-apis。com": MALFORMED,
    "global.daf-apis.com℀": MALFORMED,
    "global.daf\u200b-apis.com": MALFORMED,
    "x" * 300 + ".com": MALFORMED,
    "ada@example.org": USER,
    "https://ada:secret@global.daf-apis.com": USER,
    "https://global.daf-apis.com\\@evil.example": USER,
    "minnie65_public": DATASTACK,
    "Minnie65_Public": DATASTACK,
    "v1dd": DATASTACK,
    "fish1_full": DATASTACK,
    "http://global.daf-apis.com": NOT_HTTPS,
    "http://127.0.0.1.evil.example": NOT_HTTPS,
    "http://localhost.evil.example": NOT_HTTPS,
    "http://10.0.0.7:5000": NOT_HTTPS,
}


@pytest.mark.parametrize(("typed", "sentence"), REJECTED.items())
def test_what_cannot_be_a_server_is_told_apart(typed: str, sentence: str) -> None:
    with pytest.raises(AddressError) as caught:
        ServerAddress(typed)
    assert sentence in caught.value.sentence
    assert caught.value.remedy


@pytest.mark.parametrize(
    "typed",
    [
        SECRET,
        SECRET.upper(),
        f"http://global.daf-apis.com/?token={SECRET}",
        f"ftp://global.daf-apis.com/?token={SECRET}",
        f"Bearer {SECRET}",
        f"https://ada:{SECRET}@global.daf-apis.com",
    ],
)
def test_a_token_in_the_address_field_is_not_repeated(typed: str) -> None:
    with pytest.raises(AddressError) as caught:
        ServerAddress(typed)
    assert SECRET not in f"{caught.value} {caught.value!r}".lower()


def test_a_token_in_the_address_is_not_part_of_it() -> None:
    assert SECRET not in repr(ServerAddress(f"https://global.daf-apis.com/?token={SECRET}"))


@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_address_or_an_address_error(text: str) -> None:
    try:
        address = ServerAddress(text)
    except AddressError:
        return
    assert ServerAddress(address.url) == address
    assert address.scheme == "https" or address.is_loopback
    assert "/" not in address.file_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("https://global.daf-apis.com/auth", "global.daf-apis.com-cave-secret.json"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000-cave-secret.json"),
        ("http://[::1]:5000", "[::1]:5000-cave-secret.json"),
    ],
)
def test_the_file_is_named_as_caveclient_names_it(typed: str, name: str) -> None:
    assert ServerAddress(typed).file_name == name


@pytest.mark.parametrize(
    ("host", "deployment"),
    [
        ("global.daf-apis.com", "global.daf-apis.com"),
        ("minnie.microns-daf.com", "global.daf-apis.com"),
        ("Minnie.MICRONS-daf.com", "global.daf-apis.com"),
        ("globalv1.daf-apis.com", "global.daf-apis.com"),
        ("prod.flywire-daf.com", "global.daf-apis.com"),
        ("globalv1.em.brain.allentech.org", "global.em.brain.allentech.org"),
        ("global.em.brain.allentech.org", "global.em.brain.allentech.org"),
        ("Elsewhere.Example.org", "elsewhere.example.org"),
    ],
)
def test_hosts_of_one_deployment_are_known(host: str, deployment: str) -> None:
    assert deployment_of(host) == deployment


# --------------------------------------------------------------------------------------------------- Status

STATUSES = {
    "all done": facts(),
    "nothing yet": nothing_yet(),
    "pasted": pasted(),
    "terms open": facts(account=dataclasses.replace(ADA, missing_terms=(MICRONS,)), access=TermsOpen(MICRONS)),
    "token refused": facts(account=TokenRefused(), keys=TokenRefused(), access=TokenRefused(), versions=None),
    "server hangs": facts(
        account=ServerTimeout("h"), keys=ServerTimeout("h"), access=ServerTimeout("h"), versions=None
    ),
    "sign-in token": facts(keys=(), seconds_left=3600),
}
STEPS = ["environment", "account", "terms", "token", "save", "ready"]


@pytest.mark.parametrize("made_up", STATUSES.values(), ids=STATUSES)
def test_the_status_as_data_has_the_documented_shape(made_up: Any) -> None:
    data = plan(made_up).as_dict()
    assert json.loads(json.dumps(data)) == data
    assert SECRET not in json.dumps(data)
    assert list(data) == [
        "ready",
        "server_address",
        "datastack",
        "environment",
        "token",
        "account",
        "missing_terms",
        "steps",
    ]
    assert type(data["ready"]) is bool
    assert list(data["environment"]) == ["key", "name", "home_persists"]
    assert data["token"] is None or list(data["token"]) == ["source", "where", "masked", "kind", "expires_in"]
    assert data["account"] is None or list(data["account"]) == ["id", "name", "email"]
    for terms in data["missing_terms"]:
        assert list(terms) == ["id", "name", "dataset", "url"]
    assert [step["key"] for step in data["steps"]] == STEPS
    for step in data["steps"]:
        assert list(step) == ["key", "state", "title", "summary", "remedy"]
        assert step["state"] in {"done", "current", "waiting", "problem"}
        assert all(isinstance(step[name], str) for name in ("title", "summary"))
        assert step["remedy"] is None or isinstance(step["remedy"], str)


def test_the_status_of_a_finished_set_up_as_data() -> None:
    data = plan(facts()).as_dict()
    del data["steps"]
    assert data == {
        "ready": True,
        "server_address": "https://global.daf-apis.com",
        "datastack": "minnie65_public",
        "environment": {"key": "local", "name": "Your own computer", "home_persists": True},
        "token": {
            "source": "file",
            "where": "~/.cloudvolume/secrets/global.daf-apis.com-cave-secret.json",
            "masked": "····d0d8",
            "kind": "api-key",
            "expires_in": None,
        },
        "account": {"id": 7, "name": "Ada Lovelace", "email": "ada@example.org"},
        "missing_terms": [],
    }


def test_open_terms_and_the_days_left_are_in_the_data() -> None:
    terms = Terms(2, "MICrONS Public", "minnie65_public", "https://global.daf-apis.com/tos/2/accept")
    account = dataclasses.replace(ADA, missing_terms=(terms,))
    data = plan(facts(account=account, access=TermsOpen(terms), versions=None, keys=(), seconds_left=86400)).as_dict()
    assert data["missing_terms"] == [
        {
            "id": 2,
            "name": "MICrONS Public",
            "dataset": "minnie65_public",
            "url": "https://global.daf-apis.com/tos/2/accept",
        }
    ]
    assert (data["token"]["kind"], data["token"]["expires_in"]) == ("sign-in", 86400)


def test_the_data_is_a_copy() -> None:
    status = plan(facts())
    status.as_dict()["token"]["masked"] = "changed"
    assert status.as_dict()["token"]["masked"] == "····d0d8"
