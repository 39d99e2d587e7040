"""Health strategy `ping`: the cheapest round trip there is, and a second opinion before silence counts."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from mcpstore.errors import CallTimeout, ServiceError
from mcpstore.hooks import Check, Connection, HealthStrategy, hookimpl

__all__ = ["PingOptions", "probe"]

METHOD_NOT_FOUND: Final = -32601

FIRST_WITHOUT_PING: Final = "2026-07-28"
"""The protocol version that replaced `ping` by `server/discover`; versions compare as dates do."""


class PingOptions(BaseModel, extra="forbid"):
    """`ping` has no options."""


async def probe(check: Check, _options: PingOptions) -> None:
    """Ask for a sign of life; silence counts only when a second kind of question meets it, too.

    A service that does not know the question is alive: it said so. Which question was answered last is remembered, so
    that a server that ignores pings is not waited for at every check.

    Raises:
        CallTimeout: It answered neither question.
        CallError: It answered with an error.
    """
    questions = _questions(check.connection)
    answered = check.memory.get("answered")
    questions.sort(key=lambda method: method != answered)
    share = check.timeout / len(questions)
    for method in questions:
        try:
            await check.connection.request(method, timeout=share)
        except CallTimeout:
            if method is questions[-1]:
                raise
            continue
        except ServiceError as error:
            if error.code != METHOD_NOT_FOUND:
                raise
        check.memory["answered"] = method
        return


def _questions(connection: Connection) -> list[str]:
    """Return what can be asked, the cheapest first; who offers nothing at all can still say that it knows no tools."""
    first = "ping" if connection.protocol_version < FIRST_WITHOUT_PING else "server/discover"
    lists = [f"{kind}/list" for kind in ("tools", "prompts", "resources") if kind in connection.server.capabilities]
    return [first, *(lists or ["tools/list"])[:1]]


@hookimpl
def mcpstore_health_strategies() -> list[HealthStrategy[PingOptions]]:
    """Offer the strategy."""
    return [HealthStrategy(name="ping", config=PingOptions, probe=probe)]
