"""The token page for people (WIRE section 9); the same over the API is in `token_routes`."""

from __future__ import annotations

import json

from cave_setup.demo import pages, shapes, token_routes
from cave_setup.demo.messages import JSON, Answer, redirect, text_answer
from cave_setup.demo.routing import AccountVisit, Route


def show(visit: AccountVisit) -> Answer:
    """Show the API keys in clear, or download one; sign-in tokens are not shown."""
    wanted = visit.request.query("download")
    if wanted is not None:
        return _download(visit, wanted)
    keys = [shapes.api_key(*pair) for pair in visit.site.world.keys_of(visit.user)]
    return pages.page(visit.request, "tokens.html", user=visit.user, keys=keys)


def change(visit: AccountVisit) -> Answer:
    """Make a key, delete one, or log out; then show the page afresh."""
    request = visit.request
    if request.form("logout") is not None:
        return _log_out(visit)
    key_id = request.form("delete")
    if key_id is not None:
        if not key_id.isdecimal():
            return pages.error(request, 404)
        answer = token_routes.delete_key(visit, key_id)
        return answer if answer.status != 200 else _again()  # noqa: PLR2004 the one good status
    try:
        description = token_routes.storable(request.form("description"))
    except token_routes.UnstorableError:
        visit.site.world.leave_key_behind(visit.user)
        raise
    visit.site.world.make_key(visit.user, description)
    return _again()


def _log_out(visit: AccountVisit) -> Answer:
    answer = token_routes.logout(visit)
    return answer if answer.status != 200 else pages.page(visit.request, "signed_out.html")  # noqa: PLR2004 as above


def _again() -> Answer:
    # Relative, so that it holds behind a proxy that adds a path prefix.
    return redirect("tokens")


def _download(visit: AccountVisit, key_id: str) -> Answer:
    """Return the file that `caveclient` does not find under this name.

    The name has a slash in it, which browsers turn into `_`, and a key without description gets "None".
    """
    keys = {str(key.id): (key, token) for key, token in visit.site.world.keys_of(visit.user)}
    if key_id not in keys:
        return text_answer("Token doesn't exist", 404)
    key, token = keys[key_id]
    host = visit.addresses.host
    content = {"token": token.text, "description": str(key.description), "middle_auth_url": f"{host}/auth"}
    answer = Answer(200, json.dumps(content, indent=4).encode(), JSON)
    name = f'attachment; filename="{host}/auth-cave-secret.json"'
    answer.headers.append(("Content-Disposition", name))
    return answer


ROUTES = (
    Route("GET", "/tokens", show),
    Route("POST", "/tokens", change),
)
