"""The endpoint and the file."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from mcpstore.hooks import Measurements
from mcpstore.storage.atomic import replace_file
from mcpstore_plugins.prometheus.metric_families import exposition

if TYPE_CHECKING:
    from mcpstore_plugins.prometheus import PrometheusSettings

__all__ = ["exporting"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

PATIENCE: Final = 5.0
"""Seconds a client has to say what it wants, and the manager to answer: requests are served one by one."""

OURS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names by which this machine is asked; a web page that made its own name point here asks by that one."""

_log = logging.getLogger("mcpstore.plugins.prometheus")


@asynccontextmanager
async def exporting(settings: PrometheusSettings, measurements: Measurements) -> AsyncGenerator[None]:
    """Serve and write measurements until left.

    Args:
        settings: Where they are wanted.
        measurements: What is told.
    """
    server: _Server | None = None
    writing: asyncio.Task[None] | None = None
    if settings.port is not None:
        loop = asyncio.get_running_loop()

        def ask() -> bytes:
            return asyncio.run_coroutine_threadsafe(_told(measurements), loop).result(PATIENCE)

        server = await asyncio.to_thread(_Server, settings.host, settings.port, ask)
        server.start()
        _log.info("metrics are served at %s", server.address)
    if settings.textfile is not None:
        writing = asyncio.create_task(_write(settings.textfile, settings.interval, measurements))
    try:
        yield
    finally:
        if writing is not None:
            writing.cancel()
            await asyncio.wait([writing])
        if server is not None:
            await asyncio.to_thread(server.stop)


async def _told(measurements: Measurements) -> bytes:
    services, machine = await measurements.services(), await measurements.machine()
    return await asyncio.to_thread(exposition, services, machine)


async def _write(path: Path, interval: float, measurements: Measurements) -> None:
    failed = False
    while True:
        text = await _told(measurements)
        try:
            await asyncio.to_thread(_replace, path, text)
            failed = False
        except OSError as error:
            if not failed:
                _log.warning("%s cannot be written (%s); it is tried again", path, error.strerror)
            failed = True
        await asyncio.sleep(interval)


def _replace(path: Path, text: bytes) -> None:
    """Replace the file. Its reader is often another user, so every user may read it; it holds no secrets."""
    replace_file(path, text, mode=0o666, durable=False)


class _Handler(WSGIRequestHandler):
    """One request."""

    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: somebody asks every few seconds."""


class _Server(WSGIServer):
    """An HTTP server in a thread of its own."""

    def __init__(self, host: str, port: int, ask: Callable[[], bytes]) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)
        self.set_app(self._answer)
        self._ask = ask
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="mcpstore-prometheus", daemon=True)

    @property
    def address(self) -> str:
        """Where it is."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/metrics"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no longer."""
        self.shutdown()
        self.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = str(environ.get("HTTP_HOST", "")).lower()
        if name.rpartition(":")[0].rstrip(":") not in OURS and name not in OURS:
            status, text = "403 Forbidden", b"ask for this machine by its address\n"
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ["PATH_INFO"] != "/metrics":
            status, text = "404 Not Found", b"there is only GET /metrics\n"
        else:
            try:
                status, text = "200 OK", self._ask()
            except Exception as error:  # noqa: BLE001 - told to the one who asked, who will ask again
                _log.debug("metrics could not be told", exc_info=error)
                status, text = "503 Service Unavailable", b"the manager does not answer\n"
        start_response(status, [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(text)))])
        return [text]
