"""``cave-setup status`` and ``activate``: where the set-up stands, as text or JSON; and the files for this run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import ServerError
from cave_setup.keeping import are_files_in_place
from cave_setup.report import as_text, what_stands_in_the_way
from cave_setup.terminal import COULD_NOT_ASK, LEFT_TO_DO, READY
from cave_setup.terminal.output import say, show

if TYPE_CHECKING:
    from cave_setup.actions import Setup
    from cave_setup.models import Status


def status(setup: Setup, *, as_json: bool) -> int:
    """Print the status and give the exit code.

    Parameters
    ----------
    setup : Setup
    as_json : bool
        Print what `Status.as_dict` gives.

    Returns
    -------
    int
        0 ready; 1 something left to do; 3 the server could not be asked.

    """
    found = setup.check()
    if as_json:
        encoding = sys.stdout.encoding or "utf-8"
        print(json.dumps(found.as_dict(), indent=2, ensure_ascii=not encoding.lower().startswith("utf")))
    else:
        show(as_text(found))
        if not found.ready and (command := words.COMMANDS.get(found.focus.need)):
            show(f"\n{command}")
    return exit_code(found)


def activate(setup: Setup, *, replace: bool) -> int:
    """Write the files for this run where files do not last, print the status, and give the exit code.

    Parameters
    ----------
    setup : Setup
    replace : bool
        Replace a different token that stands in one of the files.

    Returns
    -------
    int
        0 ready, and the files are in place; 1 something left to do; 3 the server could not be asked.

    """
    found = setup.activate(replace=replace)
    show(as_text(found))
    here = found.facts.environment
    lasts = here.keeping == "files"
    if not are_files_in_place(found.facts):
        say(words.FILES_LAST_HERE.get(here.home_persists, words.NOT_FOR_THIS_RUN) if lasts else words.NOT_FOR_THIS_RUN)
        if lasts and found.facts.is_lasting:
            say(words.SAVE_INSTEAD)
        return exit_code(found) or LEFT_TO_DO
    if not found.ready:
        say(what_stands_in_the_way(found))
    elif not lasts:
        show(words.FILES_THIS_RUN)
    return exit_code(found)


def exit_code(found: Status) -> int:
    """Give the exit code for a status."""
    if found.ready:
        return READY
    server, problems = found.facts.server, found.facts.problems.values()
    answers = (server.reachable, server.account, server.keys, server.access, server.versions, *problems)
    return COULD_NOT_ASK if any(isinstance(answer, ServerError) for answer in answers) else LEFT_TO_DO
