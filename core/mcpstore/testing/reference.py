"""A correct MCP server without I/O, for tests of transports.

It takes the client's messages and returns its own as JSON objects; the code that moves the bytes calls it. It imports
only the standard library, so a process with it starts at once. Its tools show a test the other end of the connection:

============= =========================================================================================
`echo`        returns its `text`
`big`         returns `size` characters
`hold`        waits for `release` or a cancellation
`nudge`       reports progress of all held calls
`release`     answers all held calls
`cancelled`   returns the number of cancelled held calls
`count`       reports progress from 1 to `to`, then returns it
`announce`    sends `count` numbered log messages
`change`      sends `notifications/tools/list_changed`
`ask`         asks the client for a name, and returns the answer
`heard`       returns the received notifications, as a list
`refuse`      fails with the error `code`, `message`, `data`
`about`       returns arguments, environment, working directory and id of the process
`die`         ends the process with exit code `code`
============= =========================================================================================
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["TOOLS", "ReferenceServer"]

Message = dict[str, Any]

_TEXT: Final = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}

TOOLS: Final = (
    *("echo", "big", "hold", "nudge", "release", "cancelled", "count"),
    *("announce", "change", "ask", "heard", "refuse", "about", "die"),
)
"""Names of the tools."""

METHOD_NOT_FOUND: Final = -32601


class ReferenceServer:
    """The server side of one session.

    Args:
        say: Called with each message for the client; must return at once.
        era: "legacy" knows `initialize`, "modern" knows `server/discover`, "both" knows both.
        die: Ends the server with an exit code.

    Attributes:
        lists: Number of `tools/list` requests.
        describe: Returns the description of a tool; replace it to change the tools.
    """

    def __init__(
        self, say: Callable[[Message], None], *, era: str = "legacy", die: Callable[[int], None] = os._exit
    ) -> None:
        self._say: Final = say
        self._era: Final = era
        self._die: Final = die
        self._held: dict[Any, Any] = {}
        self._asked: dict[str, Any] = {}
        self._cancelled = 0
        self._heard: list[str] = []
        self.lists: int = 0
        self.describe: Callable[[str], str] = _describe

    def take(self, message: Mapping[str, Any]) -> None:
        """Handle a message of the client; answers go to `say`."""
        method, number = message.get("method"), message.get("id")
        params: Mapping[str, Any] = message.get("params") or {}
        if method is None:
            self._take_answer(message)
        elif number is None:
            self._take_notification(str(method), params)
        elif method == "tools/call":
            self._call(number, params)
        else:
            result = self._result(str(method), params)
            self._answer(number, result) if result is not None else self._unknown(number, f"method {method!r}")

    def _result(self, method: str, params: Mapping[str, Any]) -> Message | None:
        capabilities: Message = {"tools": {"listChanged": True}, "logging": {}}
        who = {"name": "reference", "version": "1.0"}
        if method == "initialize" and self._era != "modern":
            version = params.get("protocolVersion")
            known = version if isinstance(version, str) else "2025-11-25"
            return {
                "protocolVersion": known, "capabilities": capabilities, "serverInfo": who, "instructions": "be kind"
            }  # fmt: skip
        if method == "server/discover" and self._era != "legacy":
            return {
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                "instructions": "be kind", "_meta": {"io.modelcontextprotocol/serverInfo": who},
            }  # fmt: skip
        if method == "ping" and self._era != "modern":
            return {}
        if method == "tools/list":
            self.lists += 1
            schemas = {"echo": _TEXT}
            return {
                "tools": [
                    {"name": tool, "description": self.describe(tool), "inputSchema": schemas.get(tool, _ANYTHING)}
                    for tool in TOOLS
                ]
            }
        return None

    # --- calls -------------------------------------------------------------------------------------------------

    def _call(self, number: Any, params: Mapping[str, Any]) -> None:
        tool = params.get("name")
        given: Mapping[str, Any] = params.get("arguments") or {}
        meta: Mapping[str, Any] = params.get("_meta") or {}
        token = meta.get("progressToken")
        if tool == "hold":
            self._held[number] = token
        elif tool == "refuse":
            self._error(number, given.get("code", -32050), given.get("message", "refused"), given.get("data"))
        elif tool == "ask":
            self._ask(number)
        elif tool in TOOLS:
            self._answer_call(number, self._text(str(tool), given, token))
        else:
            self._error(number, -32602, f"there is no tool {tool!r}")

    def _text(self, tool: str, given: Mapping[str, Any], token: Any) -> str:
        match tool:
            case "echo":
                return str(given.get("text", ""))
            case "big":
                return "x" * int(given.get("size", 0))
            case "cancelled":
                return str(self._cancelled)
            case "heard":
                return json.dumps(self._heard)
            case "about":
                about: Message = {"argv": sys.argv[1:], "env": dict(os.environ), "pid": os.getpid()}
                about["cwd"] = os.getcwd()  # noqa: PTH109 - pathlib takes a third of the time to start
                return json.dumps(about)
            case "die":
                self._die(int(given.get("code", 0)))
            case _:
                self._tell(tool, given, token)
        return str(given.get("to", "done"))

    def _tell(self, tool: str, given: Mapping[str, Any], token: Any) -> None:
        if tool == "nudge":
            for held in self._held.values():
                self._progress(held, 1)
        elif tool == "release":
            while self._held:
                self._answer_call(self._held.popitem()[0], "released")
        elif tool == "count":
            for step in range(1, int(given.get("to", 0)) + 1):
                self._progress(token, step)
        elif tool == "announce":
            for n in range(int(given.get("count", 1))):
                self._notify("notifications/message", {"level": "info", "data": n})
        elif tool == "change":
            self._notify("notifications/tools/list_changed", {})

    def _ask(self, number: Any) -> None:
        id_ = f"ask-{len(self._asked)}"
        self._asked[id_] = number
        schema = {"type": "object", "properties": {"value": {"type": "string"}}}
        params = {"message": "what is your name?", "requestedSchema": schema}
        self._say({"jsonrpc": "2.0", "id": id_, "method": "elicitation/create", "params": params})

    # --- messages of the client ----------------------------------------------------------------------------------

    def _take_answer(self, message: Mapping[str, Any]) -> None:
        number = self._asked.pop(str(message.get("id")), None)
        if number is None:
            return
        if "error" in message:
            self._answer_call(number, f"error {message['error'].get('code')}")
        else:
            result: Mapping[str, Any] = message.get("result") or {}
            content: Mapping[str, Any] = result.get("content") or {}
            self._answer_call(number, f"{result.get('action')}: {content.get('value')}")

    def _take_notification(self, method: str, params: Mapping[str, Any]) -> None:
        self._heard.append(method)
        if method == "notifications/cancelled" and params.get("requestId") in self._held:
            del self._held[params["requestId"]]
            self._cancelled += 1

    # --- messages to the client ----------------------------------------------------------------------------------

    def _answer(self, number: Any, result: Message) -> None:
        self._say({"jsonrpc": "2.0", "id": number, "result": result})

    def _answer_call(self, number: Any, text: str) -> None:
        self._answer(number, {"content": [{"type": "text", "text": text}]})

    def _error(self, number: Any, code: int, message: str, data: Any = None) -> None:
        error = {"code": code, "message": message, **({} if data is None else {"data": data})}
        self._say({"jsonrpc": "2.0", "id": number, "error": error})

    def _unknown(self, number: Any, what: str) -> None:
        self._error(number, METHOD_NOT_FOUND, f"{what} is not known")

    def _notify(self, method: str, params: Message) -> None:
        self._say({"jsonrpc": "2.0", "method": method, "params": params})

    def _progress(self, token: Any, progress: int) -> None:
        if token is not None:
            self._notify("notifications/progress", {"progressToken": token, "progress": progress})


_ANYTHING: Final = {"type": "object"}


def _describe(tool: str) -> str:
    return f"The tool {tool!r} of the reference server."
