"""Requests of the modern era that need input: answer the questions and repeat the request until it has a result."""

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
"""The `resultType` of an answer that asks for input."""

MAX_ROUNDS: Final = 10
"""Number of times a request is repeated; the official SDKs have the same bound (`mcp.client._input_required`)."""

_PAUSE: Final = 0.05
_PAUSE_CAP: Final = 0.25


async def complete(
    first: dict[str, Any],
    params: Mapping[str, Any] | None,
    peer: ClientEndpoint,
    ask_again: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]],
) -> dict[str, Any]:
    """Return the final result of a request.

    Args:
        first: The first answer.
        params: The parameters of the request.
        peer: Answers the questions.
        ask_again: Sends the request with other parameters.

    Raises:
        ServiceError: A question was declined, or there were more than `MAX_ROUNDS` rounds.
    """
    result, pause = first, _PAUSE
    for _ in range(MAX_ROUNDS):
        questions = as_object(result.get("inputRequests")) or {}
        more: dict[str, Any] = {}
        if questions:
            more["inputResponses"] = await _answers(questions, peer)
        else:  # the server only asks for a later repetition, while it works
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_CAP)
        if "requestState" in result:
            more["requestState"] = result["requestState"]  # opaque: returned unchanged
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
    except BaseExceptionGroup as declined:  # the first refusal ends the request and cancels the others
        raise declined.exceptions[0] from None
    return {key: task.result() for key, task in tasks.items()}


async def _answer(question: Any, peer: ClientEndpoint) -> dict[str, Any]:
    asked = as_object(question) or {}
    method = asked.get("method")
    if not isinstance(method, str):
        raise ServiceError(INTERNAL_ERROR, "the service asked for input without a method")
    return await consult(peer, method, as_object(asked.get("params")) or {})
