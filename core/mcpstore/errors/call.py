"""Errors of calling a service."""

from __future__ import annotations

import shlex
from typing import Any, Final

from mcpstore.errors.base import MCPStoreError

__all__ = [
    "CallError",
    "CallTimeout",
    "CheckFailed",
    "ConnectionLost",
    "ServiceBusy",
    "ServiceError",
    "ServiceUnavailable",
    "ToolError",
    "ToolNotApproved",
]


class CallError(MCPStoreError):
    """A request to a service did not end well."""


class ServiceError(CallError):
    """The service answered with a JSON-RPC error.

    Attributes:
        code: The JSON-RPC error code.
        message: The message of the service.
        data: Whatever the service attached, usually None.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code: Final = code
        self.message: Final = message
        self.data: Final = data
        super().__init__(f"{message} (code {code})")


class ServiceBusy(CallError):
    """The service answers, but asks to be left alone for a while (HTTP 429, or 503 with Retry-After).

    Attributes:
        retry_after: Seconds it asked for, if it said so.
    """

    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        self.retry_after: Final = retry_after
        super().__init__(what)


class CheckFailed(CallError):
    """A health check got an answer, and something is wrong with it."""


class ToolError(CallError):
    """The tool ran and reported failure.

    Attributes:
        result: The whole result, for those who want more than its text.
    """

    def __init__(self, tool: str, text: str, result: Any = None) -> None:
        self.tool: Final = tool
        self.result: Final = result
        super().__init__(f"tool {tool!r} failed: {text}")


class CallTimeout(CallError, TimeoutError):
    """No result and no progress in time; the service was told to stop."""


class ConnectionLost(CallError, ConnectionError):
    """The peer went away while a request was under way: whether it took effect is unknown."""


class ServiceUnavailable(CallError):
    """The service cannot be called at the moment.

    Attributes:
        state: Its connection state.
    """

    def __init__(self, service: str, state: str, why: str = "", *, remedy: str = "") -> None:
        self.service: str | None = service
        self.state: Final = state
        self.remedy: str = remedy
        super().__init__(
            f"service {service!r} is {state}" + (f": {why}" if why else "") + (f"; {remedy}" if remedy else "")
        )


class ToolNotApproved(CallError):
    """The tool is not what it was when it was first seen, or approved, and its service is pinned.

    Attributes:
        tool: Its name.
        difference: What is different, in words.
    """

    def __init__(self, service: str, tool: str, difference: str, *, is_new: bool = False) -> None:
        self.service: str | None = service
        self.tool: Final = tool
        self.difference: Final = difference
        words = (service, tool) if tool.isprintable() else (service,)  # nobody could type its name
        self.remedy: str = f"approve it: mcpstore approve {shlex.join(words)}"
        what = "is new" if is_new else "is not what it was"
        super().__init__(
            f"tool {tool!r} of service {service!r} {what}, and nobody has approved it ({difference}); {self.remedy}"
        )
