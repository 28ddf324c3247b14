"""The tokens that were found, in the order in which they count, and which of them are known to be another deployment's.

Pure; nothing is asked, and a token never travels without its source.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cave_setup.models import Credential
from cave_setup.token_files import other_server_of, servers_in_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cave_setup.models import SecretVariable, ServerAddress, StoreFacts, Token


def find_credentials(
    server: ServerAddress,
    files: StoreFacts,
    in_variables: Sequence[SecretVariable],
    given: Credential | None,
    *,
    variables_first: bool,
) -> tuple[Credential, ...]:
    """List the tokens for this server, the one to look at first; equal ones once, with their strongest source.

    Parameters
    ----------
    server : ServerAddress
        The chosen deployment.
    files : StoreFacts
    in_variables : sequence of SecretVariable
        Strongest first; one that is named for another deployment holds no token for this one.
    given : Credential, optional
        What a person gave goes before everything else.
    variables_first : bool
        The platform mounts secrets, so variables go before files.

    Returns
    -------
    tuple of Credential

    """
    other_server = _who_knows(server, files, in_variables)
    saved = [
        Credential(file.token, "file", file.shown, other_server(file.token, file.server))
        for file in [files.for_caveclient]
        if file and file.token
    ]
    mounted = [
        Credential(found.token, "environment", found.where, other_server(found.token))
        for found in in_variables
        if found.token and not found.other_server
    ]
    ordered = mounted + saved if variables_first else saved + mounted
    ordered.sort(key=lambda credential: bool(credential.other_server))  # what may be sent here goes first
    if given:
        ordered.insert(0, replace(_as_found(given, ordered, other_server), given=True))
    strongest: dict[Token, Credential] = {}
    for credential in ordered:
        strongest.setdefault(credential.token, credential)
    return tuple(strongest.values())


def _as_found(given: Credential, found: Sequence[Credential], other_server: Callable[..., str]) -> Credential:
    """Once it is saved or mounted, that is where a given token comes from."""
    other = other_server(given.token, given.other_server)
    for credential in found:
        if credential.token == given.token:
            other = other if given.other_server else credential.other_server
            return replace(credential, cleaned=given.cleaned, other_server=other, instead_of=given.instead_of)
    return replace(given, other_server=other)


def _who_knows(server: ServerAddress, files: StoreFacts, in_variables: Sequence[SecretVariable]) -> Callable[..., str]:
    """Make a function that says of which other deployment a token is known to be: a file says so, or a variable's name.

    What the token's own text says counts most, then what files say, then a variable's name; and a name that speaks for
    the chosen deployment counts more than one that speaks for another.
    """
    for_here = {found.token for found in in_variables if found.is_named_for_here}
    named = {found.token: found.other_server for found in in_variables if found.other_server}

    def other_server(token: Token, named_server: str = "") -> str:
        if named_server or servers_in_files(token, files.files):
            return other_server_of(token, files.files, {server.netloc}, named_server)
        return "" if token in for_here else named.get(token, "")

    return other_server
