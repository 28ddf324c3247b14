"""Puts answers on the wire, in whatever weather; decides nothing about what an answer says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from email.utils import formatdate
from http.client import responses
from typing import TYPE_CHECKING

from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.iostream import StreamClosedError

from cave_setup.demo import pages
from cave_setup.demo.control_routes import BROWSER_HEADER, DEMO_HEADER
from cave_setup.demo.messages import JSON, Answer, Request, redirect
from cave_setup.demo.weather import Kind, Rule

if TYPE_CHECKING:
    from tornado.http1connection import HTTP1Connection
    from tornado.httputil import HTTPServerRequest

    from cave_setup.demo.routing import Router
    from cave_setup.demo.site import Addresses, Site

logger = logging.getLogger(__name__)

_DRIPS = 20
_PORTAL_PAGE = "http://login.guest-network.example/welcome"


class Transport:
    """Takes the requests of one listener from tornado and sends the router's answers.

    Parameters
    ----------
    site
        For the weather and the request log.
    router
        Makes the answers.
    listener
        Name of the listener in the request log.
    """

    def __init__(self, site: Site, router: Router, listener: str) -> None:
        self._site = site
        self._router = router
        self._listener = listener
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, raw: HTTPServerRequest) -> None:
        """Take a request from tornado."""
        # The server speaks HTTP/1 only, so this is what every connection is.
        connection: HTTP1Connection = raw.connection  # type: ignore[assignment]
        gone = asyncio.Event()
        connection.set_close_callback(gone.set)  # now: who leaves before the task begins would never be noticed
        task = asyncio.ensure_future(self._serve(raw, connection, gone))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            # The type only: the message may quote what was sent.
            logger.error("An answer could not be sent: %s", type(fault).__name__)

    async def close(self) -> None:
        """Let go of requests that hang."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, raw: HTTPServerRequest, connection: HTTP1Connection, gone: asyncio.Event) -> None:
        request = Request(raw.method or "GET", raw.path, raw.query, raw.headers, raw.body)
        self._site.log.add(request, self._listener)
        rule = self._site.weather.strike(request.path)
        if rule is None:
            await _send(connection, self._site.addresses, request, self._router.answer(request))
        elif not await _delay(rule, gone):
            await self._serve_in(rule, connection, request)

    async def _serve_in(self, rule: Rule, connection: HTTP1Connection, request: Request) -> None:
        if rule.kind is Kind.RESET:
            _reset(connection)
            return
        answer = _instead(rule.kind, request) or self._router.answer(request)
        if rule.kind is Kind.SEVERED:
            answer.headers.append(("Cross-Origin-Opener-Policy", "same-origin"))
        if rule.kind is Kind.TRUNCATED and answer.content_type == JSON:
            answer.body = answer.body[: len(answer.body) // 2]
        drip_seconds = rule.seconds if rule.kind is Kind.DRIP else 0.0
        await _send(connection, self._site.addresses, request, answer, drip_seconds)


async def _delay(rule: Rule, gone: asyncio.Event) -> bool:
    """Wait as long as the weather says; return whether the client left meanwhile."""
    if rule.kind is Kind.HANG:
        await gone.wait()
    elif rule.kind is not Kind.DRIP and rule.seconds > 0:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(gone.wait(), rule.seconds)
    return gone.is_set()


def _instead(kind: Kind, request: Request) -> Answer | None:
    """Return the answer that somebody on the way gives in place of the server's."""
    if kind is Kind.ERROR_500:
        return pages.error(request, 500)
    if kind is Kind.ERROR_502:
        return pages.error(request, 502)
    if kind is Kind.PORTAL:
        return pages.page(request, "captive.html")
    if kind is Kind.PORTAL_REDIRECT:
        return redirect(_PORTAL_PAGE)
    return None


async def _send(
    connection: HTTP1Connection, addresses: Addresses, request: Request, answer: Answer, drip_seconds: float = 0.0
) -> None:
    body = b"" if request.method == "HEAD" else answer.body
    headers = HTTPHeaders({"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))})
    headers.add("Date", formatdate(usegmt=True))
    headers.add(DEMO_HEADER, "1")
    if addresses.path:
        headers.add(BROWSER_HEADER, addresses.path)
    for name, value in answer.headers:
        headers.add(name, value)
    start = ResponseStartLine("", answer.status, responses[answer.status])
    with contextlib.suppress(StreamClosedError):
        if drip_seconds > 0:
            await connection.write_headers(start, headers)
            await _drip(connection, body, drip_seconds)
        else:
            await connection.write_headers(start, headers, body)
        connection.finish()


async def _drip(connection: HTTP1Connection, body: bytes, seconds: float) -> None:
    step = max(1, -(-len(body) // _DRIPS))
    drops = [body[start : start + step] for start in range(0, len(body), step)]
    for drop in drops:
        await asyncio.sleep(seconds / len(drops))
        await connection.write(drop)


def _reset(connection: HTTP1Connection) -> None:
    stream = connection.detach()
    # Closing with nothing allowed to linger sends a reset in place of a goodbye. Windows has shorter numbers here.
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    stream.close()
