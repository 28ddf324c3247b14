"""Somebody at the demo server's doors: signs in on its pages, makes a key, changes the weather. For demos only."""

from __future__ import annotations

import http.client
import json
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

_AUTHORIZE = "/sticky_auth/api/v1/authorize"
_NOWHERE = "http://127.0.0.1/"  # a sign-in has to come back to somewhere; nobody goes there
_SECONDS = 20.0


class NotADemoError(Exception):
    """What answers there is no demo server, or nothing answers; nothing was sent that means anything elsewhere."""


class Visitor:
    """A browser without a screen, for demo servers on this computer.

    Parameters
    ----------
    address
        The demo server's, such as ``http://127.0.0.1:40123``.

    Raises
    ------
    NotADemoError
        From each method.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._cookies: dict[str, str] = {}

    def rules(self) -> list[object]:
        """Ask for the weather: what is wrong on the way at present."""
        return list(json.loads(self._ask("GET", "/demo/weather")[1])["rules"])

    def set_weather(self, kind: str, prefix: str = "/", seconds: float = 0.0) -> None:
        """Let something go wrong from now on, as `cave_setup.demo.weather.Kind` has it; ``clear`` ends it all."""
        wanted = {"kind": kind} if kind == "clear" else {"kind": kind, "prefix": prefix, "seconds": seconds}
        self._ask("POST", "/demo/weather", json.dumps(wanted), {"X-CAVE-Demo": "1"})

    def sign_in(self, email: str, name: str = "") -> str:
        """Sign in on the pages, as a browser does, and give the sign-in token; whoever is new gets an account."""
        self._cookies.clear()
        chooser = self._follow(f"{_AUTHORIZE}?{urlencode({'redirect': _NOWHERE})}")
        callback = self._follow(chooser, {"email": email, "name": name})
        at = self._follow(callback)
        if "/settings/username" in at:
            at = self._follow(at, {"name": "google"})
        return parse_qs(urlsplit(at).query)["token"][0]

    def make_key(self, token: str, description: str) -> str:
        """Have a lasting key made with a sign-in token."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        made = self._ask("POST", "/auth/api/v1/user/token", json.dumps({"description": description}), headers)[1]
        return str(json.loads(made))

    def _follow(self, address: str, form: dict[str, str] | None = None) -> str:
        """Load a page or send its form; give the address that it goes on to."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form is None:
            answer, _ = self._ask("GET", address, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            answer, _ = self._ask("POST", address, urlencode(form), headers)
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies.update({name: one.value for name, one in SimpleCookie(line).items()})
        return urljoin(urljoin(self._address, address), answer.headers.get("Location", ""))

    def _ask(
        self, method: str, address: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        here, asked = urlsplit(self._address), urlsplit(address)
        connection = http.client.HTTPConnection(here.hostname or "", here.port, timeout=_SECONDS)
        try:
            connection.request(
                method, f"{asked.path}?{asked.query}" if asked.query else asked.path, body, headers or {}
            )
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            answer = None
        finally:
            connection.close()
        if answer is None or answer.headers.get("X-CAVE-Demo") != "1":
            raise NotADemoError
        return answer, content
