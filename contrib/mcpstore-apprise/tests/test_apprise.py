"""Alerts are delivered through Apprise to a real HTTP server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import attrs
import mcpstore_apprise
import pytest

from mcpstore.hooks import Alert, AlertKind, AlertLevel
from mcpstore.testing.suites import AlertHandlerSuite, Inbox


@attrs.define
class Receiver:
    """HTTP server that records notifications."""

    url: str = ""
    status: int = 200
    posted: list[Any] = attrs.field(factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        receiver.url = f"json://user:s3cret@127.0.0.1:{server.server_port}/"
        yield receiver
        server.shutdown()
        thread.join()


ALERT = Alert(
    rule_name="down",
    service="github",
    level=AlertLevel.CRITICAL,
    kind=AlertKind.FIRED,
    message="it cannot be reached",
    timestamp=0.0,
    incident="1",
)


class TestApprise(AlertHandlerSuite):
    plugin = mcpstore_apprise
    name = "apprise"
    secrets = ()
    lacks: ClassVar = {
        "injection": "the JSON service of Apprise has no headers",
        "rules": "its messages do not name the rule",
    }

    @pytest.fixture(autouse=True)
    def _receiver(self, receiver: Receiver) -> None:
        self.receiver = receiver

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[Inbox]:
        yield Inbox(
            settings={"urls": [self.receiver.url]},
            messages=lambda: [" ".join(map(str, message.values())) for message in self.receiver.posted],
        )

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[Mapping[str, Any]]:
        self.receiver.status = 503
        yield {"urls": [self.receiver.url]}

    @asynccontextmanager
    async def hanging(self) -> AsyncGenerator[Mapping[str, Any]]:
        callers: list[asyncio.StreamWriter] = []

        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            callers.append(writer)
            with suppress(ConnectionError):
                while await reader.read(1024):
                    pass
            writer.close()

        async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
            yield {"urls": [f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}"]}
            for caller in callers:
                caller.close()
                with suppress(ConnectionError):
                    await caller.wait_closed()


async def test_all_recipients_get_a_title_and_a_type(receiver):
    settings = mcpstore_apprise.AppriseSettings(urls=[receiver.url, receiver.url])
    await mcpstore_apprise.send(ALERT, settings)
    posted = receiver.posted[0]
    assert len(receiver.posted) == 2
    assert posted["title"] == "[critical] github"
    assert posted["message"] == "fired: it cannot be reached"
    assert posted["type"] == "failure"


async def test_a_resolved_alert_has_the_type_success(receiver):
    resolved = attrs.evolve(ALERT, kind=AlertKind.RESOLVED)
    await mcpstore_apprise.send(resolved, mcpstore_apprise.AppriseSettings(urls=[receiver.url]))
    assert receiver.posted[0]["type"] == "success"


async def test_a_failed_delivery_is_an_error_without_passwords(receiver):
    receiver.status = 500
    with pytest.raises(RuntimeError, match="could not deliver the alert to all recipients") as caught:
        await mcpstore_apprise.send(ALERT, mcpstore_apprise.AppriseSettings(urls=[receiver.url]))
    assert "s3cret" not in str(caught.value)


async def test_an_unknown_url_is_named_by_its_number_only():
    settings = mcpstore_apprise.AppriseSettings(urls=["gopher://s3cret"])
    with pytest.raises(ValueError, match="urls: entry 1 is not an Apprise URL") as caught:
        await mcpstore_apprise.send(ALERT, settings)
    assert "s3cret" not in str(caught.value)
