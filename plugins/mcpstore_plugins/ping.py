"""Health strategy `ping`: the cheapest request; a second kind of request confirms silence, and regularly health."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from mcpstore.errors import CallTimeout, ServiceBusy, ServiceError
from mcpstore.hooks import Check, Connection, HealthStrategy, hookimpl

__all__ = ["PingOptions", "probe"]

METHOD_NOT_FOUND: Final = -32601

FIRST_WITHOUT_PING: Final = "2026-07-28"
"""Protocol version that replaced `ping` by `server/discover`; versions compare as dates."""

WORK_EVERY: Final = 10
"""Number of checks of which one begins with a request that makes the service work."""


class PingOptions(BaseModel, extra="forbid"):
    """`ping` has no options."""


async def probe(check: Check, _options: PingOptions) -> None:
    """Send a cheap request; the service counts as silent only if it does not answer a second kind of request either.

    An error "method not found" counts as an answer. The strategy remembers a server that ignores pings, so that later
    checks do not wait for them. An answered ping does not prove that the service works, so every tenth check begins
    with a request that makes it work; if that one fails, it comes first until it succeeds.

    Raises:
        CallTimeout: The service answered neither request.
        ServiceBusy: The service answers pings but does not work.
        CallError: The service answered with an error.
    """
    cheap, work = _methods(check.connection)
    memory, timeout = check.memory, check.timeout / 2
    memory["checks"] = memory.get("checks", 0) + 1
    ignores_ping = bool(memory.get("ignores_ping"))
    work_first = ignores_ping or bool(memory.get("work_failed")) or memory["checks"] % WORK_EVERY == 0
    first, second = (work, cheap) if work_first else (cheap, work)
    memory["work_failed"] = work_first
    try:
        await _request(check, first, timeout)
    except (CallTimeout, ServiceError) as error:
        if isinstance(error, ServiceError) and (ignores_ping or not work_first):
            raise
        await _request(check, second, timeout)
        memory["ignores_ping"] = not work_first
        if work_first:
            raise ServiceBusy(f"the service answers {cheap!r}, but {work!r} failed: {error}") from None
    else:
        memory["work_failed"] = False


async def _request(check: Check, method: str, timeout: float) -> None:  # noqa: ASYNC109 - of the request
    try:
        await check.connection.request(method, timeout=timeout)
    except ServiceError as error:
        if error.code != METHOD_NOT_FOUND:
            raise


def _methods(connection: Connection) -> tuple[str, str]:
    """Return the cheap method and the one that makes the service work; without capabilities, that is `tools/list`."""
    cheap = "ping" if connection.protocol_version < FIRST_WITHOUT_PING else "server/discover"
    lists = [f"{kind}/list" for kind in ("tools", "prompts", "resources") if kind in connection.server.capabilities]
    return cheap, (lists or ["tools/list"])[0]


@hookimpl
def mcpstore_health_strategies() -> list[HealthStrategy[PingOptions]]:
    """Return the strategy."""
    return [HealthStrategy(name="ping", config=PingOptions, probe=probe)]
