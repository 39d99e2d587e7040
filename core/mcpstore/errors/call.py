"""Errors of requests to a service."""

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
    """A request to a service failed."""


class ServiceError(CallError):
    """The service answered with a JSON-RPC error.

    Attributes:
        code: JSON-RPC error code.
        message: Error message of the service.
        data: Additional data of the error; usually None.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code: Final = code
        self.message: Final = message
        self.data: Final = data
        super().__init__(f"{message} (code {code})")


class ServiceBusy(CallError):
    """The service answers, but asks for a pause (HTTP 429, or 503 with Retry-After).

    Attributes:
        retry_after: Length of the pause, in seconds; None if the service did not give it.
    """

    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        self.retry_after: Final = retry_after
        super().__init__(what)


class CheckFailed(CallError):
    """A health check got an invalid answer."""


class ToolError(CallError):
    """The tool ran and reported an error.

    Attributes:
        tool: Name of the tool.
        result: The whole result of the tool.
    """

    def __init__(self, tool: str, text: str, result: Any = None) -> None:
        self.tool: Final = tool
        self.result: Final = result
        super().__init__(f"tool {tool!r} failed: {text}")


class CallTimeout(CallError, TimeoutError):
    """The service sent neither a result nor progress in time; it was asked to cancel the request."""


class ConnectionLost(CallError, ConnectionError):
    """The connection ended before the result of the request; whether the request took effect is unknown."""


class ServiceUnavailable(CallError):
    """The service has no connection, so it cannot be called now.

    Attributes:
        state: Connection state of the service.
    """

    def __init__(self, service: str, state: str, why: str = "", *, remedy: str = "") -> None:
        self.service: str | None = service
        self.state: Final = state
        self.remedy: str = remedy
        super().__init__(
            f"service {service!r} is {state}" + (f": {why}" if why else "") + (f"; {remedy}" if remedy else "")
        )


class ToolNotApproved(CallError):
    """The tool is new or has changed since its approval, and its service has `tool_pinning` "block".

    Attributes:
        tool: Name of the tool.
        difference: Description of the change.
    """

    def __init__(self, service: str, tool: str, difference: str, *, is_new: bool = False) -> None:
        self.service: str | None = service
        self.tool: Final = tool
        self.difference: Final = difference
        arguments = (service, tool) if tool.isprintable() else (service,)  # other names cannot be typed
        self.remedy: str = f"approve it: mcpstore approve {shlex.join(arguments)}"
        change = "is new" if is_new else "has changed"
        super().__init__(
            f"tool {tool!r} of service {service!r} {change} and is not approved ({difference}); {self.remedy}"
        )
