"""The verbs of a store as requests and answers in JSON, for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from mcpstore import errors
from mcpstore.errors import ManagerError, MCPStoreError
from mcpstore.models.json_types import as_text
from mcpstore.models.record import plain
from mcpstore.models.redaction import masked
from mcpstore.store._async import AsyncMCPStore

__all__ = ["CommandHandler", "error_from", "error_to_json"]

FOLLOW_INTERVAL: Final = 0.2
"""Interval at which a followed log is read, in seconds."""


class CommandHandler:
    """Executes requests for a store, one method per verb, and answers in JSON without secrets.

    Args:
        store: The store.
        stop: Called with `force` when a client asks the manager to stop.
    """

    def __init__(self, store: AsyncMCPStore, stop: Callable[[bool], None] | None = None) -> None:
        self._store = store
        self._stop = stop
        self._verbs: Mapping[str, Callable[..., Awaitable[Any]]] = {
            "add": self._add,
            "alert_handlers": self._alert_handlers,
            "alert_history": self._alert_history,
            "alerts": self._alerts,
            "approve": self._approve,
            "call": self._call,
            "changed_tools": self._changed_tools,
            "check": self._check,
            "diagnose": self._diagnose,
            "export": self._export,
            "overview": self._overview,
            "hints": self._hints,
            "info": self._info,
            "list": self._list,
            "logs": self._logs,
            "plugins": self._plugins,
            "problems": self._problems,
            "recover": self._recover,
            "remove": self._remove,
            "report": self._report,
            "restart": self._restart,
            "shutdown": self._shutdown,
            "silence": self._store.silence,
            "silences": self._store.list_silences,
            "start": self._start,
            "stop": self._stop_service,
            "test_alert_handler": self._store.test_alert_handler,
            "tools": self._tools,
            "unsilence": self._store.unsilence,
        }

    async def answer(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: The error of the verb.
            ManagerError: The verb is unknown, or its arguments are wrong.
        """
        handler = self._verbs.get(verb)
        if handler is None:
            known = ", ".join(sorted(self._verbs))
            raise ManagerError(f"verb {verb!r} is unknown to the manager; known verbs: {known}")
        try:
            return plain(await handler(**arguments))
        except MCPStoreError:
            raise
        except TypeError as error:
            raise ManagerError(f"{verb}: {error}") from None

    async def follow(self, name: str | None) -> AsyncIterator[Any]:
        """Yield each new line that a service (or every service) writes to stderr."""
        seen: dict[str, Any] = {}
        while True:
            for line in await self._fresh(name, seen):
                yield plain(line)
            await asyncio.sleep(FOLLOW_INTERVAL)

    async def _fresh(self, name: str | None, seen: dict[str, Any]) -> list[Any]:
        names = [name] if name is not None else (await self._store.list_services()).names()
        fresh: list[Any] = []
        for each in names:
            lines = await self._store.get_service_logs(each)
            last = seen.get(each)
            start = next((i + 1 for i in range(len(lines) - 1, -1, -1) if lines[i] is last), 0)
            fresh += lines[start:]
            if lines:
                seen[each] = lines[-1]
        return sorted(fresh, key=lambda line: line.timestamp)

    # --- verbs

    async def _list(self) -> Any:
        return (await self._store.list_services()).to_list()

    async def _info(self, name: str) -> Any:
        info = await self._store.get_service_info(name)
        if info is None:
            diagnosis = await self._store.diagnose(name)  # covers refused entries, and raises for unknown names
            raise errors.ServiceNotFound(name, refused=diagnosis.evidence)
        shown = info.to_dict()
        shown["config"] = masked(dict(info.config))
        for tool in shown["tools"]:
            tool.pop("raw", None)
        return shown

    async def _add(self, config: Any, wait: float | None = None) -> Any:
        names = (await self._store.list_services()).names()
        before = {name: info.config for name in names if (info := await self._store.get_service_info(name)) is not None}
        added = await self._store.add_service(config, wait=wait)
        return [{**service.to_dict(), "outcome": await self._outcome(service.name, before)} for service in added]

    async def _outcome(self, name: str, before: Mapping[str, Mapping[str, Any]]) -> str:
        if name not in before:
            return "added"
        info = await self._store.get_service_info(name)
        return "unchanged" if info is not None and info.config == before[name] else "updated"

    async def _remove(self, name: str) -> Any:
        return await self._store.remove_service(name)

    async def _start(self, name: str, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - limits the wait only
        return await self._store.start_service(name, timeout)

    async def _stop_service(self, name: str, force: bool = False, persist: bool = True) -> Any:
        return await self._store.stop_service(name, force, persist)

    async def _restart(self, name: str, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - limits the wait only
        return await self._store.restart_service(name, timeout)

    async def _check(self, names: list[str]) -> Any:
        checks = (await self._store.check_services(*names)).to_list()
        return [{**check, "response_time": check["response_time"] or None} for check in checks]

    async def _tools(self, service: str | None = None) -> Any:
        tools = await self._store.list_tools(service)
        return [{**plain(tool), "full_name": tool.full_name, "raw": None} for tool in tools]

    async def _changed_tools(self, service: str | None = None) -> Any:
        return (await self._store.list_unapproved_tools(service)).to_list()

    async def _approve(self, name: str, tool: str | None = None) -> Any:
        return (await self._store.approve_tools(name, tool)).to_list()

    async def _call(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        service: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - sent to the service
    ) -> Any:
        result = await self._store.call_tool(name, arguments, service=service, timeout=timeout, raise_on_error=False)
        return {**result.to_dict(), "raw": result.raw}

    async def _logs(self, name: str | None = None, lines: int | None = None) -> Any:
        if name is not None:
            return await self._store.get_service_logs(name, lines)
        every = [
            line
            for service in (await self._store.list_services()).names()
            for line in await self._store.get_service_logs(service, lines)
        ]
        return sorted(every, key=lambda line: line.timestamp)

    async def _diagnose(self, name: str) -> Any:
        return await self._store.diagnose(name)

    async def _recover(self, names: list[str], timeout: float | None = None) -> Any:  # noqa: ASYNC109 - limits the waits only
        if not names:
            return (await self._store.recover_all(timeout)).to_list()
        for name in names:  # an unknown name is reported before any service is recovered
            await self._info(name)
        return [(await self._store.recover(name, timeout)).to_dict() for name in dict.fromkeys(names)]

    async def _overview(self, since: float = 0.0, back: float = 600.0) -> Any:
        overview = await self._store.overview(since or timedelta(seconds=back))
        return {**overview.to_dict(), "services": overview.services.to_list()}

    async def _report(self, format: str = "text", since: float | None = None) -> Any:  # noqa: A002 - as the verb has it
        return await self._store.report(format, since)

    async def _export(
        self,
        format: str | None = None,  # noqa: A002 - as the verb has it
        path: str | None = None,
        services: list[str] | None = None,
        since: float | None = None,
    ) -> Any:
        return await self._store.export(format, path, services, since)

    async def _alerts(self) -> Any:
        return await self._store.list_alerts()

    async def _alert_history(self, service: str | None = None, back: float | None = None, limit: int = 50) -> Any:
        return await self._store.alert_history(service, None if back is None else timedelta(seconds=back), limit)

    async def _alert_handlers(self) -> Any:
        return (await self._store.list_alert_handlers()).to_list()

    async def _hints(self) -> Any:
        return await self._store.lint_config()

    async def _plugins(self) -> Any:
        return (await self._store.list_plugins()).to_list()

    async def _problems(self) -> Any:
        return [
            {"where": problem.where, "what": problem.what, "remedy": problem.remedy}
            for problem in await self._store.config_problems()
        ]

    async def _shutdown(self, force: bool = False) -> Any:
        if self._stop is None:
            raise ManagerError("this store is not a running manager; start one: mcpstore up")
        self._stop(force)
        return True


def error_to_json(error: MCPStoreError) -> dict[str, str | None]:
    """Return an error as JSON, for the control socket and for scripts."""
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "remedy": error.remedy or None,
        "service": error.service,
    }


def error_from(record: Mapping[str, Any]) -> MCPStoreError:
    """Return the error that `error_to_json` described: of the same class, with the same message."""
    kind = getattr(errors, str(record.get("kind")), ManagerError)
    if not (isinstance(kind, type) and issubclass(kind, MCPStoreError)):
        kind = ManagerError
    error = kind.__new__(kind)  # its constructor needs more than the record holds
    Exception.__init__(error, str(record.get("message")))
    error.remedy, error.service = str(record.get("remedy") or ""), as_text(record.get("service"))
    return error
