"""Requests of the modern era that come back with questions: answer them and ask again, until there is a result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mcpstore.errors import ServiceError
from mcpstore.hooks.connection import ClientEndpoint
from mcpstore.models.json_types import as_object
from mcpstore.wire.protocol import INTERNAL_ERROR, OVERLOADED
from mcpstore.wire.server_requests import MAX_SERVED, consult

__all__ = ["INPUT_REQUIRED", "MAX_ROUNDS", "complete"]

INPUT_REQUIRED: Final = "input_required"
"""The `resultType` of a result that is none yet."""

MAX_ROUNDS: Final = 10
"""Times a request is asked again; every official SDK gives up after as many (`mcp.client._input_required`)."""

_PAUSE: Final = 0.05
_PAUSE_CAP: Final = 0.25


async def complete(
    first: dict[str, Any],
    params: Mapping[str, Any] | None,
    peer: ClientEndpoint,
    ask_again: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]],
) -> dict[str, Any]:
    """Return the result in the end.

    Args:
        first: What came back first.
        params: The parameters of the request.
        peer: Who answers the questions.
        ask_again: Sends the request with other parameters.

    Raises:
        ServiceError: A question was declined, or the questions do not end.
    """
    result, pause = first, _PAUSE
    for _ in range(MAX_ROUNDS):
        questions = as_object(result.get("inputRequests")) or {}
        more: dict[str, Any] = {}
        if questions:
            more["inputResponses"] = await _answers(questions, peer)
        else:  # the server only wants to be asked later: seconds of work of its own, the SDKs say
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_CAP)
        if "requestState" in result:
            more["requestState"] = result["requestState"]  # opaque: handed back as it came
        result = await ask_again({**(params or {}), **more})
        if result.get("resultType") != INPUT_REQUIRED:
            return result
    raise ServiceError(INTERNAL_ERROR, f"the service asked for more input {MAX_ROUNDS} times; it was not asked again")


async def _answers(questions: Mapping[str, Any], peer: ClientEndpoint) -> dict[str, Any]:
    if len(questions) > MAX_SERVED:
        raise ServiceError(
            OVERLOADED, f"the service asked {len(questions)} questions at once; {MAX_SERVED} are allowed"
        )
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(_answer(question, peer)) for key, question in questions.items()}
    except BaseExceptionGroup as declined:  # the first refusal ends the request; the others are called off
        raise declined.exceptions[0] from None
    return {key: task.result() for key, task in tasks.items()}


async def _answer(question: Any, peer: ClientEndpoint) -> dict[str, Any]:
    asked = as_object(question) or {}
    method = asked.get("method")
    if not isinstance(method, str):
        raise ServiceError(INTERNAL_ERROR, "the service asked for input without saying which")
    return await consult(peer, method, as_object(asked.get("params")) or {})
