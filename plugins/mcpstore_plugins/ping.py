"""Health strategy `ping`: the cheapest round trip there is, and a second opinion before silence, or health, counts."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from mcpstore.errors import CallTimeout, ServiceBusy, ServiceError
from mcpstore.hooks import Check, Connection, HealthStrategy, hookimpl

__all__ = ["PingOptions", "probe"]

METHOD_NOT_FOUND: Final = -32601

FIRST_WITHOUT_PING: Final = "2026-07-28"
"""The protocol version that replaced `ping` by `server/discover`; versions compare as dates do."""


TESTED_EVERY: Final = 10
"""Of so many checks one begins with a question that a service must work for."""


class PingOptions(BaseModel, extra="forbid"):
    """`ping` has no options."""


async def probe(check: Check, _options: PingOptions) -> None:
    """Ask for a sign of life; silence counts only when a second kind of question meets it, too.

    A service that does not know the question is alive: it said so. Which question was answered last is remembered, so
    that a server that ignores pings is not waited for at every check. A sign of life is not work, so now and then the
    question that costs some comes first; once it was not answered it comes first until it is.

    Raises:
        CallTimeout: It answered neither question.
        ServiceBusy: It gives signs of life and does not work.
        CallError: It answered with an error.
    """
    cheap, costly = _questions(check.connection)
    memory, share = check.memory, check.timeout / 2
    memory["checks"] = memory.get("checks", 0) + 1
    ignores = bool(memory.get("ignores"))
    is_tested = ignores or bool(memory.get("owes")) or memory["checks"] % TESTED_EVERY == 0
    first, second = (costly, cheap) if is_tested else (cheap, costly)
    memory["owes"] = is_tested
    try:
        await _ask(check, first, share)
    except (CallTimeout, ServiceError) as error:
        if isinstance(error, ServiceError) and (ignores or not is_tested):
            raise
        await _ask(check, second, share)
        memory["ignores"] = not is_tested
        if is_tested:
            raise ServiceBusy(f"it gives signs of life, and {costly!r} does not work: {error}") from None
    else:
        memory["owes"] = False


async def _ask(check: Check, method: str, within: float) -> None:
    try:
        await check.connection.request(method, timeout=within)
    except ServiceError as error:
        if error.code != METHOD_NOT_FOUND:
            raise


def _questions(connection: Connection) -> tuple[str, str]:
    """Return what can be asked, the cheaper first; who offers nothing at all can still say that it knows no tools."""
    first = "ping" if connection.protocol_version < FIRST_WITHOUT_PING else "server/discover"
    lists = [f"{kind}/list" for kind in ("tools", "prompts", "resources") if kind in connection.server.capabilities]
    return first, (lists or ["tools/list"])[0]


@hookimpl
def mcpstore_health_strategies() -> list[HealthStrategy[PingOptions]]:
    """Offer the strategy."""
    return [HealthStrategy(name="ping", config=PingOptions, probe=probe)]
