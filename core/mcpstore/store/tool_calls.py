"""Tools, resources and prompts: listed from the registry; called, read and filled over the connection of a service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from mcpstore.errors import CallError, InvalidArgument, ToolError, ToolNotApproved, ToolNotFound
from mcpstore.hooks.connection import ProgressFn
from mcpstore.hooks.events import CallRequest, Refusal, ToolCall
from mcpstore.models.catalog import Prompt, Resource, Tool
from mcpstore.models.record import NamedList
from mcpstore.models.service import ToolPinning
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import check_bool, check_mapping, check_str, check_timeout, describe
from mcpstore.store.parts import StoreParts
from mcpstore.store.results import CallResult
from mcpstore.store.scope import Scope

__all__ = ["ToolCalls"]

AUTHORIZE: Final = "mcpstore_authorize_call"
CALLED: Final = "mcpstore_tool_called"

NO_REASON: Final = "the tool gave no reason"


class ToolCalls:
    """Lists and calls tools, resources and prompts.

    Args:
        scope: The services covered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope

    def tools(self, service: str | None) -> NamedList[Tool]:
        """Return the tools that can be called now; see `AsyncServiceContext.list_tools`."""
        return self._scope.parts().registry.tools(self._scope.narrow_to(service))

    def resources(self, service: str | None) -> NamedList[Resource]:
        """Return the resources that can be read now; see `AsyncServiceContext.list_resources`."""
        return self._scope.parts().registry.resources(self._scope.narrow_to(service))

    def prompts(self, service: str | None) -> NamedList[Prompt]:
        """Return the prompts that can be filled now; see `AsyncServiceContext.list_prompts`."""
        return self._scope.parts().registry.prompts(self._scope.narrow_to(service))

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None,
        *,
        service: str | None,
        timeout: float | None,  # noqa: ASYNC109 - sent to the service
        raise_on_error: bool,
        on_progress: ProgressFn | None,
    ) -> CallResult:
        """Call a tool; see `AsyncServiceContext.call_tool`."""
        manager, agent = self._scope.manager, self._scope.agent
        # The scope is asked only where there is something to find out: the usual call crosses one file less.
        parts = manager.parts if manager.is_open else self._scope.parts()
        names = None if agent is None else self._scope.names()
        check_str("name", name)
        if arguments is not None and not isinstance(arguments, Mapping):
            raise InvalidArgument("arguments", f"must be a dictionary (got {describe(arguments)})")
        timeout = check_timeout("timeout", timeout, above=True)
        if service is not None:
            check_str("service", service)
        if on_progress is not None and not callable(on_progress):
            raise InvalidArgument("on_progress", f"must be callable (got {describe(on_progress)}); pass a function")
        check_bool("raise_on_error", raise_on_error)
        tool = _find(parts, name, service, names)
        runner = parts.supervisor.by_name[tool.service]
        values = dict(arguments or {})
        limit = runner.calls.timeout if timeout is None else timeout
        if AUTHORIZE in parts.plugins.listeners:
            await _authorize(parts, CallRequest(service=tool.service, tool=tool.name, arguments=values, agent=agent))
        if parts.collector.counts_calls or CALLED in parts.plugins.listeners:
            result = await _call_and_record(parts, runner, tool, values, limit, on_progress, agent)
        else:
            result = await _call(runner, tool, values, limit, on_progress)
        if raise_on_error and result.is_error:
            raise ToolError(tool.name, result.text or NO_REASON, result)
        return result

    async def read_resource(self, uri: str, service: str | None) -> Mapping[str, Any]:
        """Read a resource; see `AsyncServiceContext.read_resource`."""
        parts = self._scope.parts()
        self._scope.narrow_to(service)  # an unknown service is reported before an unknown resource
        check_str("uri", uri)
        if service is None:
            service = self._service_of(parts, uri)
        runner = parts.supervisor.runner(service)
        return await runner.calls.request("resources/read", {"uri": uri}, timeout=runner.calls.timeout)

    def _service_of(self, parts: StoreParts, uri: str) -> str:
        resources = parts.registry.resources(self._scope.names())
        services = {resource.service for resource in resources if resource.uri == uri}
        # A URI in no list may match a template; if only one service has templates, the URI can only belong to it.
        services = services or {resource.service for resource in resources if resource.is_template}
        if len(services) != 1:
            remedy = f"name the service: {', '.join(sorted(services))}" if services else ""
            raise ToolNotFound(uri, kind="resource", remedy=remedy)
        return services.pop()

    async def fill_prompt(
        self, name: str, arguments: Mapping[str, str] | None, service: str | None
    ) -> Mapping[str, Any]:
        """Return a prompt filled with arguments; see `AsyncServiceContext.get_prompt`."""
        parts = self._scope.parts()
        self._scope.narrow_to(service)
        check_str("name", name)
        check_mapping("arguments", arguments)
        prompt = parts.registry.find_prompt(name, service, self._scope.names())
        runner = parts.supervisor.runner(prompt.service)
        params = {"name": prompt.name, "arguments": dict(arguments or {})}
        return await runner.calls.request("prompts/get", params, timeout=runner.calls.timeout)


def _find(parts: StoreParts, name: str, service: str | None, names: frozenset[str] | None) -> Tool:
    try:
        return parts.registry.find_tool(name, service, names)
    except ToolNotFound:
        owners = [
            runner
            for runner in parts.supervisor.runners()
            if (names is None or runner.spec.name in names) and service in (None, runner.spec.name)
        ]
        for runner in owners:
            _check_approved(runner, name)
        # If a service that is not connected offers the tool, the reason why it is not connected is the better error.
        for runner in owners:
            owner = runner.spec.name
            if runner.is_live:
                continue
            known = parts.registry.catalog(owner).tools
            if owner == service or known.get(name) is not None or name.startswith(f"{owner}/"):
                raise runner.calls.unavailable() from None
        raise


def _check_approved(runner: ServiceRunner, name: str) -> None:
    """Make sure that a service does not withhold a tool.

    Raises:
        ToolNotApproved: The service withholds a tool of this name until it is approved.
    """
    if runner.spec.tool_pinning is ToolPinning.BLOCK and runner.is_live:
        owner = runner.spec.name
        for tool in (name, name.removeprefix(f"{owner}/")):
            if (change := runner.pins.change_of(tool, withheld=True)) is not None:
                raise ToolNotApproved(owner, tool, change.summary, is_new=change.is_new) from None


async def _call(
    runner: ServiceRunner, tool: Tool, arguments: dict[str, Any], limit: float, on_progress: ProgressFn | None
) -> CallResult:
    params = {"name": tool.name, "arguments": arguments}
    try:
        raw = await runner.calls.request("tools/call", params, timeout=limit, on_progress=on_progress)
    except (TypeError, ValueError) as error:
        raise InvalidArgument("arguments", f"cannot be written as JSON: {error}") from None
    return CallResult(
        service=tool.service,
        tool=tool.name,
        raw=raw,
        is_error=raw.get("isError") is True,
        is_wrapped=_wraps(tool),
    )


async def _call_and_record(
    parts: StoreParts,
    runner: ServiceRunner,
    tool: Tool,
    arguments: dict[str, Any],
    limit: float,
    on_progress: ProgressFn | None,
    agent: str | None,
) -> CallResult:
    """Call a tool, count the call, and notify the plugins of its outcome."""
    now = asyncio.get_running_loop().time
    began = now()
    error: str | None = "cancelled"
    try:
        result = await _call(runner, tool, arguments, limit, on_progress)
    except Exception as failure:
        error = str(failure) or type(failure).__name__
        raise
    else:
        error = (result.text or NO_REASON) if result.is_error else None
        return result
    finally:
        ended = now()
        duration = ended - began
        if error is not None and runner.session is not None:
            error = runner.session.redact(error)
        parts.collector.called(tool.service, tool.name, ended, duration, error)
        if CALLED in parts.plugins.listeners:
            call = ToolCall(
                service=tool.service,
                tool=tool.name,
                duration=duration,
                ok=error is None,
                error=error,
                agent=agent,
                timestamp=parts.supervisor.clock.posix(),
            )
            parts.plugins.notify(CALLED, call=call)


async def _authorize(parts: StoreParts, request: CallRequest) -> None:
    answer = await parts.plugins.decide(AUTHORIZE, call=request)
    if isinstance(answer, Refusal):
        raise CallError(f"tool {request.tool!r} of service {request.service!r} may not be called: {answer.why}")


def _wraps(tool: Tool) -> bool:
    """Whether a tool wraps its return values, as FastMCP does with every type other than objects."""
    schema = tool.output_schema
    return schema is not None and schema.get("x-fastmcp-wrap-result") is True
