"""Making, listing and ending tokens over the API (WIRE sections 2 and 4), the real server's faults included."""

from __future__ import annotations

import json

from cave_setup.demo import shapes
from cave_setup.demo.messages import JSON, Answer, Request, ServerFaultError, json_answer, text_answer
from cave_setup.demo.routing import AccountVisit, Route
from cave_setup.demo.world import MAX_DESCRIPTION

_NOT_YOURS = "Token does not exist or is not asociated with your account."  # the real server's spelling


class UnstorableError(ServerFaultError):
    """A description that the real server's database refuses, after the key was made."""


def list_keys(visit: AccountVisit) -> Answer:
    """Answer `GET /user/token`."""
    return json_answer([shapes.api_key(*pair) for pair in visit.site.world.keys_of(visit.user)])


def make_key(visit: AccountVisit) -> Answer:
    """Answer `POST /user/token`.

    A description that cannot be stored is found out too late: the answer is 500 and a working key stays
    behind that is listed nowhere.
    """
    body = _json_body(visit.request)
    if body is not None and not isinstance(body, dict):
        raise ServerFaultError
    try:
        description = storable(body.get("description") if body else None)
    except UnstorableError:
        visit.site.world.leave_key_behind(visit.user)
        raise
    return json_answer(visit.site.world.make_key(visit.user, description).text)


def storable(value: object) -> str | None:
    """Return what the database makes of a description.

    Raises
    ------
    UnstorableError
        For more than 120 characters, a NUL, a list or an object.
    """
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise UnstorableError
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > MAX_DESCRIPTION or "\0" in text:
        raise UnstorableError
    return text


def create_token(visit: AccountVisit) -> Answer:
    """Answer `GET /create_token`: a further key at each load."""
    return json_answer(visit.site.world.make_key(visit.user, None).text)


def refresh_token(visit: AccountVisit) -> Answer:
    """Answer `GET /refresh_token`."""
    world = visit.site.world
    keys = world.keys_of(visit.user)
    if len(keys) > 1:
        return text_answer("Refresh token does not work for accounts with more than one API Key", 400)
    token = world.renew_key(keys[0][1]) if keys else world.make_key(visit.user, None)
    return json_answer(token.text)


def delete_key(visit: AccountVisit, key_id: str) -> Answer:
    """Answer `DELETE /user/token/<id>`; a key may delete itself."""
    world = visit.site.world
    token = next((token for key, token in world.keys_of(visit.user) if key.id == int(key_id)), None)
    if token is None:
        return text_answer("Token doesn't exist", 404)
    world.end(token)
    return json_answer("success")


def time_left(visit: AccountVisit, text: str) -> Answer:
    """Answer `GET /user/token/T/ttl`: whole seconds, or -1 for a token without an end."""
    token = visit.site.world.token(text)
    if token is None or token.user is not visit.user:
        return json_answer({"error": "invalid_token", "message": _NOT_YOURS}, 404)
    if token.expires is None:
        return json_answer(-1)
    return json_answer(int(token.expires - visit.site.world.clock()))


def logout(visit: AccountVisit) -> Answer:
    """Answer `GET /logout`; the browser's cookie is not cleared."""
    if visit.token.key is not None:
        return text_answer("Can't logout an API Key.", 422)
    visit.site.world.end(visit.token)
    return json_answer("success")


def logout_all(visit: AccountVisit) -> Answer:
    """Answer `GET /logout_all`."""
    visit.site.world.end_sign_ins(visit.user)
    return json_answer("success")


def _json_body(request: Request) -> object:
    """Return the parsed body; anything that does not call itself JSON, or is none, is silently dropped."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != JSON:
        return None
    try:
        value: object = json.loads(request.body)
    except ValueError:
        return None
    return value


ROUTES = (
    Route("GET", "/user/token", list_keys),
    Route("POST", "/user/token", make_key),
    Route("GET", "/create_token", create_token),
    Route("GET", "/refresh_token", refresh_token),
    Route("DELETE", r"/user/token/(\d+)", delete_key),
    Route("GET", "/user/token/([^/]+)/ttl", time_left),
    Route("GET", "/logout", logout),
    Route("GET", "/logout_all", logout_all),
)
