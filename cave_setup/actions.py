"""`Setup`: what a person can have done. Each action changes one thing, looks again, and gives the status.

No screen, no sentence and no rule in here: sentences are `words`, rules are `plan`, the order of requests is `keys`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Literal

from cave_setup import words
from cave_setup.choosing import find_datastacks
from cave_setup.environment import computer_name
from cave_setup.errors import (
    NotJson,
    NoTokenToActWith,
    NotSavable,
    PasteError,
    ServerError,
    SetupError,
    SignInTimeout,
    forgetting,
)
from cave_setup.keeping import can_activate
from cave_setup.key_actions import KeyActions, acting
from cave_setup.models import Account, Credential, DatastackRecord, TokenRefused
from cave_setup.observe import ask_missing_terms
from cave_setup.plan import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cave_setup.auth_server import AuthServer
    from cave_setup.loopback import Loopback
    from cave_setup.models import Candidate, DatastackChoice, Facts, Status, Terms, Token

_PATIENCE = 300.0  # seconds that a person has for signing in, as in `loopback`
_FRESH = timedelta(seconds=60)  # how old the server's word may be that a token lasts when it is saved


class Setup(KeyActions):
    """The set-up of one computer for one CAVE deployment and one datastack.

    Parameters
    ----------
    server_address : str, optional
        The deployment; by default the variable ``CAVE_SETUP_SERVER``, else the one on which the datastack is known to
        be, else ``https://global.daf-apis.com``.
    datastack : str, optional
        The datastack that shall be readable; by default ``CAVE_SETUP_DATASTACK``, else ``minnie65_public``.
    store : TokenStore, optional
        The token files; by default those of this user.
    variables : mapping, optional
        The environment variables; by default those of this process.
    environment : str or Environment, optional
        Where we are, such as ``"colab"``; by default the variable ``CAVE_SETUP_ENVIRONMENT``, else it is found out.

    Raises
    ------
    AddressError
        If the address or the name of the datastack cannot be one.
    UnknownPlace
        If there is no such environment.
    NoHomeFolder
        If this user has none.

    Notes
    -----
    Every action gives a `Status`, whatever the world does: what could not be done is a problem of the step concerned.
    Only misuse raises: a text without a token, a key that does not exist, no token to act with.

    Examples
    --------
    >>> setup = Setup()                          # doctest: +SKIP
    >>> setup.check().ready                      # doctest: +SKIP
    False
    >>> setup.sign_in().step("token").summary    # doctest: +SKIP
    'key “ada@laptop” ····d0d8, no expiry'
    >>> setup.save().ready                       # doctest: +SKIP
    True

    """

    # --------------------------------------------------------------------------------------------- taking a token

    @forgetting
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
            from cave_setup.paste import find_candidates, find_token  # noqa: PLC0415 - its patterns take long to compile

            self._candidates = find_candidates(text)
            if pick is None:
                return find_token(text)
        if pick is None or not 0 <= pick < len(self._candidates):
            raise PasteError(words.no_such_candidate(len(self._candidates)), words.SEVERAL_TOKENS_REMEDY)
        return self._candidates[pick]

    # ----------------------------------------------------------------------------------------------- signing in

    @forgetting
    def sign_in(self, open_browser: Callable[[str], object] | None = None, seconds: float = _PATIENCE) -> Status:
        """Have a person sign in with a browser on this computer, and a lasting key made; waits for it.

        Parameters
        ----------
        open_browser : callable, optional
            Opens an address; by default the browser of this computer. It may as well print it.
        seconds : float
            How long to wait.

        Returns
        -------
        Status
            With the key in memory, verified; `save` it then.

        """
        with self.listen(patience=seconds) as loopback:
            (open_browser or open_in_browser)(loopback.start_address)
            token = loopback.wait()
        if token is None:
            sentence = words.SIGN_IN_TIMEOUT if loopback.reached else words.SIGN_IN_UNREACHED
            return self._say(problems={"account": SignInTimeout(sentence, words.SIGN_IN_TIMEOUT_REMEDY)})
        return self.signed_in(token)

    def listen(self, on_token: Callable[[Token], None] | None = None, patience: float = _PATIENCE) -> Loopback:
        """Make a listener on this computer for one sign-in; see `cave_setup.loopback.Loopback`."""
        from cave_setup.loopback import Loopback  # noqa: PLC0415 - a web server takes long to load, and few need it

        return Loopback(self.server.sign_in_page, on_token, patience)

    @forgetting
    def signed_in(self, token: Token, *, make_key: bool = True) -> Status:
        """Go on with the token that a sign-in has just brought: it makes a lasting key and is ended.

        Parameters
        ----------
        token : Token
        make_key : bool
            Without it the token is only looked at; `make_token` goes on later.

        """
        if make_key:
            return self._make_lasting(token, computer_name(self._environment), end=True)
        self._given = Credential(token, "memory", words.SIGNED_IN)
        return self.check()

    # ---------------------------------------------------------------------------------------------------- saving

    @forgetting
    def save(self, *, replace: bool = False, default: Literal["auto", "keep", "replace"] = "auto") -> Status:
        """Save the token where caveclient and cloud-volume look for it, and read it back.

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
        if datetime.now(timezone.utc) - self._found().checked_at > _FRESH:
            self.check()
        facts = self._found()
        problem = _not_savable(facts)
        if problem is None and facts.credential is not None:
            access = facts.server.access
            data_server = access.data_server if isinstance(access, DatastackRecord) else None
            try:
                self._store.save(
                    facts.credential.token,
                    facts.server_address,
                    data_server,
                    facts.credential.instead_of,
                    replace=replace,
                    default=default,
                    is_demo=facts.server.is_demo,
                )
            except SetupError as error:
                problem = error
        self._look_again()
        if problem is None:
            return self._without_the_replaced()
        return self._say(*facts.reports, problems={"save": problem.with_traceback(None)})

    @forgetting
    def undo(self) -> Status:
        """Take the last save on this computer back: its files are as they were before, and so is what is looked at.

        A key that was made for it is not revoked.

        Returns
        -------
        Status

        Raises
        ------
        NothingToUndo
            If there is no save of the last week, or another program has changed one of its files since.
        StoreError
            If the files could not be written; nothing was changed.

        """
        self._store.undo()
        self._given = None
        self.check()
        return self._say(words.UNDONE)

    @forgetting
    def activate(self, *, replace: bool = False) -> Status:
        """Where files do not last, write those that caveclient and cloud-volume read, for this run only.

        For notebooks that name no token, where it is mounted as a secret. Where files last, nothing is written: there a
        person saves the token once.

        Parameters
        ----------
        replace : bool
            As in `save`.

        Returns
        -------
        Status
            Its ``save`` step is a problem if the files could not be written.

        """
        status = self.check()
        return self.save(replace=replace) if can_activate(status) else status

    def reveal(self) -> str:
        """Give the lasting key that is looked at, for the clipboard of whose it is; empty if there is none."""
        facts = self._found()
        return facts.credential.token.reveal() if facts.credential and facts.is_lasting else ""

    # ------------------------------------------------------------------------------------------------ datastacks

    @forgetting
    def datastacks(self) -> tuple[DatastackChoice, ...]:
        """List the server's datastacks with what stands in the way of each, those that can be read first.

        Returns
        -------
        tuple of DatastackChoice
            After ten seconds at most; what was not found out until then is ``unknown``.

        Raises
        ------
        NoTokenToActWith
            If there is no token for this server, or it does not accept it.
        ServerError
            If it could not be asked for the list.

        """
        return self.datastacks_later()()

    @forgetting
    def datastacks_later(self) -> Callable[[], tuple[DatastackChoice, ...]]:
        """Give what lists them, for a thread of its own: it asks the server of now with the token of now.

        Raises
        ------
        NoTokenToActWith
            If there is no token for this server.
        ServerError
            If that is so and the server cannot be reached, either.

        """
        facts = self._found()
        credential, reachable = facts.credential, facts.server.reachable
        if credential is None or credential.other_server:
            if isinstance(reachable, ServerError):
                raise reachable
            raise NoTokenToActWith(words.no_token_to_list_with(self.server_address.netloc), words.SIGN_IN_REMEDY)
        return partial(_listed, self.server, credential.token)

    # ----------------------------------------------------------------------------------------------------- terms

    @forgetting
    def terms_text(self, terms: Terms) -> str:
        """Ask the server for the text of some terms: Markdown, untrusted, and empty where there is none.

        Raises
        ------
        NoTokenToActWith, ServerError
            It could not be asked.

        """
        text = self.server.terms_text(acting(self._found()), terms.id)
        if isinstance(text, TokenRefused):
            raise NoTokenToActWith(words.NO_TOKEN_TO_ACT_WITH, words.SIGN_IN_AGAIN)
        return text

    @forgetting
    def accept_terms(self, terms_id: int | None = None) -> Status:
        """Accept terms of service, as the person that the token belongs to. Call it only once that person agreed.

        Parameters
        ----------
        terms_id : int, optional
            Which; by default those that stand in the way of the datastack now.

        Raises
        ------
        NoTokenToActWith
            If there is no token for this server.

        """
        facts = self._found()
        token = acting(facts)
        in_the_way = [terms.id for terms in plan(facts).missing_terms]
        accepted = in_the_way if terms_id is None else [terms_id]
        try:
            refused = [number for number in accepted if self.server.accept_terms(token, number) is not None]
        except ServerError as error:
            return self._say(problems={"terms": error.with_traceback(None)})
        if refused:
            return self.check()
        self._look_again("access", "versions")
        # What came back is a web page, as a guest network's would be. The datastack that has opened is the proof for
        # the terms that stood in its way; about others the account is asked.
        found = self._found().server
        is_open = isinstance(found.access, DatastackRecord) and isinstance(found.versions, tuple)
        proven = is_open and set(accepted) <= set(in_the_way)
        return self._accepted(accepted, () if proven else ask_missing_terms(self.server, token))

    def _accepted(self, accepted: Sequence[int], still_open: tuple[Terms, ...] | TokenRefused | ServerError) -> Status:
        """Take terms off the account's list, but for those that the server goes on calling open."""
        facts = self._found()
        account = facts.server.account
        if isinstance(still_open, TokenRefused):
            return self.check()
        if isinstance(still_open, ServerError):
            return self._say(*facts.reports, problems={"terms": still_open})
        gone = set(accepted) - {terms.id for terms in still_open}
        if isinstance(account, Account):
            missing = tuple(terms for terms in account.missing_terms if terms.id not in gone)
            account = replace(account, missing_terms=missing)
            self._facts = replace(facts, server=replace(facts.server, account=account))
        if gone != set(accepted):
            return self._say(*facts.reports, problems={"terms": NotJson(self.server_address.netloc)})
        return self.found()

    @forgetting
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


def open_in_browser(address: str) -> bool:
    """Open an address in a browser with windows; one that would take over the terminal is not one."""
    has_windows = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")
    )
    if not has_windows:
        return False
    import webbrowser  # noqa: PLC0415 - for those who sign in from a terminal

    return webbrowser.open(address)


def _listed(server: AuthServer, token: Token) -> tuple[DatastackChoice, ...]:
    found = find_datastacks(server, token)
    if isinstance(found, ServerError):
        raise found
    if isinstance(found, TokenRefused):
        raise NoTokenToActWith(words.NO_TOKEN_TO_ACT_WITH, words.SIGN_IN_REMEDY)
    return found


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
