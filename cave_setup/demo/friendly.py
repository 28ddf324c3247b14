"""The friendly world the demo starts with when nothing else is asked for: data only."""

from __future__ import annotations

from typing import Any

_MICRONS_TERMS = """\
# Demo terms for the MICrONS public data

These are **demo terms**: they bind nobody, and no real data stand behind this server. They are shaped like the
terms of a real data set, so that the way to *Accept* can be practised.

By accepting I agree that I will

- cite the MICrONS data and the people who made them in anything I publish that uses the data;
- name the version of the data I worked with, so that others can repeat what I did;
- keep my token to myself and let colleagues make their own account;
- not try to slow down or break the servers, which others use too.

Nothing is promised about the data being complete or correct: proofreading goes on every day.
"""

_SECOND_TERMS = """\
# Demo terms for a second data set

These are **demo terms**: they bind nobody.

By accepting I agree that I will

- cite the data when I use them;
- ask the authors before I publish about regions that are still being proofread.
"""

DEFAULT_TERMS_TEXT = "These are demo terms: they bind nobody. I agree to cite the data when I use them."
"""Text for terms that a seed names without saying more."""

TERMS: list[dict[str, Any]] = [
    {"id": 2, "name": "MICrONS Public", "text": _MICRONS_TERMS},
    {"id": 3, "name": "Second Public", "text": _SECOND_TERMS},
]

DATASETS: list[dict[str, Any]] = [
    {"name": "minnie65_public", "terms": 2, "groups": ["default"]},
    {"name": "second_public", "terms": 3, "groups": ["default"]},
    {"name": "open_sandbox", "terms": None, "groups": ["default"]},
    {"name": "private_stack", "terms": None, "groups": ["insiders"]},
]

# Tokens are left out on purpose: each start of the demo makes new ones.
USERS: list[dict[str, Any]] = [
    {
        "email": "ada@example.org",
        "name": "Ada Lovelace",
        "accepted_terms": [2, 3],
        "api_keys": [{"description": "Ada's laptop"}],
    },
    {"email": "grace@example.org", "name": "Grace Hopper"},
]

NEWCOMERS: list[dict[str, Any]] = [{"email": "nia@example.org", "name": "Nia Newcomer"}]
"""People with a Google account who have never been to CAVE: one click on the page that stands in for Google."""

STAGE = "stage.example.org"
"""Where the people of the tour's scenes have their e-mail; the page that stands in for Google does not list them."""

VIEWERS: list[str] = ["https://viewer.example.org"]
"""Addresses of registered viewers, which the sign-in pop-up tells its opener."""
