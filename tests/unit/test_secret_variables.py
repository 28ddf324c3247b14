"""Which variables may hold a token, what each really holds, and for whom it is named."""

from __future__ import annotations

import json

import pytest

from cave_setup import words
from cave_setup.models import SecretVariable, ServerAddress, Slot, Token
from cave_setup.places import ANYWHERE, ON_CODE_OCEAN
from cave_setup.secret_variables import look_through, speaks_of_cave

DAF = ServerAddress("https://global.daf-apis.com")
EM = ServerAddress("https://global.em.brain.allentech.org")
DEMO = ServerAddress("http://127.0.0.1:4711")
ELSEWHERE = ServerAddress("https://cave.lab.example.org")
GOOD = "0123456789abcdef0123456789abd0d8"
OTHER = "fedcba9876543210fedcba9876543210"


def look(
    variables: dict[str, str],
    *slots: Slot,
    server: ServerAddress = DAF,
    datastack: str = "minnie65_public",
    names: tuple[str, ...] = ON_CODE_OCEAN,
) -> tuple[SecretVariable, ...]:
    return look_through(names, slots, variables, server, datastack)


def names_of(found: tuple[SecretVariable, ...]) -> list[str]:
    return [variable.name for variable in found]


@pytest.mark.parametrize(
    "name",
    ["CAVE_TOKEN", "API_SECRET", "API_SECRET_microns", "CUSTOM_KEY", "CUSTOM_KEY_2", "CAVECLIENT_TOKEN"],
)
def test_a_token_is_found_under_every_name_that_people_use(name: str) -> None:
    (found,) = look({name: GOOD, "PATH": "/bin"})
    assert found == SecretVariable(name, Token(GOOD), is_named_for_here="microns" in name)


def test_only_names_that_say_so_count_where_nothing_is_mounted() -> None:
    assert look({"API_SECRET": GOOD, "CUSTOM_KEY": GOOD, "TOKEN": GOOD}, names=ANYWHERE) == ()


def test_a_name_of_the_owners_own_is_found_through_the_list_of_slots() -> None:
    (found,) = look({"cave token": GOOD}, Slot("for MICrONS", "cave token"))
    assert found.token == Token(GOOD)
    assert found.shown == "cave token (“for MICrONS”)"


def test_the_strongest_goes_first() -> None:
    slots = (Slot("something else", "AAA"), Slot("CAVE token", "BBB"), Slot("minnie65", "CCC"))
    everywhere = dict.fromkeys(
        ["AAA", "BBB", "CCC", "CUSTOM_KEY", "API_SECRET", "CAVE_TOKEN", "API_SECRET_microns"], GOOD
    )
    found = names_of(look(everywhere, *slots))
    assert found == ["API_SECRET_microns", "CCC", "CAVE_TOKEN", "API_SECRET", "CUSTOM_KEY", "BBB", "AAA"]


WRONG: dict[str, tuple[str, str]] = {
    "empty": ("", "empty"),
    "blanks": (" \n", "empty"),
    "Code Ocean's own": ("cop_0123456789abcdef0123456789abcdef", "Code Ocean's own access tokens"),
    "Code Ocean's own, short": ("cop_NDRkYzU1", "Code Ocean's own access tokens"),
    "40 hex": ("0123456789" * 4, "40 characters"),
    "31 hex": (GOOD[1:], "31 characters"),
    "33 hex": (GOOD + "0", "33 characters"),
    "a letter too far": ("g" + GOOD[1:], "others than 0–9 and a–f"),
    "GitHub's": ("ghp_0123456789abcdef0123456789abcdef0123", "GitHub"),
    "a password": ("p4ssw0rd", "no CAVE token"),
    "an AWS key": ("AKIA0123456789ABCDEF", "no CAVE token"),
    "a UUID": ("01234567-89ab-cdef-0123-456789abcdef", "UUID"),
    "a web hook": (f"https://hooks.example.org/{GOOD}", "no CAVE token"),
    "words around": (f"my token is {GOOD}", "no CAVE token"),
    "a sentence of code": (f'save_token(token="{GOOD}")', "no CAVE token"),
    "several": (f"{GOOD}\n{OTHER}", ""),
    "JSON without one": ('{"key": "x"}', "no CAVE token"),
    "JSON with a bad one": ('{"token": "x"}', "no CAVE token"),
    "JSON of something else": (json.dumps({"token": GOOD, "refresh": "x", "url": "https://x"}), "no CAVE token"),
    "JSON with a server": (json.dumps({"token": GOOD, "server_address": "https://x"}), "no CAVE token"),
    "recovery codes": ("\n".join(["01234567"] * 4), ""),
    "a list of keys": (json.dumps([{"token": GOOD, "id": 1}]), "no CAVE token"),
    "the name of the token": ("CAVE_TOKEN", "wrong way round"),
}


@pytest.mark.parametrize(("value", "says"), WRONG.values(), ids=WRONG)
def test_what_is_no_token_gets_its_sentence_and_goes_no_further(value: str, says: str) -> None:
    (found,) = look({"API_SECRET": value})
    assert found.token is None
    assert says in found.fault
    assert not value.strip() or value.strip() == "CAVE_TOKEN" or value.strip() not in found.fault
    assert GOOD not in repr(found)


WRAPPED: dict[str, tuple[str, str]] = {
    "quotes": (f'"{GOOD}"', "quotes"),
    "single quotes": (f"'{GOOD}'", "quotes"),
    "a newline": (f"{GOOD}\n", "line breaks"),
    "blanks": (f"  {GOOD} ", "spaces"),
    "an invisible character": (f"\ufeff{GOOD}", "invisible"),
    "a comma": (f"{GOOD},", "around the token"),
    "a semicolon": (f"{GOOD};", "around the token"),
    "upper case": (GOOD.upper(), "upper case"),
    "the download": (
        json.dumps({"token": GOOD, "description": "x", "middle_auth_url": "global.daf-apis.com/auth"}),
        "file",
    ),
}


@pytest.mark.parametrize(("value", "says"), WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_token_is_found_and_what_is_around_it_is_told(value: str, says: str) -> None:
    (found,) = look({"CUSTOM_KEY": value})
    assert found.token == Token(GOOD)
    assert says in found.fault


@pytest.mark.parametrize(
    ("name", "server", "datastack", "other"),
    [
        ("API_SECRET_v1dd", DAF, "minnie65_public", "global.em.brain.allentech.org"),
        ("API_SECRET_v1dd", EM, "v1dd_public", ""),
        ("API_SECRET_microns", EM, "v1dd_public", "global.daf-apis.com"),
        ("API_SECRET_microns", DAF, "minnie65_public", ""),
        ("API_SECRET_microns", DAF, "flywire_fafb_public", ""),
        ("API_SECRET_microns", ELSEWHERE, "minnie65_public", "global.daf-apis.com"),
        # A server on this computer is a demo: the data set decides.
        ("API_SECRET_microns", DEMO, "minnie65_public", ""),
        ("API_SECRET_v1dd", DEMO, "minnie65_public", "global.em.brain.allentech.org"),
        ("API_SECRET_v1dd", DEMO, "v1dd_public", ""),
        ("FLYWIRE_TOKEN", EM, "v1dd_public", "global.daf-apis.com"),
        ("CAVE_TOKEN", EM, "v1dd_public", ""),
        ("CAVE_TOKEN", ELSEWHERE, "anything", ""),
    ],
)
def test_a_name_says_for_which_deployment_it_is(name: str, server: ServerAddress, datastack: str, other: str) -> None:
    (found,) = look({name: GOOD}, server=server, datastack=datastack)
    assert found.other_server == other


def test_a_description_says_so_as_well() -> None:
    (found,) = look({"API_SECRET": GOOD}, Slot("CAVE V1DD", "API_SECRET"))
    assert found.other_server == "global.em.brain.allentech.org"
    (found,) = look({"API_SECRET": GOOD}, Slot("MICrONS and V1DD", "API_SECRET"))
    assert found.other_server == ""


def test_a_download_says_it_itself_whatever_the_name() -> None:
    value = json.dumps({"token": GOOD, "middle_auth_url": "global.em.brain.allentech.org/auth"})
    (found,) = look({"API_SECRET_microns": value})
    assert found.other_server == "global.em.brain.allentech.org"


def test_of_several_in_one_variable_every_description_counts() -> None:
    slots = (Slot("CAVE V1DD", "API_SECRET"), Slot("mine", "API_SECRET"))
    (found,) = look({"API_SECRET": GOOD}, *slots)
    assert found.description == "CAVE V1DD, mine"
    assert found.other_server == "global.em.brain.allentech.org"


@pytest.mark.parametrize(
    ("description", "other"),
    [
        ("token for global.em.brain.allentech.org", "global.em.brain.allentech.org"),
        ("H01", "global.brain-wire-test.org"),
        ("CAVE token March01", ""),
        ("MICrONS and minnie65_public", ""),
        ("global.daf-apis.com", ""),
        ("MICrONS and FlyWire", ""),
    ],
)
def test_descriptions_name_servers_and_data_sets_as_whole_words(description: str, other: str) -> None:
    (found,) = look({"API_SECRET": GOOD}, Slot(description, "API_SECRET"))
    assert found.other_server == other


def test_one_of_code_oceans_own_is_told_by_its_description_whatever_its_form() -> None:
    (found,) = look({"API_SECRET": GOOD}, Slot("Code Ocean API token", "API_SECRET"))
    assert found.token is None
    assert "Code Ocean's own" in found.fault
    for description in ("CodeOcean token", "code-ocean", "Code_Ocean"):
        for value in (GOOD, "0123456789" * 4, ""):
            (found,) = look({"API_SECRET": value}, Slot(description, "API_SECRET"))
            assert (found.token, found.fault) == (None, words.SECRET_OF_CODE_OCEAN)
    (found,) = look({"API_SECRET": GOOD}, Slot("CAVE, for Code Ocean", "API_SECRET"))
    assert found.token == Token(GOOD)


def test_of_equal_strength_what_holds_a_token_and_nothing_else_goes_first() -> None:
    assert names_of(look({"CAVE_TOKEN": f'"{GOOD}"', "CUSTOM_KEY": GOOD})) == ["CUSTOM_KEY", "CAVE_TOKEN"]


@pytest.mark.parametrize(
    ("named", "other"),
    [
        ("https://global.daf-apis.com:443/auth", ""),
        ("GLOBAL.daf-apis.com", ""),
        (f"ada:{OTHER}@global.em.brain.allentech.org/auth", "global.em.brain.allentech.org"),
        (f"{OTHER}/auth", "····"),
        ("\ud800x", "·x"),
        ("global.daf-apis.com\u200b", "global.daf-apis.com·"),
    ],
)
def test_the_server_in_a_download_is_read_as_an_address(named: str, other: str) -> None:
    (found,) = look({"CUSTOM_KEY": json.dumps({"token": GOOD, "middle_auth_url": named})})
    assert found.other_server == other
    assert OTHER not in repr(found)


def test_secrets_that_are_about_something_else_are_none_of_our_business() -> None:
    assert look({"WEATHER": "p4ssw0rd"}, Slot("weather", "WEATHER")) == ()


def test_a_variable_that_is_not_set_is_not_there() -> None:
    assert look({}, Slot("CAVE", "CUSTOM_KEY")) == ()


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("CAVE token", True),
        ("my Minnie key", True),
        ("CAVE_TOKEN", True),
        ("MICrONS and V1DD", True),
        ("concave hull", False),
        ("caveats", False),
        ("S3", False),
        ("", False),
    ],
)
def test_a_description_speaks_of_cave(text: str, speaks: bool) -> None:  # noqa: FBT001
    assert speaks_of_cave(text) is speaks
