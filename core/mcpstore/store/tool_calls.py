"""The way of a call: from a name to a service, through those who may forbid it, over its connection and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mcpstore.errors import CallError, InvalidArgument, ToolError, ToolNotApproved, ToolNotFound
from mcpstore.hooks.connection import ProgressFn
from mcpstore.hooks.events import CallRequest, Refusal, ToolCall
from mcpstore.models.catalog import Tool
from mcpstore.models.service import ToolPinning
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import a_mapping, check_bool, check_str, check_timeout, describe
from mcpstore.store.manager import StoreManager
from mcpstore.store.results import CallResult

__all__ = ["call_tool", "get_prompt", "read_resource"]

AUTHORIZE: Final = "mcpstore_authorize_call"
CALLED: Final = "mcpstore_tool_called"

Scope = frozenset[str] | None


async def call_tool(
    house: StoreManager,
    scope: Scope,
    agent: str | None,
    name: str,
    arguments: Mapping[str, Any] | None,
    *,
    service: str | None,
    timeout: float | None,  # noqa: ASYNC109 - the service is told when it runs out
    raise_on_error: bool,
    on_progress: ProgressFn | None,
) -> CallResult:
    """Call a tool; see `AsyncServiceContext.call_tool`."""
    check_str("name", name)
    if arguments is not None and not isinstance(arguments, Mapping):
        raise InvalidArgument("arguments", f"must be a dictionary (got {describe(arguments)})")
    timeout = check_timeout("timeout", timeout, above=True)
    if service is not None:
        check_str("service", service)
    if on_progress is not None and not callable(on_progress):
        raise InvalidArgument("on_progress", f"must be callable (got {describe(on_progress)}); pass a function")
    check_bool("raise_on_error", raise_on_error)
    tool = _find(house, name, service, scope)
    runner = house.supervisor.runner(tool.service)
    given = dict(arguments or {})
    limit = _limit(runner, timeout)
    if house.plugins.listens(AUTHORIZE):
        await _authorize(house, CallRequest(service=tool.service, tool=tool.name, arguments=given, agent=agent))
    if house.metering.counts_calls or house.plugins.listens(CALLED):
        result = await _call_and_record(house, runner, tool, given, limit, on_progress, agent)
    else:
        result = await _call(runner, tool, given, limit, on_progress)
    if raise_on_error and result.is_error:
        raise ToolError(tool.name, result.text or "it gave no reason", result)
    return result


async def read_resource(house: StoreManager, scope: Scope, uri: str, service: str | None) -> Mapping[str, Any]:
    """Read a resource; see `AsyncServiceContext.read_resource`."""
    check_str("uri", uri)
    if service is None:
        offers = house.registry.resources(scope)
        holders = {resource.service for resource in offers if resource.uri == uri}
        # An address that nobody lists may still come from a template; with one candidate there is no doubt whose.
        holders = holders or {resource.service for resource in offers if resource.is_template}
        if len(holders) != 1:
            remedy = f"say which service: {', '.join(sorted(holders))}" if holders else ""
            raise ToolNotFound(uri, kind="resource", remedy=remedy)
        (service,) = holders
    runner = house.supervisor.runner(service)
    return await runner.request("resources/read", {"uri": uri}, timeout=_limit(runner, None))


async def get_prompt(
    house: StoreManager, scope: Scope, name: str, arguments: Mapping[str, str] | None, service: str | None
) -> Mapping[str, Any]:
    """Return a prompt; see `AsyncServiceContext.get_prompt`."""
    check_str("name", name)
    a_mapping("arguments", arguments)
    prompt = house.registry.find_prompt(name, service, scope)
    runner = house.supervisor.runner(prompt.service)
    params = {"name": prompt.name, "arguments": dict(arguments or {})}
    return await runner.request("prompts/get", params, timeout=_limit(runner, None))


def _find(house: StoreManager, name: str, service: str | None, scope: Scope) -> Tool:
    try:
        return house.registry.find_tool(name, service, scope)
    except ToolNotFound:
        _check_withheld(house, name, service, scope)
        # Perhaps it is only away: then the reason of its service helps more than a name nobody knows.
        for runner in house.supervisor.runners():
            owner = runner.spec.name
            if runner.is_live or (scope is not None and owner not in scope) or service not in (None, owner):
                continue
            known = house.registry.catalog(owner).tools
            if owner == service or known.get(name) is not None or name.startswith(f"{owner}/"):
                raise runner.unavailable() from None
        raise


def _check_withheld(house: StoreManager, name: str, service: str | None, scope: Scope) -> None:
    """Make sure that a tool nobody can find is not one that was withheld.

    Raises:
        ToolNotApproved: It is.
    """
    for runner in house.supervisor.runners():
        owner = runner.spec.name
        if runner.spec.tool_pinning is not ToolPinning.BLOCK or not runner.is_live:
            continue
        if (scope is not None and owner not in scope) or service not in (None, owner):
            continue
        for tool in (name, name.removeprefix(f"{owner}/")):
            if (change := runner.pins.change_of(tool, withheld=True)) is not None:
                raise ToolNotApproved(owner, tool, change.summary, is_new=change.is_new) from None


async def _call(
    runner: ServiceRunner, tool: Tool, arguments: dict[str, Any], limit: float, on_progress: ProgressFn | None
) -> CallResult:
    params = {"name": tool.name, "arguments": arguments}
    try:
        raw = await runner.request("tools/call", params, timeout=limit, on_progress=on_progress)
    except (TypeError, ValueError) as error:
        raise InvalidArgument("arguments", f"cannot be written as JSON: {error}") from None
    return CallResult(service=tool.service, tool=tool.name, raw=raw, is_wrapped=_wraps(tool))


async def _call_and_record(
    house: StoreManager,
    runner: ServiceRunner,
    tool: Tool,
    arguments: dict[str, Any],
    limit: float,
    on_progress: ProgressFn | None,
    agent: str | None,
) -> CallResult:
    """Call a tool, count the call, and tell the plugins how it went."""
    now = house.supervisor.clock.now
    began = now()
    error: str | None = "cancelled"
    try:
        result = await _call(runner, tool, arguments, limit, on_progress)
    except Exception as failed:
        error = str(failed) or type(failed).__name__
        raise
    else:
        error = (result.text or "it gave no reason") if result.is_error else None
        return result
    finally:
        duration = now() - began
        if error is not None and runner.session is not None:
            error = runner.session.redact(error)
        house.metering.called(tool.service, tool.name, duration, error)
        if house.plugins.listens(CALLED):
            call = ToolCall(
                service=tool.service,
                tool=tool.name,
                duration=duration,
                ok=error is None,
                error=error,
                agent=agent,
                timestamp=house.supervisor.clock.posix(),
            )
            house.plugins.notify(CALLED, call=call)


async def _authorize(house: StoreManager, request: CallRequest) -> None:
    answer = await house.plugins.decide(AUTHORIZE, call=request)
    if isinstance(answer, Refusal):
        raise CallError(f"tool {request.tool!r} of service {request.service!r} may not be called: {answer.why}")


def _limit(runner: ServiceRunner, timeout: float | None) -> float:
    return runner.call_timeout if timeout is None else timeout


def _wraps(tool: Tool) -> bool:
    """Whether a tool wraps what it returns, as FastMCP does with anything but objects."""
    schema = tool.output_schema
    return schema is not None and schema.get("x-fastmcp-wrap-result") is True
