"""Health strategy `template`: a service is healthy if it offers a minimal number of tools."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, Field

from mcpstore.errors import CheckFailed
from mcpstore.hooks import Check, HealthStrategy, hookimpl
from mcpstore.models.json_types import as_array

__all__ = ["Options", "probe"]

mcpstore_api = ">=1.0,<2"


class Options(BaseModel, extra="forbid"):
    """Options of the strategy.

    Attributes:
        least: Minimal number of tools on the first page of the list.
    """

    least: int = Field(default=1, ge=0)


async def probe(check: Check, options: Options) -> None:
    """Check a service; it is healthy if this returns.

    Args:
        check: The service and its connection.
        options: Options of the strategy.

    Raises:
        CheckFailed: The service offers too few tools.
        CallError: The request failed.
    """
    result = await check.connection.request("tools/list", timeout=check.timeout)
    tools = as_array(result.get("tools"))
    if tools is None:
        raise CheckFailed(f"tools/list: 'tools' must be a list (got {type(result.get('tools')).__name__})")
    if len(tools) < options.least:
        raise CheckFailed(f"tools/list: must list at least {options.least} tools (got {len(tools)})")


@hookimpl
def mcpstore_health_strategies() -> Iterable[HealthStrategy[Options]]:
    """Return the strategy."""
    yield HealthStrategy(name="template", config=Options, probe=probe)
