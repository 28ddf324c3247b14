"""Environment variables that may hold a token: which ones, what each really holds, and for whom. Pure; asks nobody.

Nothing that lacks the form of a token goes further than this module, and no value is repeated in a sentence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import PasteError
from cave_setup.models import SecretVariable, deployment_of, deployment_spoken_of
from cave_setup.paste import find_in_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cave_setup.models import ServerAddress, Slot

# What stands where the token should be if the two fields of API Credentials were filled in the wrong way round.
_WORDS_FOR_A_TOKEN = {"CAVE_TOKEN", "CAVE TOKEN", "CAVECLIENT_TOKEN", "API_SECRET", "token"}


def look_through(
    names: Sequence[str], slots: Sequence[Slot], variables: Mapping[str, str], server: ServerAddress, datastack: str
) -> tuple[SecretVariable, ...]:
    """Look at every variable that may hold a token and is set.

    Parameters
    ----------
    names : sequence of str
        Names under which people keep a token here, strongest first.
    slots : sequence of Slot
        Secrets that the platform says are attached.
    variables : mapping
        The environment variables.
    server : ServerAddress
    datastack : str
        What is set up; a variable named for another deployment is not for it.

    Returns
    -------
    tuple of SecretVariable
        Strongest first: named for this datastack; under a usual name; described as CAVE's; others that hold a token.

    """
    described: dict[str, list[str]] = {}
    for slot in slots:
        described.setdefault(slot.variable, []).append(slot.description)
    found: list[tuple[tuple[int, bool, int], SecretVariable]] = []
    for order, name in enumerate(dict.fromkeys([*names, *described])):
        if not is_set(name, variables):
            continue
        description = ", ".join(filter(None, dict.fromkeys(described.get(name, ()))))
        variable = _look_at(name, variables[name], description, server, datastack)
        strength = _strength(variable, datastack, is_usual=name in names)
        if variable.token or strength < _OTHERS:  # without a token, what is about something else is no business of ours
            found.append(((strength, bool(variable.fault), order), variable))
    return tuple(variable for _, variable in sorted(found, key=lambda entry: entry[0]))


def is_set(name: str, variables: Mapping[str, str]) -> bool:
    """Whether the variable is set; one whose name this system cannot write is not."""
    try:
        return name in variables
    except UnicodeEncodeError:
        return False


def speaks_of_cave(text: str) -> bool:
    """Whether a name or description says that it is about CAVE or one of its data sets."""
    return "cave" in text.lower() or bool(deployment_spoken_of(text)[1])


_OTHERS = 3


def _strength(variable: SecretVariable, datastack: str, *, is_usual: bool) -> int:
    text = f"{variable.name} {variable.description}"
    if _is_about(deployment_spoken_of(text)[0], datastack) and not variable.other_server:
        return 0
    if is_usual:
        return 1
    return 2 if speaks_of_cave(text) else _OTHERS


def _look_at(name: str, value: str, description: str, server: ServerAddress, datastack: str) -> SecretVariable:
    empty = SecretVariable(name, None, description)
    if not value.strip():
        return replace(empty, fault=words.SECRET_EMPTY)
    if value.strip() in _WORDS_FOR_A_TOKEN:
        return replace(empty, fault=words.SECRET_IS_A_NAME)
    try:
        candidate = find_in_secret(value)
    except PasteError as error:
        return replace(empty, fault=words.secret_instead(error.sentence))
    if "code ocean" in description.lower() and not speaks_of_cave(description):
        return replace(empty, fault=words.SECRET_OF_CODE_OCEAN)
    named = candidate.server or _named_for(f"{name} {description}", server, datastack)
    is_here = deployment_of(named) == deployment_of(server.netloc)
    return SecretVariable(
        name,
        candidate.token,
        description,
        fault=words.secret_wrapped(candidate.cleaned) if candidate.cleaned else "",
        other_server="" if is_here else deployment_of(named),
        is_named_for_here=is_here,
        cleaned=candidate.cleaned,
    )


def _named_for(text: str, server: ServerAddress, datastack: str) -> str:
    """Say for which server a variable is named, as far as it concerns the chosen one.

    A server on this computer is a demo or a test of any data set: for it the datastack decides.
    """
    word, host = deployment_spoken_of(text)
    return server.netloc if server.is_loopback and _is_about(word, datastack) else host


def _is_about(word: str, datastack: str) -> bool:
    """Whether the word is about the datastack; those of the MICrONS project have “minnie” in their names."""
    spoken = {word, "minnie"} if word == "microns" else {word} - {""}
    return any(name in datastack.lower() for name in spoken)
