"""What the conformance suite starts as its client: the engine, driven as each scenario wants.

usage: client.py URL, with MCP_CONFORMANCE_SCENARIO (and _PROTOCOL_VERSION) in the environment
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

from bridge import HttpBridge

from mcpstore.hooks import ClientEndpoint, Connection, Era
from mcpstore.wire import json_lines
from mcpstore.wire.protocol import MODERN_VERSIONS

CAPABILITIES = {"elicitation": {"form": {"applyDefaults": True}}, "roots": {}, "sampling": {}}


async def accept_with_defaults(method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Accept what is asked, with the defaults it states; yes to what has none."""
    assert method == "elicitation/create"
    fields = params["requestedSchema"]["properties"]
    return {"action": "accept", "content": {name: field.get("default", True) for name, field in fields.items()}}


async def tools_of(connection: Connection) -> dict[str, Any]:
    listed = await connection.request("tools/list", timeout=30)
    return {tool["name"]: tool for tool in listed["tools"]}


async def call(connection: Connection, tool: str, **arguments: Any) -> dict[str, Any]:
    return await connection.request("tools/call", {"name": tool, "arguments": arguments}, timeout=30)


async def drive(scenario: str, connection: Connection) -> None:
    tools = await tools_of(connection)
    if scenario == "tools_call":
        await call(connection, "add_numbers", a=5, b=3)
    elif scenario == "elicitation-sep1034-client-defaults":
        await call(connection, "test_client_elicitation_defaults")
    elif scenario == "sep-2322-client-request-state":
        await asyncio.gather(
            call(connection, "test_mrtr_echo_state"),
            call(connection, "test_mrtr_no_state"),
            call(connection, "test_mrtr_unrelated"),
            call(connection, "test_mrtr_no_result_type"),
        )
    elif scenario == "json-schema-2020-12-preservation":
        await call(connection, "json_schema_echo", schema=tools["json_schema_2020_12_tool"]["inputSchema"])


async def main(url: str) -> None:
    is_modern = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION") in MODERN_VERSIONS
    peer = ClientEndpoint(
        service="conformance",
        name="mcpstore",
        version="1.0",
        capabilities=CAPABILITIES,
        on_request=accept_with_defaults,
        era=Era.MODERN if is_modern else None,
    )
    async with json_lines(HttpBridge(url), peer) as connection:
        await drive(os.environ["MCP_CONFORMANCE_SCENARIO"], connection)


asyncio.run(main(sys.argv[-1]))
