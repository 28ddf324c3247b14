"""The demo's own doors, `/demo/...`: weather, request log, stylesheet, the way in; no CAVE server has them."""

from __future__ import annotations

import json

from cave_setup.demo import pages
from cave_setup.demo.messages import Answer, json_answer
from cave_setup.demo.routing import Route, Visit
from cave_setup.demo.weather import WeatherError, apply_request

DEMO_HEADER = "X-CAVE-Demo"
BROWSER_HEADER = "X-CAVE-Demo-Browser"
"""Behind a Jupyter server: the path at which a browser finds the demo there."""


def home(visit: Visit) -> Answer:
    """Show what this is."""
    return pages.page(visit.request, "home.html")


def style(_visit: Visit) -> Answer:
    """Return the stylesheet of all pages."""
    return Answer(200, pages.stylesheet(), "text/css; charset=utf-8")


def show_weather(visit: Visit) -> Answer:
    """Return the weather rules in force."""
    return json_answer({"rules": [rule.as_dict() for rule in visit.site.weather.rules()]})


def set_weather(visit: Visit) -> Answer:
    """Change the weather; the header is what a page of another origin cannot send without being asked."""
    if not visit.request.headers.get(DEMO_HEADER):
        return _refuse(403, f"Send the header {DEMO_HEADER}: 1.")
    try:
        apply_request(visit.site.weather, json.loads(visit.request.body))
    except WeatherError as fault:
        return _refuse(400, str(fault))
    except ValueError:
        return _refuse(400, "The body is not JSON.")
    return show_weather(visit)


def show_requests(visit: Visit) -> Answer:
    """Return the requests so far, oldest first."""
    return json_answer([entry.as_dict() for entry in visit.site.log.entries()])


def _refuse(status: int, sentence: str) -> Answer:
    return json_answer({"error": "demo", "message": sentence}, status)


ROUTES = (
    Route("GET", "/", home, is_open=True),
    Route("GET", "/style.css", style, is_open=True),
    Route("GET", "/weather", show_weather, is_open=True),
    Route("POST", "/weather", set_weather, is_open=True),
    Route("GET", "/requests", show_requests, is_open=True),
)
