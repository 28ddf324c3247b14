"""The states of the wizard that people meet, as the browser gets them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cave_setup import errors
from cave_setup.environment import choose
from cave_setup.guides import places
from cave_setup.models import (
    Candidate,
    DatastackChoice,
    Facts,
    PermissionMissing,
    PlatformSecrets,
    ServerAddress,
    StoreFacts,
    TermsOpen,
    TokenRefused,
    what_was_meant,
)
from cave_setup.notebook.markdown import as_tree
from cave_setup.notebook.offers import choices
from cave_setup.notebook.situation import Pages, SignIn, Situation, TermsText
from cave_setup.notebook.view import view
from cave_setup.plan import plan
from support import facts as f

HOST = "https://global.daf-apis.com"
PAGES = Pages(f"{HOST}/sign-in-page", (HOST,), f"{HOST}/token-page", f"{HOST}/terms-page")
TEXT = "# Terms\n\nI **agree** to [cite](https://example.org), `and` not to\n\n- break it\n- sell it\n"
READ = TermsText(2, tuple(as_tree(TEXT)))
PASTE = SignIn(paste=True)
TAB = "http://127.0.0.1:40123/unguessable/start"
TERMS_OPEN = {"account": replace(f.ADA, missing_terms=(f.MICRONS,)), "access": TermsOpen(f.MICRONS), "versions": None}


def drawn(facts: Facts | None, **situation: Any) -> dict[str, Any]:
    status = plan(facts) if facts else None
    return view(status, Situation(**situation), f.SERVER, "minnie65_public", PAGES)


LISTED = (
    *(DatastackChoice(f"open_stack_{number:02}", "open") for number in range(9)),
    DatastackChoice("minnie65_public", "open"),
    *(DatastackChoice(f"with_terms_{number:02}", "terms", f.MICRONS) for number in range(8)),
    DatastackChoice("a_datastack_with_a_rather_long_name_that_fills_a_whole_line_of_its_own", "terms", f.SECOND),
    DatastackChoice("not_answered", "unknown"),
    DatastackChoice("private_stack", "no-permission"),
)
MEANT = what_was_meant("global.daf-api.com", "minnie65_public")
assert MEANT


def old_file(**changes: Any) -> Facts:
    old = f.token_file(f.DEFAULT_FILE, f.OTHER)
    targets = (f.target(f.DEFAULT_FILE, f.TARGETS[0].reader, "replace", old), *f.TARGETS[1:])
    store = replace(f.NO_FILES, files=(old,), for_caveclient=old, for_cloud_volume=old, targets=targets)
    return f.pasted(store=store, **changes)


def open_to_others() -> StoreFacts:
    files = tuple(replace(file, mode=0o644) for file in f.SAVED.files)
    targets = (f.target(f.DEFAULT_FILE, f.TARGETS[0].reader, "same", files[0]), *f.TARGETS[1:])
    return replace(f.SAVED, files=files, targets=targets)


def guided(place: str) -> Any:
    """The guide to a place: to be followed, where the token is a secret, or to be read."""
    here = choose(place, {}, Path("/nowhere"))
    if here.keeps_for_a_run:
        return lambda: drawn(f.pasted(environment=here), copied=True, opened=True)
    return lambda: drawn(f.nothing_yet(environment=here), place="about")


ALL_STATES = {
    "looking": lambda: drawn(None, busy="Looking around …"),
    "nothing yet": lambda: drawn(f.nothing_yet()),
    "paste": lambda: drawn(f.nothing_yet(), sign_in=PASTE),
    "bad paste": lambda: drawn(
        f.nothing_yet(), sign_in=PASTE, error=errors.PasteError("That is no token."), error_in="paste"
    ),
    "window open": lambda: drawn(f.nothing_yet(), sign_in=SignIn("window")),
    "window blocked": lambda: drawn(f.nothing_yet(), sign_in=SignIn("", "blocked", tab_state="looking")),
    "tab": lambda: drawn(f.nothing_yet(), sign_in=SignIn("tab", "closed", TAB, "ready")),
    "tab open": lambda: drawn(f.nothing_yet(), sign_in=SignIn("tab", "late", TAB, "opened")),
    "tab not reached": lambda: drawn(f.nothing_yet(), sign_in=SignIn("tab", "late", "", "unreached", paste=True)),
    "no tab": lambda: drawn(f.nothing_yet(), sign_in=SignIn("tab", "blocked", "", "impossible")),
    "tab too late": lambda: drawn(f.nothing_yet(), sign_in=SignIn("tab", "blocked", "", "over")),
    "sign-in failed": lambda: drawn(f.nothing_yet(problems={"account": errors.ServerTimeout("host")})),
    "sign-in token": lambda: drawn(f.pasted(keys=(f.OTHER_KEY,), seconds_left=604_000)),
    "sign-in token, no keys": lambda: drawn(f.pasted(keys=(), seconds_left=604_000)),
    "keys": lambda: drawn(f.facts(keys=(f.KEY, f.OTHER_KEY), reports=("The old key has been revoked.",)), keys=True),
    "no keys": lambda: drawn(f.facts(keys=(), seconds_left=-1), keys=True),
    "revoke": lambda: drawn(f.facts(keys=(f.KEY, f.OTHER_KEY)), keys=True, confirm=f.OTHER_KEY.id),
    "revoke own": lambda: drawn(f.facts(keys=(f.KEY, f.OTHER_KEY)), keys=True, confirm=f.KEY.id),
    "asks first": lambda: drawn(f.pasted(), ask_first=True),
    "several": lambda: drawn(f.nothing_yet(), choices=choices((Candidate(f.TOKEN, "laptop"), Candidate(f.OTHER)))),
    "terms": lambda: drawn(f.pasted(**TERMS_OPEN), terms=READ),
    "terms watched": lambda: drawn(f.pasted(**TERMS_OPEN), terms=READ, watching="terms"),
    "terms not yet here": lambda: drawn(f.pasted(**TERMS_OPEN)),
    "terms without text": lambda: drawn(f.pasted(**TERMS_OPEN), terms=TermsText(2)),
    "save": lambda: drawn(f.pasted()),
    "no permission": lambda: drawn(f.facts(access=PermissionMissing("view", "minnie65_public"), versions=None)),
    "another token": lambda: drawn(f.facts(), another=True, sign_in=PASTE),
    "replace": lambda: drawn(old_file()),
    "replace, another key of hers": lambda: drawn(old_file(keys=(f.KEY, f.OTHER_KEY))),
    "another deployment's": lambda: drawn(
        f.nothing_yet(credentials=(replace(f.FROM_FILE, other_server="global.em.brain.allentech.org"),))
    ),
    "open to others": lambda: drawn(f.facts(store=open_to_others())),
    "undo": lambda: drawn(f.facts(store=f.REPLACED), undo=True),
    "can be undone": lambda: drawn(f.facts(store=f.REPLACED)),
    "server down": lambda: drawn(f.facts(account=errors.ServerTimeout("host"), keys=None, access=None, versions=None)),
    "dead token": lambda: drawn(f.facts(account=TokenRefused(), keys=TokenRefused(), access=TokenRefused())),
    "mount": lambda: drawn(f.in_capsule(f.pasted())),
    "mount, copied": lambda: drawn(f.in_capsule(f.pasted()), copied=True),
    "mount, to add": lambda: drawn(
        replace(f.in_capsule(f.pasted()), secret_variables=(f.COP, f.FOR_V1DD)), copied=True, opened=True
    ),
    "mount, platform unknown": lambda: drawn(
        f.in_capsule(f.pasted(), PlatformSecrets()),
        copied=True,
        error=errors.AddressError("That is no address."),
        error_in="platform",
    ),
    "mount, attached": lambda: drawn(f.in_capsule(f.pasted(), f.ATTACHED)),
    "mount, before a token": lambda: drawn(f.in_capsule(f.nothing_yet()), guide=True),
    "mounted with quotes": lambda: drawn(
        replace(f.in_capsule(f.facts(store=f.NO_FILES, credentials=(f.MOUNTED,))), secret_variables=(f.WRAPPED,))
    ),
    "capsule": lambda: drawn(f.in_capsule(f.nothing_yet())),
    "capsule, wrong secret": lambda: drawn(replace(f.in_capsule(f.nothing_yet()), secret_variables=(f.COP,))),
    "capsule, refused": lambda: drawn(
        replace(
            f.in_capsule(
                f.facts(credentials=(f.MOUNTED,), account=TokenRefused(), keys=None, access=None, versions=None)
            ),
            secret_variables=(f.ARRIVED,),
        )
    ),
    "capsule, not arrived": lambda: drawn(f.in_capsule(f.nothing_yet(), f.ATTACHED)),
    "capsule, ready": lambda: drawn(
        replace(f.in_capsule(f.facts(store=f.NO_FILES, credentials=(f.MOUNTED,))), secret_variables=(f.ARRIVED,))
    ),
    "capsule, activated": lambda: drawn(
        replace(f.in_capsule(f.facts(credentials=(f.MOUNTED,))), secret_variables=(f.ARRIVED,))
    ),
    "not right": lambda: drawn(f.nothing_yet(), place="choose"),
    "home unknown": lambda: drawn(f.nothing_yet(environment=f.HUB)),
    "home in the way": lambda: drawn(f.nothing_yet(store=replace(f.NO_FILES, obstacle="it is read-only"))),
    "session": lambda: drawn(f.pasted(environment=f.BINDER)),
    "session, ready": lambda: drawn(f.facts(environment=f.BINDER)),
    "colab": lambda: drawn(f.nothing_yet(environment=f.COLAB)),
    "colab, mount": lambda: drawn(f.pasted(environment=f.COLAB), copied=True),
    "colab, closed": lambda: drawn(replace(f.pasted(environment=f.COLAB), secret_variables=(f.CLOSED,))),
    "colab, ready": lambda: drawn(
        f.facts(environment=f.COLAB, store=f.NO_FILES, credentials=(f.MOUNTED,), secret_variables=(f.HANDED_OUT,))
    ),
    "in the browser": lambda: drawn(f.nothing_yet(environment=f.LITE)),
    "choosing": lambda: drawn(f.nothing_yet()),
    "choosing, asked for": lambda: drawn(f.facts(), listing=True),
    "choosing, listed": lambda: drawn(f.facts(), listed=LISTED),
    "choosing, not listed": lambda: drawn(f.facts(), error=errors.ServerTimeout("host"), error_in="datastacks"),
    "choosing, a mistake": lambda: drawn(
        f.nothing_yet(), error=errors.AddressError(MEANT.sentence, MEANT.remedy), error_in="server", meant=MEANT
    ),
    **{f"guide to {place}": guided(place) for place in places() if place not in {"code-ocean", "colab"}},
    "ready": lambda: drawn(f.facts()),
    "ready elsewhere": lambda: view(
        plan(replace(f.facts(), server_address=ServerAddress("https://global.a-long-name-of.example.org:8443"))),
        Situation(),
        f.SERVER,
        "a_datastack_with_a_rather_long_name_v1dd_public",
        PAGES,
    ),
}
