"""Health strategy `call_tool`: a service is healthy if a call of one of its tools succeeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from mcpstore.errors import CheckFailed
from mcpstore.hooks import Check, HealthStrategy, hookimpl
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["CallToolOptions", "probe"]

MAX_SHOWN: Final = 80
"""Characters of a result in an error."""


class CallToolOptions(BaseModel, extra="forbid"):
    """Options of `call_tool`.

    Attributes:
        tool: Name of the tool. It is called at every check, so it should change nothing.
        arguments: Arguments of the call.
        expect: Text that the result must contain; empty accepts any result that is not an error.
    """

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    expect: str = ""


async def probe(check: Check, options: CallToolOptions) -> None:
    """Call the tool and check its result.

    Raises:
        CheckFailed: The tool returned an error, or its result does not contain the expected text.
        CallError: The call failed.
    """
    params = {"name": options.tool, "arguments": options.arguments}
    result = await check.connection.request("tools/call", params, timeout=check.timeout)
    text = _text(result)
    if result.get("isError") is True:
        raise CheckFailed(f"tool {options.tool!r} failed: {text[:MAX_SHOWN]}")
    if options.expect not in text:
        shown = text[:MAX_SHOWN]
        raise CheckFailed(f"result of tool {options.tool!r} must contain {options.expect!r} (got {shown!r})")


def _text(result: Mapping[str, Any]) -> str:
    blocks = map(as_object, as_array(result.get("content")) or ())
    return "\n".join(as_text(block.get("text")) or "" for block in blocks if block is not None)


@hookimpl
def mcpstore_health_strategies() -> list[HealthStrategy[CallToolOptions]]:
    """Return the strategy."""
    return [HealthStrategy(name="call_tool", config=CallToolOptions, probe=probe)]
