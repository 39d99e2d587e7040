"""A health strategy: a service is well if it offers enough tools."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, Field

from mcpstore.errors import CheckFailed
from mcpstore.hooks import Check, HealthStrategy, hookimpl
from mcpstore.models.json_types import as_array

__all__ = ["Options", "probe"]

mcpstore_api = ">=1.0,<2"


class Options(BaseModel, extra="forbid"):
    """What is enough.

    Attributes:
        least: Tools that must be on the first page of the list.
    """

    least: int = Field(default=1, ge=0)


async def probe(check: Check, options: Options) -> None:
    """Check a service; returning means that it is well.

    Args:
        check: The service, and its connection.
        options: What is enough.

    Raises:
        CheckFailed: It offers too few tools.
        CallError: It does not list them.
    """
    result = await check.connection.request("tools/list", timeout=check.timeout)
    tools = as_array(result.get("tools"))
    if tools is None:
        raise CheckFailed(f"tools/list: 'tools' must be a list (got {type(result.get('tools')).__name__})")
    if len(tools) < options.least:
        raise CheckFailed(f"tools/list: expected at least {options.least} tools, got {len(tools)}")


@hookimpl
def mcpstore_health_strategies() -> Iterable[HealthStrategy[Options]]:
    """Offer the strategy."""
    yield HealthStrategy(name="template", config=Options, probe=probe)
