"""Replacement for `uvx PACKAGE` and `npx -y PACKAGE` in the examples, without a network.

It runs real servers with the tools that the examples call.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from mcpstore.demo import server

TOOLS = {
    "mcp-server-time": {
        "get_current_time": "Get current time in a specific timezone",
        "convert_time": "Convert time between timezones",
    },
    "@modelcontextprotocol/server-everything": {"echo": "Echoes back the input"},
    "@modelcontextprotocol/server-filesystem": {"list_directory": "List what is in a folder"},
    "some-notes-server": {"notes": "List notes"},
}


def main() -> None:
    package = next(argument for argument in sys.argv[1:] if argument in TOOLS)
    tools = TOOLS[package]
    server.TOOLS[:] = [
        {"name": name, "description": text, "inputSchema": {"type": "object"}} for name, text in tools.items()
    ]

    def call(tool: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
        text = f"{tool}: {dict(arguments)}"
        return {"content": [{"type": "text", "text": text}], "structuredContent": {"said": text}}

    server._call = call
    sys.argv = [package, package]
    server.main()


if __name__ == "__main__":
    main()
