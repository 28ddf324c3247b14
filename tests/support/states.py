"""The states of the wizard that people meet, as the browser gets them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cave_setup import errors
from cave_setup.models import Candidate, Facts, PermissionMissing, ServerAddress, TermsOpen, TokenRefused
from cave_setup.notebook.view import Situation, choices, view
from cave_setup.plan import plan
from support import facts as f

PAGES = {"token": "https://global.daf-apis.com/token-page", "terms": "https://global.daf-apis.com/terms-page"}
TERMS_OPEN = {"account": replace(f.ADA, missing_terms=(f.MICRONS,)), "access": TermsOpen(f.MICRONS), "versions": None}


def drawn(facts: Facts | None, **situation: Any) -> dict[str, Any]:
    status = plan(facts) if facts else None
    return view(status, Situation(**situation), f.SERVER, "minnie65_public", PAGES)


def old_file(**changes: Any) -> Facts:
    old = f.token_file(f.DEFAULT_FILE, f.OTHER)
    targets = (f.target(f.DEFAULT_FILE, f.TARGETS[0].reader, "replace", old), *f.TARGETS[1:])
    store = replace(f.NO_FILES, files=(old,), for_caveclient=old, for_cloud_volume=old, targets=targets)
    return f.pasted(store=store, **changes)


ALL_STATES = {
    "looking": lambda: drawn(None, busy="Looking around …"),
    "nothing yet": lambda: drawn(f.nothing_yet()),
    "bad paste": lambda: drawn(f.nothing_yet(), error=errors.PasteError("That is no token."), error_in="paste"),
    "several": lambda: drawn(f.nothing_yet(), choices=choices((Candidate(f.TOKEN, "laptop"), Candidate(f.OTHER)))),
    "terms": lambda: drawn(f.pasted(**TERMS_OPEN)),
    "save": lambda: drawn(f.pasted()),
    "no permission": lambda: drawn(f.facts(access=PermissionMissing("view", "minnie65_public"), versions=None)),
    "another token": lambda: drawn(f.facts(), another=True),
    "replace": lambda: drawn(old_file()),
    "server down": lambda: drawn(f.facts(account=errors.ServerTimeout("host"), keys=None, access=None, versions=None)),
    "dead token": lambda: drawn(f.facts(account=TokenRefused(), keys=TokenRefused(), access=TokenRefused())),
    "mount": lambda: drawn(f.pasted(environment=f.CAPSULE)),
    "ready": lambda: drawn(f.facts()),
    "ready elsewhere": lambda: view(
        plan(replace(f.facts(), server_address=ServerAddress("https://global.a-long-name-of.example.org:8443"))),
        Situation(),
        f.SERVER,
        "a_datastack_with_a_rather_long_name_v1dd_public",
        PAGES,
    ),
}
