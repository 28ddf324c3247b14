"""What is looked at, and what was found last: one computer, one CAVE deployment, one datastack. Changes nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.auth_server import AuthServer
from cave_setup.code_ocean import account_page
from cave_setup.environment import choose, detect
from cave_setup.errors import NotPossibleHere, UnknownPlace, forgetting
from cave_setup.models import (
    DEFAULT_DATASTACK,
    DEFAULT_SERVER,
    Credential,
    Environment,
    ServerAddress,
    datastack_name,
    home_of,
    known_deployment,
    known_spelling,
)
from cave_setup.observe import Kept, observe
from cave_setup.places import place_names
from cave_setup.plan import plan
from cave_setup.signs import Process
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cave_setup.errors import SetupError
    from cave_setup.models import Candidate, Facts, FrontEnd, Status, StepKey

SERVER_VARIABLE = "CAVE_SETUP_SERVER"
DATASTACK_VARIABLE = "CAVE_SETUP_DATASTACK"
ENVIRONMENT_VARIABLE = "CAVE_SETUP_ENVIRONMENT"


class Looking:
    """The part of `cave_setup.Setup` that looks; its parameters are explained there."""

    @forgetting
    def __init__(
        self,
        server_address: str | None = None,
        datastack: str | None = None,
        *,
        store: TokenStore | None = None,
        variables: Mapping[str, str] | None = None,
        environment: Environment | str | None = None,
    ) -> None:
        if sys.platform == "emscripten":  # where threads, and so all else here, would fail without a word
            raise NotPossibleHere(words.NOT_POSSIBLE_HERE, words.NOT_KEPT_HERE_REMEDY)
        self._variables = os.environ if variables is None else variables
        self._store = store or TokenStore(cloud_volume_dir=self._variables.get("CLOUD_VOLUME_DIR"))
        self._environment = self._where(environment or self._variables.get(ENVIRONMENT_VARIABLE) or "")
        self._store.keep_out_of(self._environment.shared_folders)
        self._server: AuthServer | None = None
        self._given: Credential | None = None
        self._candidates: tuple[Candidate, ...] = ()
        self._facts: Facts | None = None
        self._account_page = ""
        datastack = datastack_name(datastack or self._variables.get(DATASTACK_VARIABLE) or DEFAULT_DATASTACK)
        home = home_of(datastack)
        server_address = server_address or self._variables.get(SERVER_VARIABLE)
        self.use_server(server_address or (home.url if home else DEFAULT_SERVER), datastack)

    def __repr__(self) -> str:
        return f"Setup(server_address={self.server_address.url!r}, datastack={self.datastack!r})"

    @property
    def server_address(self) -> ServerAddress:
        """The deployment that is set up."""
        return self.server.address

    @property
    def environment(self) -> Environment:
        """Where this is."""
        return self._environment

    @property
    def server(self) -> AuthServer:
        """The one object that makes requests; front ends ask it for the addresses of pages only."""
        if self._server is None:
            raise RuntimeError("This Setup is closed.")
        return self._server

    @forgetting
    def use_server(self, server_address: str, datastack: str) -> None:
        """Set up another deployment or datastack from now on; a token given for another deployment is forgotten.

        For a data server that is known, its deployment is taken: accounts are there.

        Raises
        ------
        AddressError
            If one of them cannot be what it is said to be; nothing is changed then.

        """
        address = ServerAddress(server_address)
        known = known_deployment(address.netloc)
        if known and address.netloc in known.data_servers:
            address = ServerAddress(known.url)
        name = known_spelling(datastack_name(datastack), address.netloc)
        if self._server is None or self._server.address != address:
            if self._server is not None:
                self._server.close()
            self._server = AuthServer(address)
            self._given = None
            self._candidates = ()
        self.datastack = name
        self._facts = None

    def rest(self) -> None:
        """Close the connections that are kept open between requests, while there are none."""
        self.server.rest()

    def close(self) -> None:
        """Let go of all servers at once, also of those that have yet to answer; the object can go on being used."""
        if self._server is not None:
            address = self._server.address
            self._server.close()
            self._server = AuthServer(address)

    @forgetting
    def check(self) -> Status:
        """Observe and judge. Changes nothing, but for finishing a save of ours that a crash interrupted.

        Returns
        -------
        Status
            Whatever the world does: faults are part of it.

        """
        return self._look(None)

    @forgetting
    def look_here(self) -> Status:
        """Look at this computer again, its files and variables, and ask the server nothing that it has answered."""
        problems = self._found().problems
        self._look_again()
        return self._say(*self._found().reports, problems=problems)

    @forgetting
    def use_environment(self, environment: str, *, home_persists: bool | None = None) -> Status:
        """Take a person's word for where this is, from now on.

        Parameters
        ----------
        environment : str
            One of `cave_setup.models.EnvironmentKey`; empty to find it out anew.
        home_persists : bool, optional
            Whether the home folder is there tomorrow; by default as is usual there.

        Raises
        ------
        UnknownPlace
            If there is no such key; nothing is changed then.

        """
        there = self._where(environment, home_persists=home_persists)
        # What draws the notebook is the same as before, and its page may have said what.
        self._environment = replace(there, front_end=self._environment.front_end or there.front_end)
        self._store.keep_out_of(there.shared_folders)
        if self._facts is None:
            return self.check()
        return self.look_here()

    def drawn_by(self, front_end: FrontEnd) -> None:
        """Note what draws the notebook, which only its page knows."""
        self._environment = replace(self._environment, front_end=front_end)
        if self._facts is not None:
            self._facts = replace(self._facts, environment=self._environment)

    def _where(self, environment: object, *, home_persists: object = None) -> Environment:
        """Say where this is, whatever a person gave for it."""
        if isinstance(environment, Environment):
            return environment
        if not isinstance(environment, str):
            raise UnknownPlace(*words.no_such_place(list(place_names())))
        if home_persists is not None and not isinstance(home_persists, bool):
            raise UnknownPlace(words.HOME_YES_OR_NO)
        process = Process.this(self._store.home, self._store.folder, self._store.cloud_volume_folder)
        if not environment and home_persists is None:
            return detect(self._variables, process=process)
        return choose(environment, self._variables, process=process, home_persists=home_persists)

    def use_account_page(self, address: str) -> Status:
        """Take any address of the platform that we are on, where it could not be found out, for the guide's links.

        Raises
        ------
        AddressError
            If it cannot be one.

        """
        self._account_page = account_page(address)
        return self.look_here()

    def found(self) -> Status:
        """Judge what was found last, without looking again."""
        return plan(self._found())

    # ---------------------------------------------------------------------------------------------- for actions

    def _found(self) -> Facts:
        """Give what was found last; look now if nothing has been yet."""
        if self._facts is None:
            self.check()
        assert self._facts is not None  # noqa: S101 - check() has just set it
        return self._facts

    def _look(self, kept: Kept | None) -> Status:
        mended = self._store.mend()
        facts = observe(
            self.server, self._store, self._environment, self._variables, self.datastack, self._given, kept=kept
        )
        page = self._account_page or facts.platform.account_page
        self._facts = replace(facts, platform=replace(facts.platform, account_page=page), mended=mended)
        return plan(self._facts)

    def _look_again(self, *changed: str) -> Status:
        """Look at this computer again, and ask the server only for what an action can have changed.

        Parameters
        ----------
        *changed : str
            Fields of `ServerFacts`.

        """
        before = self._found()
        token = before.credential.token if before.credential else None
        nothing: dict[str, None] = dict.fromkeys(changed)
        self._look(Kept(token, replace(before.server, **nothing), before.checked_at))  # type: ignore[arg-type]
        return self._say(*before.reports)

    def _say(self, *reports: str, problems: Mapping[StepKey, SetupError] | None = None) -> Status:
        """Give the status of what was found last, with what is to be said of the action at hand."""
        self._facts = replace(self._found(), reports=reports, problems=problems or {})
        return plan(self._facts)
