"""`Setup`: what a person can have done. Each action changes one thing, observes again, and gives the status.

No screen, no sentence and no rule in here: sentences are `words`, rules are `plan`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.auth_server import AuthServer
from cave_setup.environment import detect
from cave_setup.errors import NotSavable, PasteError, SetupError
from cave_setup.models import (
    DEFAULT_DATASTACK,
    DEFAULT_SERVER,
    Account,
    Credential,
    DatastackRecord,
    ServerAddress,
    TokenRefused,
    datastack_name,
)
from cave_setup.observe import ask_missing_terms, observe, with_store
from cave_setup.paste import find_candidates, find_token
from cave_setup.plan import plan
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cave_setup.models import Candidate, Environment, Facts, Status, Terms

SERVER_VARIABLE = "CAVE_SETUP_SERVER"
DATASTACK_VARIABLE = "CAVE_SETUP_DATASTACK"


class Setup:
    """The set-up of one computer for one CAVE deployment and one datastack.

    Parameters
    ----------
    server_address : str, optional
        The deployment; by default the variable ``CAVE_SETUP_SERVER``, else ``https://global.daf-apis.com``.
    datastack : str, optional
        The datastack that shall be readable; by default ``CAVE_SETUP_DATASTACK``, else ``minnie65_public``.
    store : TokenStore, optional
        The token files; by default those of this user.
    variables : mapping, optional
        The environment variables; by default those of this process.
    environment : Environment, optional
        Where we are; by default it is found out.

    Raises
    ------
    AddressError
        If the address or the name of the datastack cannot be one.

    Examples
    --------
    >>> setup = Setup()                          # doctest: +SKIP
    >>> setup.check().ready                      # doctest: +SKIP
    False
    >>> setup.use_token(text).step("account")    # doctest: +SKIP
    >>> setup.save().ready                       # doctest: +SKIP
    True

    """

    def __init__(
        self,
        server_address: str | None = None,
        datastack: str | None = None,
        *,
        store: TokenStore | None = None,
        variables: Mapping[str, str] | None = None,
        environment: Environment | None = None,
    ) -> None:
        self._variables = os.environ if variables is None else variables
        self._environment = environment or detect(self._variables)
        self._store = store or TokenStore(cloud_volume_dir=self._variables.get("CLOUD_VOLUME_DIR"))
        self._server: AuthServer | None = None
        self._given: Credential | None = None
        self._candidates: tuple[Candidate, ...] = ()
        self._facts: Facts | None = None
        self.use_server(
            server_address or self._variables.get(SERVER_VARIABLE) or DEFAULT_SERVER,
            datastack or self._variables.get(DATASTACK_VARIABLE) or DEFAULT_DATASTACK,
        )

    def __repr__(self) -> str:
        return f"Setup(server_address={self.server_address.url!r}, datastack={self.datastack!r})"

    # -------------------------------------------------------------------------------------------- what is set up

    @property
    def server_address(self) -> ServerAddress:
        """The deployment that is set up."""
        return self.server.address

    @property
    def server(self) -> AuthServer:
        """The one object that makes requests; front ends ask it for the addresses of pages only."""
        if self._server is None:
            raise RuntimeError("This Setup is closed.")
        return self._server

    def use_server(self, server_address: str, datastack: str) -> None:
        """Set up another deployment or datastack from now on; a token given for another deployment is forgotten.

        Raises
        ------
        AddressError
            If one of them cannot be what it is said to be; nothing is changed then.

        """
        address = ServerAddress(server_address)
        name = datastack_name(datastack)
        if self._server is None or self._server.address != address:
            self.close()
            self._server = AuthServer(address)
            self._given = None
            self._candidates = ()
        self.datastack = name
        self._facts = None

    def close(self) -> None:
        """Close the connections that are kept open; the object can go on being used."""
        if self._server is not None:
            self._server.close()

    # --------------------------------------------------------------------------------------------------- actions

    def check(self) -> Status:
        """Observe and judge. Changes nothing, but for finishing a save of ours that a crash interrupted.

        Returns
        -------
        Status
            Whatever the world does: faults are part of it.

        """
        self._store.mend()
        self._facts = observe(self.server, self._store, self._environment, self._variables, self.datastack, self._given)
        return plan(self._facts)

    def use_token(self, text: str | None = None, *, pick: int | None = None) -> Status:
        """Take a token from anything a person pasted, keep it in memory only, and verify it.

        Parameters
        ----------
        text : str, optional
            A token in any usual wrapping; see `cave_setup.paste.find_token`. Without it, ``pick`` chooses among the
            candidates of the last text, so that nobody has to keep that text.
        pick : int, optional
            Which of several tokens to take: an index into `SeveralTokens.candidates`.

        Returns
        -------
        Status

        Raises
        ------
        SeveralTokens
            If there are several and ``pick`` does not say which.
        PasteError
            If there is none, or not as many as ``pick`` says.

        """
        candidate = self._candidate(text, pick)
        self._candidates = ()
        self._given = Credential(
            candidate.token, "memory", words.PASTED, other_server=candidate.server, cleaned=candidate.cleaned
        )
        return self.check()

    def _candidate(self, text: str | None, pick: int | None) -> Candidate:
        if text is not None:
            self._candidates = find_candidates(text)
            if pick is None:
                return find_token(text)
        if pick is None or not 0 <= pick < len(self._candidates):
            raise PasteError(words.no_such_candidate(len(self._candidates)), words.SEVERAL_TOKENS_REMEDY)
        return self._candidates[pick]

    def save(self, *, replace: bool = False, default: Literal["auto", "keep", "replace"] = "auto") -> Status:
        """Save the token where caveclient and cloud-volume look for it, read it back, and verify.

        Parameters
        ----------
        replace : bool
            Replace a different token that stands in one of the files. Without it such a token is a question: the
            status says which, and nothing is changed.
        default : {'auto', 'keep', 'replace'}
            What to do with ``cave-secret.json``, which serves every deployment without a file of its own: write it
            unless it holds another deployment's token; leave it alone; write it in any case.

        Returns
        -------
        Status
            If saving failed, its ``save`` step is a problem and says why. Nothing was changed then.

        """
        facts = self._facts or self._observed()
        problem = _not_savable(facts)
        if problem is None and facts.credential is not None:
            access = facts.server.access
            data_server = access.data_server if isinstance(access, DatastackRecord) else None
            try:
                self._store.save(
                    facts.credential.token,
                    facts.server_address,
                    data_server,
                    replace=replace,
                    default=default,
                    is_demo=facts.server.is_demo,
                )
            except SetupError as error:
                problem = error
        if problem is None:
            return self.check()
        return plan(_with_problem(with_store(facts, self._store), problem))

    def _observed(self) -> Facts:
        self.check()
        assert self._facts is not None  # noqa: S101 - check() has just set it
        return self._facts

    def terms_are_accepted(self) -> bool:
        """Ask only whether the terms that stood in the way have been accepted; for waiting, at one request a time.

        Returns
        -------
        bool
            False also where the server could not be asked.

        """
        facts = self._facts
        if facts is None or facts.credential is None or facts.credential.other_server:
            return False
        waited_for = {terms.id for terms in plan(facts).missing_terms}
        missing = ask_missing_terms(self.server, facts.credential.token)
        return isinstance(missing, tuple) and not waited_for & {terms.id for terms in missing}

    def terms_page(self, terms: Terms) -> str:
        """Address of the server's page for accepting these terms."""
        return self.server.terms_page(terms)


def _not_savable(facts: Facts) -> SetupError | None:
    """Say why the token must not be saved: only what a server has just called lasting is."""
    credential = facts.credential
    if credential is None:
        return NotSavable(words.NOTHING_TO_SAVE, words.NOTHING_TO_SAVE_REMEDY)
    if isinstance(facts.server.account, TokenRefused):
        return NotSavable(words.REFUSED_NOT_SAVED, words.TOKEN_REFUSED_REMEDY)
    if not isinstance(facts.server.account, Account) or not isinstance(facts.server.keys, tuple):
        return NotSavable(words.NOT_VERIFIED, words.NOT_VERIFIED_REMEDY)
    if not facts.is_lasting:
        return NotSavable(words.SIGN_IN_NOT_SAVED, words.SIGN_IN_TOKEN_REMEDY)
    return None


def _with_problem(facts: Facts, problem: SetupError) -> Facts:
    return replace(facts, save_problem=problem.with_traceback(None))
