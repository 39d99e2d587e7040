"""Small MCP server of the demonstration; it needs only the standard library.

Run as `python -m mcpstore.demo.server NAME [--delay SECONDS] [--lifetime SECONDS]`. It speaks the handshake era of MCP
on stdin and stdout and offers two tools. Options make it answer slowly, or crash after some time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["main"]

TOOLS: Final[list[dict[str, Any]]] = [
    {
        "name": "greet",
        "description": "Greet a person.",
        "inputSchema": {
            "type": "object",
            "properties": {"who": {"type": "string", "description": "Name of the person.", "default": "world"}},
        },
        "annotations": {"readOnlyHint": True},
    },
    {
        "name": "add",
        "description": "Add two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
            "required": ["a", "b"],
        },
        "annotations": {"readOnlyHint": True},
    },
]


def main() -> None:
    """Serve until stdin is closed or the lifetime ends."""
    parser = argparse.ArgumentParser(description="A small MCP server.")
    parser.add_argument("name")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--lifetime", type=float, default=0.0, help="seconds until it crashes; 0: never")
    options = parser.parse_args()
    if options.lifetime:
        timer = threading.Timer(options.lifetime, _crash, (options.name,))
        timer.daemon = True
        timer.start()
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        time.sleep(options.delay)
        answer = {"jsonrpc": "2.0", "id": request["id"], **_answer(options.name, request)}
        print(json.dumps(answer), flush=True)  # noqa: T201 - stdout carries the protocol


def _crash(name: str) -> None:
    print(f"{name}: crash as configured by --lifetime", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(3)


def _answer(name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    params: Mapping[str, Any] = request.get("params") or {}
    match request["method"]:
        case "initialize":
            result: dict[str, Any] = {
                "protocolVersion": params.get("protocolVersion", "2025-11-25"),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": f"demo-{name}", "version": "1"},
            }
        case "ping":
            result = {}
        case "tools/list":
            result = {"tools": TOOLS}
        case "tools/call":
            result = _call(params.get("name"), params.get("arguments") or {})
        case method:
            return {"error": {"code": -32601, "message": f"method {method!r} is not known"}}
    return {"result": result}


def _call(tool: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        if tool == "greet":
            return _text(f"Hello, {arguments.get('who', 'world')}!")
        if tool == "add":
            return _text(str(arguments["a"] + arguments["b"]))
    except (KeyError, TypeError) as error:
        return {**_text(f"wrong arguments: {error!r}"), "isError": True}
    return {**_text(f"there is no tool {tool!r}"), "isError": True}


def _text(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


if __name__ == "__main__":
    main()
