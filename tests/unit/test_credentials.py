"""Which token counts, where it comes from, and which is known to be another deployment's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.facts import DEFAULT_FILE, NO_FILES, OTHER, PASTED, SERVER, SERVER_FILE, TOKEN, token_file

from cave_setup.credentials import find_credentials
from cave_setup.models import Credential, SecretVariable, StoreFacts

V1DD = "global.em.brain.allentech.org"
V1DD_FILE = token_file(f"~/.cloudvolume/secrets/{V1DD}-cave-secret.json")
IN_FILE = replace(NO_FILES, files=(token_file(SERVER_FILE),), for_caveclient=token_file(SERVER_FILE))
IN_DEFAULT = replace(NO_FILES, files=(token_file(DEFAULT_FILE),), for_caveclient=token_file(DEFAULT_FILE))
PLAIN = SecretVariable("CAVE_TOKEN", TOKEN)
PLAIN_OTHER = SecretVariable("CUSTOM_KEY", OTHER)
OF_V1DD = SecretVariable("API_SECRET_v1dd", TOKEN, other_server=V1DD)
OF_HERE = SecretVariable("API_SECRET_microns", TOKEN, is_named_for_here=True)


def found(
    files: StoreFacts = NO_FILES, *variables: SecretVariable, given: Credential | None = None, first: bool = True
) -> list[tuple[str, str, str]]:
    credentials = find_credentials(SERVER, files, variables, given, variables_first=first)
    return [(credential.token.masked, credential.where, credential.other_server) for credential in credentials]


T, O = TOKEN.masked, OTHER.masked  # noqa: E741 - of two tokens


def test_nothing_gives_nothing() -> None:
    assert found() == []


@pytest.mark.parametrize(("first", "order"), [(True, [O, T]), (False, [T, O])])
def test_the_place_says_whether_variables_or_files_go_first(*, first: bool, order: list[str]) -> None:
    assert [masked for masked, _, _ in found(IN_FILE, PLAIN_OTHER, first=first)] == order


def test_equal_tokens_stand_once_with_their_strongest_source() -> None:
    assert found(IN_FILE, PLAIN) == [(T, "CAVE_TOKEN", "")]
    assert found(IN_FILE, PLAIN, first=False) == [(T, SERVER_FILE, "")]


def test_what_was_given_goes_first_and_comes_from_where_it_is_kept() -> None:
    assert found(NO_FILES, PLAIN_OTHER, given=PASTED) == [(T, "pasted", ""), (O, "CUSTOM_KEY", "")]
    assert found(IN_FILE, PLAIN_OTHER, given=PASTED)[0] == (T, SERVER_FILE, "")
    (credential, *_) = find_credentials(SERVER, IN_FILE, (), PASTED, variables_first=True)
    assert credential.given


def test_a_variable_of_another_deployment_holds_nothing_for_this_one() -> None:
    assert found(NO_FILES, OF_V1DD) == []


@pytest.mark.parametrize(
    ("files", "variables", "given", "other"),
    [
        pytest.param(NO_FILES, (OF_V1DD, PLAIN), None, V1DD, id="also in a variable that says nothing"),
        pytest.param(IN_DEFAULT, (OF_V1DD,), None, V1DD, id="also in the default file"),
        pytest.param(NO_FILES, (OF_V1DD,), PASTED, V1DD, id="pasted"),
        pytest.param(NO_FILES, (OF_V1DD, OF_HERE), None, "", id="also in a variable that names this deployment"),
        pytest.param(IN_FILE, (OF_V1DD,), PASTED, "", id="in this deployment's file"),
        pytest.param(IN_FILE, (OF_V1DD,), None, "", id="found in this deployment's file"),
        pytest.param(
            IN_DEFAULT, (OF_V1DD,), replace(PASTED, other_server=SERVER.netloc), "", id="named here, and saved"
        ),
        pytest.param(
            NO_FILES, (PLAIN,), replace(PASTED, other_server=V1DD), V1DD, id="its text names another, and plain"
        ),
        pytest.param(
            NO_FILES, (OF_V1DD,), replace(PASTED, other_server=SERVER.netloc), "", id="its text names this one"
        ),
        pytest.param(replace(NO_FILES, files=(V1DD_FILE,)), (PLAIN,), None, V1DD, id="in another deployment's file"),
    ],
)
def test_whose_token_it_is_known_to_be(
    files: StoreFacts, variables: tuple[SecretVariable, ...], given: Credential | None, other: str
) -> None:
    assert found(files, *variables, given=given)[0][2] == other


def test_what_may_be_sent_goes_before_what_may_not() -> None:
    files = replace(NO_FILES, files=(V1DD_FILE,))
    assert found(files, PLAIN, PLAIN_OTHER) == [(O, "CUSTOM_KEY", ""), (T, "CAVE_TOKEN", V1DD)]
