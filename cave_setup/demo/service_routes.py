"""The services that hold data (WIRE section 8): `/info` on the main address, `/materialize` on the data server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cave_setup.demo import datastacks, shapes
from cave_setup.demo.messages import Answer, json_answer, redirect
from cave_setup.demo.routing import Mount, Route, Visit, service_cors

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.demo.judge import Judge
    from cave_setup.demo.service_cache import ServiceCache
    from cave_setup.demo.shapes import Json
    from cave_setup.demo.world import Dataset


@dataclass
class ServiceVisit(Visit):
    """A request to a service with a token that the service takes for good."""

    token: str
    permissions: Json
    cache: ServiceCache
    judge: Judge


def service(prefix: str, routes: tuple[Route, ...], judge: Judge, cache: ServiceCache) -> Mount:
    """Return a service with a memory of its own."""

    def admit(visit: Visit) -> Visit | Answer:
        def lookup(token: str) -> tuple[str, Json] | None:
            permissions = cache.permissions(token)
            return None if permissions is None else (token, permissions)

        holder = judge.judge(visit.request, lookup)
        if isinstance(holder, Answer):
            return holder
        return ServiceVisit(visit.request, visit.site, *holder, cache, judge)

    return Mount(prefix, routes, admit, service_cors)


def for_viewers(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """Let a route answer only those who may view the datastack that is its first argument."""

    def checked(visit: ServiceVisit, stack: str, *others: str) -> Answer:
        dataset = visit.site.world.dataset_of(stack)
        if dataset is None:
            return _unknown_stack(stack)
        refusal = _refusal(visit, dataset)
        return refusal or function(visit, stack, *others)

    return checked


def _refusal(visit: ServiceVisit, dataset: Dataset) -> Answer | None:
    """Return why the data set may not be seen, or None; the first denials ask the auth server anew."""
    if _may_view(visit.permissions, dataset):
        return None
    fresh = visit.cache.permissions_after_denial(visit.token)
    if fresh is None:
        return visit.judge.refuse(visit.request)
    if _may_view(fresh, dataset):
        return None
    if dataset.name in fresh["permissions_v2_ignore_tos"]:
        return _terms_missing(visit, fresh, dataset)
    return _permission_missing(dataset)


def _may_view(permissions: Json, dataset: Dataset) -> bool:
    return shapes.VIEW in permissions["permissions_v2"].get(dataset.name, ())


def _terms_missing(visit: ServiceVisit, permissions: Json, dataset: Dataset) -> Answer:
    entry = next(one for one in permissions["missing_tos"] if one["dataset_name"] == dataset.name)
    addresses = visit.addresses
    form = addresses.terms_form(entry["tos_id"])
    if not visit.request.is_programmatic:
        page = addresses.of(visit.request, on_data_server=visit.judge.on_data_server)
        return redirect(f"{form}?redirect={quote(page, safe='')}")
    data = {"tos_id": entry["tos_id"], "tos_name": entry["tos_name"], "tos_form_url": form}
    return _refuse(403, "missing_tos", "Need to accept Terms of Service to access resource.", data)


def _permission_missing(dataset: Dataset) -> Answer:
    data = {"required_permission": shapes.VIEW, "auth_dataset": dataset.name}
    message = f"Missing permission: {shapes.VIEW} for dataset {dataset.name}"
    return _refuse(403, "missing_permission", message, data)


def _unknown_stack(stack: str) -> Answer:
    data = {"table_id": stack, "resource_namespace": "datastack"}
    return _refuse(400, "invalid_table_id", "Invalid table_id for service", data)


def _refuse(status: int, error: str, message: str, data: Json) -> Answer:
    return json_answer({"error": error, "message": message, "data": data}, status)


def always(value: object) -> Callable[..., Answer]:
    """Return a route that says the same to everybody."""
    return lambda _visit: json_answer(value)


# Info


def _visible(visit: ServiceVisit) -> list[tuple[str, int]]:
    """Return the datastacks within reach, terms or not, with their data sets' ids: no proof of access."""
    reached = visit.permissions["permissions_v2_ignore_tos"]
    every = visit.site.world.datasets.values()
    return [(stack, dataset.id) for dataset in every if dataset.name in reached for stack in dataset.datastacks]


def stack_names(visit: ServiceVisit) -> Answer:
    """Answer `GET /info/api/v2/datastacks`."""
    return json_answer([stack for stack, _number in _visible(visit)])


def volume_names(visit: ServiceVisit) -> Answer:
    """Answer `GET /info/api/v2/aligned_volume`."""
    return json_answer([stack for stack, _number in _visible(visit)])


def _record(make: Callable[..., Any]) -> Callable[..., Answer]:
    def answer(visit: ServiceVisit, stack: str) -> Answer:
        dataset = visit.site.world.dataset_of(stack)
        if dataset is None:
            return _unknown_stack(stack)
        return json_answer(make(stack, dataset.id, visit.addresses))

    return answer


INFO_ROUTES = (
    Route("GET", "/version", always(datastacks.INFO_VERSION), is_open=True),
    Route("GET", "/api/versions", always(datastacks.API_VERSIONS_INFO), is_open=True),
    Route("GET", "/api/v2/datastacks", stack_names),
    Route("GET", "/api/v2/aligned_volume", volume_names),
    Route("GET", "/api/v2/datastack/full/([^/]+)", for_viewers(_record(datastacks.info_record))),
    Route("GET", "/api/v2/datastack/([^/]+)", _record(datastacks.short_record)),
)


# Materialize


def versions(_visit: ServiceVisit, stack: str) -> Answer:
    """Answer `GET .../datastack/<stack>/versions`; no version of the demo has expired."""
    return json_answer(datastacks.versions(stack))


def all_version_records(visit: ServiceVisit, stack: str) -> Answer:
    """Answer `GET .../datastack/<stack>/metadata`."""
    number = _number(visit, stack)
    known = datastacks.versions(stack)
    return json_answer([datastacks.version_record(stack, number, one) for one in known])


def version_record(visit: ServiceVisit, stack: str, version: str) -> Answer:
    """Answer `GET .../datastack/<stack>/version/<version>`."""
    if int(version) not in datastacks.versions(stack):
        return json_answer(f"No version {version} of {stack} exists.", 404)
    return json_answer(datastacks.version_record(stack, _number(visit, stack), int(version)))


def tables(_visit: ServiceVisit, stack: str, version: str) -> Answer:
    """Answer `GET .../datastack/<stack>/version/<version>/tables`."""
    if int(version) not in datastacks.versions(stack):
        return json_answer(f"No version {version} of {stack} exists.", 404)
    return json_answer(datastacks.tables())


def _number(visit: ServiceVisit, stack: str) -> int:
    dataset = visit.site.world.dataset_of(stack)
    return 0 if dataset is None else dataset.id


_STACK = "/api/v[23]/datastack/([^/]+)"

MATERIALIZE_ROUTES = (
    Route("GET", "/version", always(datastacks.MATERIALIZE_VERSION), is_open=True),
    Route("GET", "/api/versions", always(datastacks.API_VERSIONS_MATERIALIZE)),
    Route("GET", f"{_STACK}/versions", for_viewers(versions)),
    Route("GET", f"{_STACK}/metadata", for_viewers(all_version_records)),
    Route("GET", rf"{_STACK}/version/(\d+)", for_viewers(version_record)),
    Route("GET", rf"{_STACK}/version/(\d+)/tables", for_viewers(tables)),
)
