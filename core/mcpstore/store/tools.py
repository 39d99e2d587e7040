"""The verbs for what services offer: tools, resources, prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpstore.hooks.connection import ProgressFn
from mcpstore.models.catalog import Prompt, Resource, Tool
from mcpstore.models.record import NamedList
from mcpstore.store import tool_calls
from mcpstore.store.context_base import ContextBase
from mcpstore.store.results import CallResult

__all__ = ["AsyncTools"]


class AsyncTools(ContextBase):
    """Lists and calls what services offer."""

    async def list_tools(self, service: str | None = None) -> NamedList[Tool]:
        """Return the tools that can be called now; nothing is asked of any service.

        Args:
            service: Only those of this service.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        return self._open().registry.tools(self._narrow_to(service))

    async def list_resources(self, service: str | None = None) -> NamedList[Resource]:
        """Return the resources that can be read now; like `list_tools`."""
        return self._open().registry.resources(self._narrow_to(service))

    async def list_prompts(self, service: str | None = None) -> NamedList[Prompt]:
        """Return the prompts that can be had now; like `list_tools`."""
        return self._open().registry.prompts(self._narrow_to(service))

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        service: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the service is told when it runs out
        raise_on_error: bool = True,
        on_progress: ProgressFn | None = None,
    ) -> CallResult:
        """Call a tool.

        Args:
            name: The tool; its own name is enough while only one service offers it, `"service/tool"` always is.
            arguments: Its arguments.
            service: The service meant, where the name does not say it.
            timeout: Seconds without a result and without progress until the service is told to stop; the default is
                the service's own, or 120 s.
            raise_on_error: Whether a result that reports failure is raised.
            on_progress: Called with (progress, total, message) whenever the service reports progress.

        Raises:
            ToolNotFound: No service offers it now.
            AmbiguousTool: Several do; names them.
            ServiceUnavailable: The service cannot be called now; says why and until when.
            ToolError: The tool reported failure.
            CallTimeout: It took too long.
            ConnectionLost: The connection ended first; whether the call took effect is unknown.
            ServiceError: The service refused the call.
        """
        return await tool_calls.call_tool(
            self._open(),
            self._scope(),
            self._agent,
            name,
            arguments,
            service=service,
            timeout=timeout,
            raise_on_error=raise_on_error,
            on_progress=on_progress,
        )

    async def read_resource(self, uri: str, service: str | None = None) -> Mapping[str, Any]:
        """Read a resource and return the raw result, with its `contents`.

        Raises:
            ToolNotFound: No service offers it now.
            CallError: It could not be read.
        """
        house, _ = self._open(), self._narrow_to(service)  # a service nobody knows is told first
        return await tool_calls.read_resource(house, self._scope(), uri, service)

    async def get_prompt(
        self, name: str, arguments: Mapping[str, str] | None = None, *, service: str | None = None
    ) -> Mapping[str, Any]:
        """Return a prompt filled with arguments: the raw result, with its `messages`.

        Raises:
            ToolNotFound: No service offers it now.
            AmbiguousTool: Several do.
            CallError: It could not be had.
        """
        house, _ = self._open(), self._narrow_to(service)
        return await tool_calls.get_prompt(house, self._scope(), name, arguments, service)
