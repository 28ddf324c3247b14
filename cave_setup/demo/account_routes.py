"""Who you are, what you may see, which terms there are (WIRE section 4); tokens have their own module."""

from __future__ import annotations

from cave_setup.demo import friendly, shapes
from cave_setup.demo.messages import Answer, ServerFaultError, json_answer, text_answer
from cave_setup.demo.routing import AccountVisit, Route

_PAGE_SIZE = 25


def me(visit: AccountVisit) -> Answer:
    """Answer `GET /user/me`."""
    return json_answer(shapes.full_user(visit.user))


def permissions(visit: AccountVisit) -> Answer:
    """Answer `GET /user/cache` and `/my_permissions`: acceptance shows in both at once."""
    return json_answer(shapes.permissions(visit.site.world, visit.user))


def missing(visit: AccountVisit) -> Answer:
    """Answer `GET /user/missing`."""
    return json_answer(shapes.missing_terms(visit.site.world, visit.user))


def usernames(visit: AccountVisit) -> Answer:
    """Answer `GET /username?id=2,3`; the real server breaks at text that is no number."""
    asked = visit.request.query("id")
    users = visit.site.world.users
    ids = _ids(asked) if asked else []
    return json_answer([{"id": one, "name": users[one].name} for one in ids if one in users])


def find_users(visit: AccountVisit) -> Answer:
    """Answer `GET /user?id=`, `?email=`, `?name=`."""
    if not visit.user.admin:
        return _admins_only()
    users = list(visit.site.world.users.values())
    email, name, ids = (visit.request.query(key) for key in ("email", "name", "id"))
    if email is None and name is None and ids is None:
        count = -(-len(users) // _PAGE_SIZE)
        return json_answer({"pages": count, "items": [shapes.full_user(one) for one in users[:_PAGE_SIZE]]})
    if ids is not None:
        wanted = _ids(ids)
        users = [one for one in users if one.id in wanted]
    if email is not None:
        users = [one for one in users if one.email == email]
    if name is not None:
        users = [one for one in users if name.casefold() in one.name.casefold()]
    return json_answer([shapes.full_user(one) for one in users])


def one_user(visit: AccountVisit, user_id: str) -> Answer:
    """Answer `GET /user/<id>`: the short shape, even about oneself."""
    user = visit.site.world.users.get(int(user_id))
    if user is None:
        return text_answer("User doesn't exist", 404)
    return json_answer(shapes.full_user(user) if visit.user.admin else shapes.short_user(user))


def user_terms(visit: AccountVisit, user_id: str) -> Answer:
    """Answer `GET /user/<id>/tos`."""
    user = visit.site.world.users.get(int(user_id))
    if not visit.user.admin:
        return _admins_only()
    if user is None:
        return text_answer("User doesn't exist", 404)
    terms = visit.site.world.terms
    return json_answer([{"id": one, "name": terms[one].name} for one in sorted(user.accepted)])


def user_permissions(visit: AccountVisit, user_id: str) -> Answer:
    """Answer `GET /user/<id>/permissions`."""
    user = visit.site.world.users.get(int(user_id))
    if not visit.user.admin:
        return _admins_only()
    if user is None:
        return text_answer("User doesn't exist", 404)
    return json_answer(shapes.permissions(visit.site.world, user))


def groups(visit: AccountVisit) -> Answer:
    """Answer `GET /group`."""
    if not visit.user.admin:
        return _admins_only()
    names = visit.site.world.groups()
    return json_answer([{"id": number, "name": name} for number, name in enumerate(names, start=1)])


def group_users(visit: AccountVisit, group_id: str) -> Answer:
    """Answer `GET /group/<id>/user`; an unknown group is an empty one."""
    if not visit.user.admin:
        return _admins_only()
    group = dict(enumerate(visit.site.world.groups(), start=1)).get(int(group_id))
    members = [one for one in visit.site.world.users.values() if group in one.groups]
    return json_answer([{"id": one.id, "name": one.name, "admin": False} for one in members])


def group_admins(visit: AccountVisit, _group_id: str) -> Answer:
    """Answer `GET /group/<id>/admin`: the demo has super admins only."""
    return json_answer([]) if visit.user.admin else _admins_only()


def all_terms(visit: AccountVisit) -> Answer:
    """Answer `GET /tos`: all terms with their text, for everybody."""
    every = visit.site.world.terms.values()
    return json_answer([{"id": one.id, "name": one.name, "text": one.text} for one in every])


def one_terms(visit: AccountVisit, terms_id: str) -> Answer:
    """Answer `GET /tos/<id>`, which is for admins although the list is not."""
    if not visit.user.admin:
        return _admins_only()
    terms = visit.site.world.terms.get(int(terms_id))
    if terms is None:
        return text_answer("Terms of Service does not exist", 404)
    return json_answer({"id": terms.id, "name": terms.name, "text": terms.text})


def datasets(visit: AccountVisit) -> Answer:
    """Answer `GET /dataset`: only those one administers, so none for most people."""
    every = visit.site.world.datasets.values() if visit.user.admin else ()
    return json_answer([{"id": one.id, "name": one.name, "tos_id": one.terms} for one in every])


def one_dataset(visit: AccountVisit, dataset_id: str) -> Answer:
    """Answer `GET /dataset/<id>`."""
    if not visit.user.admin:
        return _admins_only()
    found = next((one for one in visit.site.world.datasets.values() if one.id == int(dataset_id)), None)
    if found is None:
        return text_answer("Dataset doesn't exist", 404)
    return json_answer({"id": found.id, "name": found.name, "tos_id": found.terms})


def permission_names(_visit: AccountVisit) -> Answer:
    """Answer `GET /permission`."""
    return json_answer([{"id": n, "name": name} for n, name in enumerate(shapes.PERMISSIONS, start=1)])


def viewers(_visit: AccountVisit) -> Answer:
    """Answer `GET /app`."""
    return json_answer([{"id": number, "url": url} for number, url in enumerate(friendly.VIEWERS, start=1)])


def dataset_of_stack(visit: AccountVisit, stack: str) -> Answer:
    """Answer `GET /service/datastack/table/<stack>/dataset`, by which services find the data set."""
    dataset = visit.site.world.dataset_of(stack)
    return json_answer(dataset.name) if dataset else text_answer("Table doesn't exist", 404)


def _ids(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ServerFaultError from None


def _admins_only() -> Answer:
    return text_answer("Requires admin privilege.", 403)


ROUTES = (
    Route("GET", "/user/me", me),
    Route("GET", "/user/cache", permissions),
    Route("GET", "/my_permissions", permissions),
    Route("GET", "/user/missing", missing),
    Route("GET", "/username", usernames),
    Route("GET", "/user", find_users),
    Route("GET", r"/user/(\d+)", one_user),
    Route("GET", r"/user/(\d+)/tos", user_terms),
    Route("GET", r"/user/(\d+)/permissions", user_permissions),
    Route("GET", "/group", groups),
    Route("GET", r"/group/(\d+)/user", group_users),
    Route("GET", r"/group/(\d+)/admin", group_admins),
    Route("GET", "/tos", all_terms),
    Route("GET", r"/tos/(\d+)", one_terms),
    Route("GET", "/dataset", datasets),
    Route("GET", r"/dataset/(\d+)", one_dataset),
    Route("GET", "/permission", permission_names),
    Route("GET", "/app", viewers),
    Route("GET", "/service/datastack/table/([^/]+)/dataset", dataset_of_stack),
)
