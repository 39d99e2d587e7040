"""HTTP endpoint and textfile of the Prometheus exporter."""

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

TIMEOUT: Final = 5.0
"""Seconds for a client to send its request, and for the manager to answer; requests are served one by one."""

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Accepted values of the Host header; others are refused as a protection from DNS rebinding."""

_log = logging.getLogger("mcpstore.plugins.prometheus")


@asynccontextmanager
async def exporting(settings: PrometheusSettings, measurements: Measurements) -> AsyncGenerator[None]:
    """Serve and write the metrics while the block runs.

    Args:
        settings: Endpoint and file.
        measurements: Source of the metrics.
    """
    server: _Server | None = None
    writing: asyncio.Task[None] | None = None
    if settings.port is not None:
        loop = asyncio.get_running_loop()

        def collect() -> bytes:
            return asyncio.run_coroutine_threadsafe(_collect(measurements), loop).result(TIMEOUT)

        server = await asyncio.to_thread(_Server, settings.host, settings.port, collect)
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


async def _collect(measurements: Measurements) -> bytes:
    services, machine = await measurements.services(), await measurements.machine()
    return await asyncio.to_thread(exposition, services, machine)


async def _write(path: Path, interval: float, measurements: Measurements) -> None:
    failed = False
    while True:
        text = await _collect(measurements)
        try:
            await asyncio.to_thread(_replace, path, text)
            failed = False
        except OSError as error:
            if not failed:
                _log.warning("%s cannot be written (%s); retrying every %g s", path, error.strerror, interval)
            failed = True
        await asyncio.sleep(interval)


def _replace(path: Path, text: bytes) -> None:
    """Replace the file. Its reader is often another user, so every user may read it; it holds no secrets."""
    replace_file(path, text, mode=0o666, durable=False)


class _Handler(WSGIRequestHandler):
    """Handler of one request."""

    timeout = TIMEOUT

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - name in the base class
        """Log nothing: requests come every few seconds."""


class _Server(WSGIServer):
    """HTTP server in a thread of its own."""

    def __init__(self, host: str, port: int, collect: Callable[[], bytes]) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)
        self.set_app(self._respond)
        self._collect = collect
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="mcpstore-prometheus", daemon=True)

    @property
    def address(self) -> str:
        """URL of the endpoint."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/metrics"

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, and close the socket."""
        self.shutdown()
        self.server_close()

    def _respond(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = str(environ.get("HTTP_HOST", "")).lower()
        if name.rpartition(":")[0].rstrip(":") not in LOCAL_HOSTS and name not in LOCAL_HOSTS:
            status, text = "403 Forbidden", b"host must be localhost or a loopback address\n"
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ["PATH_INFO"] != "/metrics":
            status, text = "404 Not Found", b"the only resource is GET /metrics\n"
        else:
            try:
                status, text = "200 OK", self._collect()
            except Exception as error:  # noqa: BLE001 - reported to the client, which will ask again
                _log.debug("metrics could not be collected", exc_info=error)
                status, text = "503 Service Unavailable", b"the manager did not answer\n"
        start_response(status, [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(text)))])
        return [text]
