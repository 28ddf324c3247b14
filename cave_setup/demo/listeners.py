"""Which part of the demo is on which listener: the auth server and `/info` on one, the data server on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup.demo import (
    account_routes,
    control_routes,
    pages,
    service_routes,
    settings_routes,
    sign_in_routes,
    terms_routes,
    token_routes,
)
from cave_setup.demo.judge import Judge
from cave_setup.demo.messages import HTML, Answer, json_answer
from cave_setup.demo.routing import (
    AccountVisit,
    Mount,
    Route,
    Router,
    Visit,
    auth_cors,
    open_cors,
    under,
)
from cave_setup.demo.service_cache import ServiceCache

if TYPE_CHECKING:
    from cave_setup.demo.site import Site

# Spelled as the real server spells it.
_VERSION_TEXT = b"neuroglance_auth -- version 2.30.3"

_API = "/api/v1"


def main_router(site: Site) -> Router:
    """Return what answers on the main address."""
    judge = Judge(site.addresses)
    info_cache = ServiceCache(site.world, site.weather)

    def admit(visit: Visit) -> Visit | Answer:
        token = judge.judge(visit.request, site.world.use)
        return token if isinstance(token, Answer) else AccountVisit(visit.request, visit.site, token)

    sticky = (
        *under(_API, sign_in_routes.STICKY_API_ROUTES),
        *under(_API, terms_routes.STICKY_API_ROUTES),
        *under("/settings", settings_routes.ROUTES),
        *under("/settings", sign_in_routes.SETTINGS_ROUTES),
        *_AUTH_ROUTES,
    )
    return Router(
        site,
        (
            Mount("/auth", _AUTH_ROUTES, admit, auth_cors),
            Mount("/sticky_auth", sticky, admit, auth_cors),
            service_routes.service("/info", service_routes.INFO_ROUTES, judge, info_cache),
            _demo_mount(),
            Mount("", (Route("GET", "/", control_routes.home, is_open=True),), has_preflight=False),
        ),
    )


def data_router(site: Site) -> Router:
    """Return what answers on the data server."""
    judge = Judge(site.addresses, on_data_server=True)
    cache = ServiceCache(site.world, site.weather)
    # A static file: an `Authorization` header needs a preflight, and that is not answered.
    auth_info = Route("GET", "", _auth_info, is_open=True)
    return Router(
        site,
        (
            service_routes.service("/materialize", service_routes.MATERIALIZE_ROUTES, judge, cache),
            Mount("/auth_info", (auth_info,), cors=open_cors, has_preflight=False),
            _demo_mount(),
        ),
    )


def _demo_mount() -> Mount:
    routes = (*control_routes.ROUTES, *sign_in_routes.GOOGLE_ROUTES)
    return Mount("/demo", routes, has_preflight=False)


def _version(_visit: Visit) -> Answer:
    return Answer(200, _VERSION_TEXT, HTML)


def _admin(visit: Visit) -> Answer:
    return pages.page(visit.request, "admin.html")


def _auth_info(visit: Visit) -> Answer:
    stacks = [stack for dataset in visit.site.world.datasets.values() for stack in dataset.datastacks]
    return json_answer({"login_url": visit.addresses.sign_in_base, "supported_datastacks": stacks})


_AUTH_ROUTES = (
    Route("GET", "/version", _version, is_open=True),
    Route("GET", "/admin/", _admin, is_open=True),
    *under(_API, account_routes.ROUTES),
    *under(_API, token_routes.ROUTES),
)
