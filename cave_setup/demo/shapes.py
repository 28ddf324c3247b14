"""The JSON shapes of users, keys and permissions (WIRE section 4); values only, no answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cave_setup.demo.messages import http_date

if TYPE_CHECKING:
    from cave_setup.demo.world import ApiKey, Token, User, World

Json = dict[str, Any]

VIEW = "view"
PERMISSIONS = (VIEW, "edit", "manage")
_VIEW_LEVEL = 1


def full_user(user: User) -> Json:
    """Return what `/user/me` says."""
    return short_user(user) | {
        "email": user.email,
        "admin": user.admin,
        "admin_datasets": [],
        "gdpr_consent": False,
    }


def short_user(user: User) -> Json:
    """Return what others may see of a user."""
    return {
        "id": user.id,
        "name": user.name,
        # A list in a list: the real server wraps it twice.
        "affiliations": [[]],
        "created": http_date(user.created),
        "pi": "",
        "service_account": False,
    }


def missing_terms(world: World, user: User) -> list[Json]:
    """Return one entry for each data set within reach whose terms are open."""
    return [
        {
            "dataset_id": dataset.id,
            "dataset_name": dataset.name,
            "tos_id": terms.id,
            "tos_name": terms.name,
        }
        for dataset, terms in world.missing_terms(user)
    ]


def permissions(world: World, user: User) -> Json:
    """Return what `/user/cache` says, from which services judge what a user may see."""
    missing = missing_terms(world, user)
    withheld = {entry["dataset_name"] for entry in missing}
    reached = [one.name for one in world.datasets.values() if world.reaches(user, one)]
    return {
        "id": user.id,
        "parent_id": None,
        "name": user.name,
        "email": user.email,
        "admin": user.admin,
        "pi": "",
        "service_account": False,
        "affiliations": [],
        "groups": list(user.groups),
        "groups_admin": [],
        "datasets_admin": [],
        "permissions": {name: _VIEW_LEVEL for name in reached if name not in withheld},
        "permissions_v2": {name: [VIEW] for name in reached if name not in withheld},
        "permissions_v2_ignore_tos": {name: [VIEW] for name in reached},
        "missing_tos": missing,
    }


def api_key(key: ApiKey, token: Token) -> Json:
    """Return an entry of `GET /user/token`, the token in clear."""
    return {
        "id": key.id,
        "token": token.text,
        "description": key.description,
        "created": http_date(key.created),
        "updated": http_date(key.updated),
        "last_used": None if key.last_used is None else http_date(key.last_used),
        "user_id": token.user.id,
    }
