"""Health strategy `list_tools`: a service is healthy if it lists its tools, including the expected ones."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mcpstore.errors import CheckFailed
from mcpstore.hooks import Check, HealthStrategy, hookimpl
from mcpstore.models.json_types import as_array, as_object

__all__ = ["ListToolsOptions", "probe"]


class ListToolsOptions(BaseModel, extra="forbid"):
    """Options of `list_tools`.

    Attributes:
        expect: Names of tools that must be on the first page of the list.
    """

    expect: list[str] = Field(default_factory=list)


async def probe(check: Check, options: ListToolsOptions) -> None:
    """List the tools.

    Raises:
        CheckFailed: The result is not a list, or a tool is missing.
        CallError: The request failed.
    """
    result = await check.connection.request("tools/list", timeout=check.timeout)
    tools = as_array(result.get("tools"))
    if tools is None:
        raise CheckFailed(f"tools/list: 'tools' must be a list (got {type(result.get('tools')).__name__})")
    names = {tool.get("name") for tool in map(as_object, tools) if tool is not None}
    missing = [name for name in options.expect if name not in names]
    if missing:
        raise CheckFailed(f"tools/list: missing {', '.join(map(repr, missing))}")


@hookimpl
def mcpstore_health_strategies() -> list[HealthStrategy[ListToolsOptions]]:
    """Return the strategy."""
    return [HealthStrategy(name="list_tools", config=ListToolsOptions, probe=probe)]
