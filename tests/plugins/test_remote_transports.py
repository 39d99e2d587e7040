"""The bundled transports `streamable_http`, `sse` and `memory` in the plugin manager."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from functools import partial
from importlib.metadata import entry_points

import anyio
import pytest
from fastmcp import FastMCP
from mcp.server.mcpserver import MCPServer
from pydantic import ValidationError

from mcpstore.errors import ConnectRefused, NotReady
from mcpstore.hooks import ENTRY_POINT_GROUP, Connection, Era, Transport
from mcpstore_plugins import memory, sse, streamable_http
from wire.http_world import Fake, a_peer, make_server, modern, serving

OFFERS = {"memory": memory, "sse": sse, "streamable_http": streamable_http}

shared_server = make_server()


def make_one() -> FastMCP:
    return make_server()


async def make_one_later() -> FastMCP:
    return make_server()


def fail() -> FastMCP:
    raise RuntimeError("no database")


class Nested:
    server = shared_server


@pytest.mark.parametrize("name", OFFERS)
def test_each_is_offered_by_its_name_through_the_entry_point_of_all_plugins(name):
    (entry_point,) = entry_points(group=ENTRY_POINT_GROUP, name=name)
    (offer,) = entry_point.load().mcpstore_transports()
    assert isinstance(offer, Transport)
    assert offer.name == name
    assert offer.is_local is False


@pytest.mark.parametrize("name", OFFERS)
def test_loading_a_transport_loads_no_heavy_module(name):
    code = (
        f"import sys, mcpstore_plugins.{name} as plugin; list(plugin.mcpstore_transports()); "
        "print({'fastmcp', 'mcp', 'mcp_types', 'httpx2', 'anyio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_services_over_http_do_not_load_fastmcp():
    code = (
        "import sys, mcpstore.wire.http.sse; sdk = {'fastmcp', 'mcp', 'mcp_types'}; print(sdk & set(sys.modules)); "
        "import mcpstore.wire.http.streamable; print('fastmcp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["set()", "False"]


@pytest.mark.parametrize("name", ["sse", "streamable_http"])
async def test_a_service_over_http_is_opened_called_and_closed(name):
    (offer,) = OFFERS[name].mcpstore_transports()
    kind = "sse" if name == "sse" else "http"
    async with serving(make_server().http_app(transport=kind)) as url:
        settings = offer.config.model_validate({"url": f"{url}/{'sse' if kind == 'sse' else 'mcp'}"})
        assert offer.handshake_timeout(settings) == 30
        async with offer.connect(settings, a_peer()) as connection:
            assert isinstance(connection, Connection)
            assert connection.era is (Era.LEGACY if kind == "sse" else Era.MODERN)
            result = await connection.request(
                "tools/call", {"name": "echo", "arguments": {"text": "hello"}}, timeout=20
            )
            assert result["content"][0]["text"] == "hello"


async def test_headers_and_tokens_are_sent_to_the_server():
    async with Fake(modern) as fake:
        settings = {"url": f"{fake.url}?q=1", "headers": {"X-Team": "blue"}, "auth": {"bearer": "s3cret"}}
        async with streamable_http.connect(streamable_http.HttpSettings.model_validate(settings), a_peer()):
            pass
    assert fake.got[0].path == "/mcp?q=1"
    assert fake.got[0].headers["x-team"] == "blue"
    assert fake.got[0].headers["authorization"] == "Bearer s3cret"


async def test_loading_does_not_block_the_event_loop(monkeypatch):
    loaded: list[bool] = []

    def load(name: str) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            loaded.append(True)

    async with Fake(modern) as fake:
        for plugin in (streamable_http, memory):
            monkeypatch.setattr(plugin, "import_module", load)
        async with streamable_http.connect(streamable_http.HttpSettings(url=fake.url), a_peer()):
            pass
        async with memory.connect(memory.MemorySettings(server=shared_server), a_peer()):
            pass
    assert loaded == [True, True]


# --- memory ------------------------------------------------------------------------------------------------

HERE = __name__


@pytest.mark.parametrize(
    "server",
    [shared_server, make_one, make_one_later, partial(make_one_later), MCPServer("plain")],
    ids=["server", "factory", "async factory", "factory of an awaitable", "server of the SDK"],
)
async def test_a_server_in_this_process_is_accepted_in_every_form(server):
    with anyio.fail_after(20):
        async with memory.connect(memory.MemorySettings(server=server), a_peer()) as connection:
            assert "tools" in await connection.request("tools/list", timeout=10)


@pytest.mark.parametrize("name", ["shared_server", "make_one", "make_one_later", "Nested.server"])
async def test_a_server_in_a_module_is_imported(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "imported_here", sys.modules[HERE])
    settings = memory.MemorySettings.model_validate({"server": f"imported_here:{name}"})
    async with memory.connect(settings, a_peer()) as connection:
        assert connection.server.name == "world"


@pytest.mark.parametrize("server", ["module", "module:", ":name", "a b:c", "a:b c", "a..b:c", 7, None, True, [], {}])
def test_an_invalid_server_reference_is_refused(server):
    with pytest.raises(ValidationError, match=r"must be (an import path|a FastMCP server)"):
        memory.MemorySettings(server=server)


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("no_such_module_at_all:server", "'no_such_module_at_all:server' cannot be imported (ModuleNotFoundError: "),
        ("json:no_such_name", "cannot be imported (AttributeError: "),
        ("json:JSONDecodeError.mro", "is not a FastMCP server (got list)"),
        ("json:__name__", "is not a FastMCP server (got str)"),
        (object(), "is not a FastMCP server (got object)"),
        (dict, "is not a FastMCP server (got dict)"),
    ],
)
async def test_a_reference_to_something_else_is_refused_permanently(server, message):
    with pytest.raises(ConnectRefused) as caught:
        async with memory.connect(memory.MemorySettings(server=server), a_peer()):
            pass
    assert message in str(caught.value)


async def test_a_failed_factory_is_retried():
    with pytest.raises(NotReady, match="service 'world' cannot be created: 'fail' failed: no database"):
        async with memory.connect(memory.MemorySettings(server=fail), a_peer()):
            pass


async def test_a_server_whose_lifespan_fails_to_start_is_not_ready():
    @contextlib.asynccontextmanager
    async def lifespan(_):
        raise RuntimeError("no disk")
        yield

    settings = memory.MemorySettings(server=FastMCP("stillborn", lifespan=lifespan))
    with pytest.raises(NotReady, match="'world' could not be opened: no disk"):
        async with memory.connect(settings, a_peer()):
            pass
