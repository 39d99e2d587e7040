"""The bundled alert handlers pass the suite for all alert handlers."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcpstore.testing.suites import AlertHandlerSuite, Inbox
from mcpstore_plugins import console, email
from plugins.test_email import SETTINGS, serving


class TestConsole(AlertHandlerSuite):
    plugin = console
    name = "console"
    lacks = {
        "failures": "stderr is always there",
        "hanging": "stderr is always there",
        "injection": "a terminal has no headers",
        "rules": "a line is short, and says what happened",
    }

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[Inbox]:
        with contextlib.redirect_stderr(io.StringIO()) as screen:
            yield Inbox(settings={"color": False}, messages=lambda: screen.getvalue().splitlines())


@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning")
class TestEmail(AlertHandlerSuite):
    plugin = email
    name = "email"
    secrets = ("password",)

    def settings(self, port: int, **fields: Any) -> dict[str, Any]:
        return {**SETTINGS, "host": "127.0.0.1", "port": port, "security": "none", **fields}

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[Inbox]:
        async with serving() as box:
            yield Inbox(settings=self.settings(box.port), messages=lambda: [_text(mail) for mail in box.mails])

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[Mapping[str, Any]]:
        async with serving() as box:
            yield self.settings(box.port, to="unknown@example.org", username="ada", password="x")

    @asynccontextmanager
    async def hanging(self) -> AsyncGenerator[Mapping[str, Any]]:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
            yield self.settings(server.sockets[0].getsockname()[1])


def _text(mail: Any) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
    return f"{headers}\n\n{mail.get_body(('plain',)).get_content()}"
