"""Health strategy `call_tool`: a service is well if a tool of its does what it should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from mcpstore.errors import CheckFailed
from mcpstore.hooks import Check, HealthStrategy, hookimpl
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["CallToolOptions", "probe"]

SHOWN: Final = 80


class CallToolOptions(BaseModel, extra="forbid"):
    """Options of `call_tool`.

    Attributes:
        tool: The tool that is called. It is called at every check, so it should change nothing.
        arguments: Its arguments.
        expect: Text that the result must contain; empty for any result that is no error.
    """

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    expect: str = ""


async def probe(check: Check, options: CallToolOptions) -> None:
    """Call the tool and look at its result.

    Raises:
        CheckFailed: The tool failed, or its result is not as expected.
        CallError: The call did not end well.
    """
    params = {"name": options.tool, "arguments": options.arguments}
    result = await check.connection.request("tools/call", params, timeout=check.timeout)
    text = _text(result)
    if result.get("isError") is True:
        raise CheckFailed(f"tool {options.tool!r} failed: {text[:SHOWN]}")
    if options.expect not in text:
        raise CheckFailed(f"tool {options.tool!r}: its result must contain {options.expect!r} (got {text[:SHOWN]!r})")


def _text(result: Mapping[str, Any]) -> str:
    blocks = map(as_object, as_array(result.get("content")) or ())
    return "\n".join(as_text(block.get("text")) or "" for block in blocks if block is not None)


@hookimpl
def mcpstore_health_strategies() -> list[HealthStrategy[CallToolOptions]]:
    """Offer the strategy."""
    return [HealthStrategy(name="call_tool", config=CallToolOptions, probe=probe)]
