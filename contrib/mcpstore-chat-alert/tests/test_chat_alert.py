"""Alerts are posted to a real HTTP server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import attrs
import mcpstore_chat_alert
import pytest

from mcpstore.hooks import Alert, AlertKind, AlertLevel
from mcpstore.testing.suites import AlertHandlerSuite, Inbox


@attrs.define
class Chat:
    """A chat with a webhook."""

    url: str = ""
    status: int = 200
    posted: list[Any] = attrs.field(factory=list)


@pytest.fixture
def chat() -> Iterator[Chat]:
    chat = Chat()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            chat.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(chat.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        chat.url = f"http://127.0.0.1:{server.server_port}/hooks/s3cret"
        yield chat
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


class TestChat(AlertHandlerSuite):
    plugin = mcpstore_chat_alert
    name = "chat"
    secrets = ("url",)
    lacks: ClassVar = {"injection": "JSON has no headers", "rules": "its messages do not name the rule"}

    @pytest.fixture(autouse=True)
    def _receiver(self, chat: Chat) -> None:
        self.receiver = chat

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[Inbox]:
        yield Inbox(
            settings={"url": self.receiver.url},
            messages=lambda: [" ".join(map(str, one.values())) for one in self.receiver.posted],
        )

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[Mapping[str, Any]]:
        self.receiver.status = 503
        yield {"url": self.receiver.url}

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
            yield {"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
            for caller in callers:
                caller.close()
                with suppress(ConnectionError):
                    await caller.wait_closed()


async def test_an_alert_is_posted_as_one_line(chat):
    await mcpstore_chat_alert.send(ALERT, mcpstore_chat_alert.ChatSettings(url=chat.url))
    assert chat.posted == [{"text": "fired [critical] github: it cannot be reached"}]


async def test_the_key_of_the_text_can_be_configured(chat):
    await mcpstore_chat_alert.send(ALERT, mcpstore_chat_alert.ChatSettings(url=chat.url, key="content"))
    assert list(chat.posted[0]) == ["content"]


async def test_a_refusal_is_an_error_without_the_url(chat):
    chat.status = 503
    with pytest.raises(RuntimeError, match="webhook refused the alert .got status 503.") as caught:
        await mcpstore_chat_alert.send(ALERT, mcpstore_chat_alert.ChatSettings(url=chat.url))
    assert "s3cret" not in str(caught.value)


def test_the_url_is_masked_in_the_settings(chat):
    assert "s3cret" not in repr(mcpstore_chat_alert.ChatSettings(url=chat.url))
