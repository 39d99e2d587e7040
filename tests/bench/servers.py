"""The servers that are measured against."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["FASTMCP", "LIGHT", "fastmcp_command", "light_command"]

FASTMCP = """
from fastmcp import FastMCP
server = FastMCP("bench")

@server.tool
def echo(text: str) -> str:
    return text

server.run(show_banner=False, log_level="ERROR")
"""

LIGHT = """
import json, sys
TOOLS = [{"name": "echo", "inputSchema": {"type": "object"}}]
for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request:
        continue
    method = request["method"]
    if method == "initialize":
        server = {"name": "light", "version": "1"}
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": server}
    elif method == "tools/list":
        result = {"tools": TOOLS}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": request["params"]["arguments"]["text"]}]}
    else:
        result = {}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\\n")
    sys.stdout.flush()
"""


def fastmcp_command(folder: Path) -> list[str]:
    """Return the command of an ordinary FastMCP server."""
    return _command(folder, "fastmcp_server.py", FASTMCP)


def light_command(folder: Path) -> list[str]:
    """Return the command of a server that starts as fast as Python does."""
    return _command(folder, "light_server.py", LIGHT, "-S", "-E")


def _command(folder: Path, name: str, source: str, *flags: str) -> list[str]:
    script = folder / name
    script.write_text(source)
    return [sys.executable, *flags, str(script)]
