"""Helpers of tests that open connections over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from mcpstore.errors import ConnectError
from mcpstore.hooks import Connection
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import (
    Fake,
    a_peer,
    open_files,
    reply,
    until,
)

BOTH = pytest.mark.parametrize("transport", [streamable_http, sse])
EVENTS = {"Content_Type": "text/event-stream"}


@contextlib.asynccontextmanager
async def opened(
    url: str, transport: Any = streamable_http, peer: Any = None, **settings: Any
) -> AsyncIterator[Connection]:
    with anyio.fail_after(30):
        async with transport(HttpSettings(url=url, **settings), peer or a_peer()) as connection:
            yield connection


async def refused(url: str, transport: Any = streamable_http, peer: Any = None, **settings: Any) -> ConnectError:
    files, tasks = open_files(), len(asyncio.all_tasks())
    with pytest.raises(ConnectError) as caught:
        async with opened(url, transport, peer, **settings):
            pass
    with anyio.fail_after(10):
        await until(lambda: open_files() <= files and len(asyncio.all_tasks()) <= tasks)
    return caught.value


async def answered(status: int, transport: Any = streamable_http, body: str = "", **headers: str) -> ConnectError:
    async with Fake(lambda _: reply(status, body, **headers)) as fake:
        return await refused(fake.url, transport)
