"""The demo server as an object: two listeners in a thread of their own, started and stopped cleanly."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from cave_setup.demo.listeners import data_router, main_router
from cave_setup.demo.request_log import RequestLog
from cave_setup.demo.scrub import ScrubFilter
from cave_setup.demo.seed import Seed, load_world
from cave_setup.demo.site import Addresses, Sessions, Site
from cave_setup.demo.transport import Transport
from cave_setup.demo.weather import Weather

if TYPE_CHECKING:
    import socket
    import ssl
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from cave_setup.demo.world import Clock, World

_LOOPBACK = "127.0.0.1"
_MAX_BODY = 1_000_000
_LAST_PORT = 65535
_TORNADO_LOGGERS = ("tornado.access", "tornado.application", "tornado.general")


class DemoServer:
    """A CAVE server that is real HTTP and nothing else: made-up people, terms, data sets and tokens.

    It listens on 127.0.0.1 only, from `start` (or entering a `with` block) to `stop`.

    Parameters
    ----------
    seed
        What the world is like: a mapping, a JSON file, or None for the friendly world.
    port, data_port
        Ports of the main and the data server; 0 takes any free one.
    behind
        Path of a Jupyter server with jupyter-server-proxy, such as ``/user/ada/``, if browsers come through it.
        Its public address need not be known.
    ssl_options
        Serve both listeners over TLS with this context.
    clock
        Seconds since the epoch; everything that ages in the demo ages by it.

    Attributes
    ----------
    address, data_address
        The two listeners, such as ``http://127.0.0.1:40123``.
    world
        People, terms and tokens, which may be looked at and changed while the server runs.
    weather
        What goes wrong on the way.
    requests
        What was asked so far.

    Raises
    ------
    SeedError
        If the seed cannot be used.
    ValueError
        If there is no such port.
    OSError
        From `start`, if a port is taken.
    """

    def __init__(
        self,
        seed: Seed | Path | None = None,
        *,
        port: int = 0,
        data_port: int = 0,
        behind: str = "",
        ssl_options: ssl.SSLContext | None = None,
        clock: Clock = time.time,
    ) -> None:
        for one in (port, data_port):
            # Without this, 70000 would quietly become another port.
            if not 0 <= one <= _LAST_PORT:
                raise ValueError(f"There is no port {one}: ports go from 0 to {_LAST_PORT}.")
        self.world: World = load_world(seed, clock)
        self.weather = Weather()
        self.requests = RequestLog(clock)
        self.address = ""
        self.data_address = ""
        self._ports = (port, data_port)
        self._behind = f"/{behind.strip('/')}/".replace("//", "/") if behind else ""
        self._ssl_options = ssl_options
        self._scrub = ScrubFilter()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self) -> Self:
        """Listen; when this returns, both listeners answer."""
        if self._thread is not None:
            raise RuntimeError("The demo server is running already.")
        sockets = self._bind()
        started = threading.Event()
        for name in _TORNADO_LOGGERS:
            logging.getLogger(name).addFilter(self._scrub)
        self._thread = threading.Thread(
            target=self._serve, args=(sockets, started), name="cave-setup-demo", daemon=True
        )
        self._thread.start()
        started.wait()
        return self

    def stop(self) -> None:
        """Close all connections and end the thread; harmless if it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None
        for name in _TORNADO_LOGGERS:
            logging.getLogger(name).removeFilter(self._scrub)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _bind(self) -> tuple[list[socket.socket], list[socket.socket]]:
        """Take both ports here, in the caller's thread, so that a port in use is the caller's exception."""
        main = bind_sockets(self._ports[0], _LOOPBACK)
        try:
            data = bind_sockets(self._ports[1], _LOOPBACK)
        except OSError:
            for one in main:
                one.close()
            raise
        scheme = "https" if self._ssl_options else "http"
        self.address = f"{scheme}://{_LOOPBACK}:{main[0].getsockname()[1]}"
        self.data_address = f"{scheme}://{_LOOPBACK}:{data[0].getsockname()[1]}"
        return main, data

    def _site(self) -> Site:
        addresses = Addresses(self.address, self.data_address, self._behind)
        return Site(addresses, self.world, Sessions(self.world.clock), self.weather, self.requests)

    def _serve(self, sockets: tuple[list[socket.socket], list[socket.socket]], started: threading.Event) -> None:
        try:
            asyncio.run(self._run(sockets, started))
        finally:
            # Whoever waits in `start` must not wait for ever if it could not start.
            started.set()

    async def _run(self, sockets: tuple[list[socket.socket], list[socket.socket]], started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        site = self._site()
        transports = (
            Transport(site, main_router(site), "main"),
            Transport(site, data_router(site), "data"),
        )
        servers = [
            HTTPServer(transport, ssl_options=self._ssl_options, max_body_size=_MAX_BODY) for transport in transports
        ]
        for server, bound in zip(servers, sockets, strict=True):
            server.add_sockets(bound)
        started.set()
        await self._stopping.wait()
        for server, transport in zip(servers, transports, strict=True):
            server.stop()
            await transport.close()
            await server.close_all_connections()
