"""Services as they run: their status, and starting, stopping, checking and awaiting them."""

from __future__ import annotations

import asyncio
from typing import Final

from mcpstore.config.editing import switch_edits
from mcpstore.config.service_input import config_of
from mcpstore.core.context import run_status
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceInfo, ServiceSnapshot, ServiceStatus
from mcpstore.runtime.logs import LogLine
from mcpstore.runtime.subscriptions import StateCallback, Subscription
from mcpstore.store import snapshots
from mcpstore.store.arguments import check_bool, check_choice, check_int, check_timeout
from mcpstore.store.results import CheckResult
from mcpstore.store.scope import Scope

__all__ = ["ServiceControl"]


class ServiceControl:
    """Reports the status of services, starts and stops them.

    Args:
        scope: The services covered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope

    # --- status

    def list_all(self) -> NamedList[ServiceSnapshot]:
        """Return every service; see `AsyncServiceContext.list_services`."""
        return NamedList(self._scope.snapshot(runner) for runner in self._scope.runners())

    def info(self, name: str) -> ServiceInfo | None:
        """Return everything known of a service; see `AsyncServiceContext.get_service_info`."""
        runner = self._scope.find_runner(name)
        if runner is None:
            return None
        catalog = self._scope.parts().registry.catalog(name)
        as_run_status = self._scope.reports_run_status
        return snapshots.info(runner, catalog, config_of(runner.spec), as_run_status=as_run_status)

    def status(self, name: str) -> ServiceStatus | ServiceConnectionState | None:
        """Return the status of a service; see `AsyncServiceContext.get_service_status`."""
        runner = self._scope.find_runner(name)
        as_run_status = self._scope.reports_run_status
        return None if runner is None else snapshots.reported_status(runner, as_run_status=as_run_status)

    def logs(self, name: str, lines: int | None) -> list[LogLine]:
        """Return the last lines of stderr; see `AsyncServiceContext.get_service_logs`."""
        return self._scope.runner(name).log.last(check_int("lines", lines))

    def on_state_change(self, callback: StateCallback) -> Subscription:
        """Subscribe to state changes; see `AsyncServiceContext.on_state_change`."""
        return self._scope.parts().supervisor.bus.subscribe(callback, self._scope.includes)

    # --- control

    async def enable(self, name: str, enabled: bool = True) -> None:
        """Write into the entry of a service whether it is enabled; see `AsyncServiceContext.enable_service`."""
        parts, spec = self._scope.parts(), self._scope.runner(name).spec
        if spec.enabled is not check_bool("enabled", enabled):
            await parts.reconciler.edit(lambda reading: switch_edits(reading, name, enabled=enabled))

    async def start(self, name: str, timeout: float | None) -> bool:  # noqa: ASYNC109 - limits the wait only
        """Start a service; see `AsyncServiceContext.start_service`."""
        parts, timeout = self._scope.parts(), check_timeout("timeout", timeout)
        await self.enable(name)
        return await parts.supervisor.start(name, timeout)

    async def start_all(self, timeout: float | None) -> dict[str, bool]:  # noqa: ASYNC109 - limits the wait only
        """Start every enabled service; see `AsyncServiceContext.start_all`."""
        supervisor, timeout = self._scope.parts().supervisor, check_timeout("timeout", timeout)
        names = [runner.spec.name for runner in self._scope.runners() if runner.spec.enabled]
        supervisor.start_in_order(names)
        outcomes = [asyncio.ensure_future(supervisor.outcome(name)) for name in names]
        if outcomes:
            await asyncio.wait(outcomes, timeout=timeout)
        for outcome in outcomes:
            outcome.cancel()
        return {name: self._scope.runner(name).is_live for name in names}

    async def stop(self, name: str, *, force: bool, persist: bool) -> bool:
        """Stop a service; see `AsyncServiceContext.stop_service`."""
        supervisor, _ = self._scope.parts().supervisor, self._scope.runner(name)
        check_bool("force", force)
        check_bool("persist", persist)
        supervisor.halt(name, force=force)
        stopped = asyncio.ensure_future(supervisor.parked(name))
        try:
            if persist:
                await self.enable(name, False)
        finally:
            is_stopped = await stopped
        return is_stopped

    async def restart(self, name: str, timeout: float | None) -> bool:  # noqa: ASYNC109 - limits the wait only
        """Restart a service; see `AsyncServiceContext.restart_service`."""
        parts, timeout = self._scope.parts(), check_timeout("timeout", timeout)
        await self.enable(name)
        return await parts.supervisor.restart(name, timeout)

    async def check(self, names: tuple[str, ...]) -> NamedList[CheckResult]:
        """Check services now; see `AsyncServiceContext.check_services`."""
        supervisor, runners = self._scope.parts().supervisor, self._scope.runners(names)
        await asyncio.gather(*(supervisor.check(runner.spec.name) for runner in runners))
        as_run_status = self._scope.reports_run_status
        return NamedList(snapshots.check_result(runner, as_run_status=as_run_status) for runner in runners)

    async def wait(
        self,
        name: str,
        status: ServiceConnectionState | ServiceStatus | str,
        timeout: float | None,  # noqa: ASYNC109 - limits the wait only
    ) -> bool:
        """Wait until a service has a status; see `AsyncServiceContext.wait_service`."""
        known = sorted({*map(str, ServiceConnectionState), *map(str, ServiceStatus)})
        wanted, timeout = check_choice("status", status, known), check_timeout("timeout", timeout)
        runner = self._scope.runner(name)
        return await runner.until(lambda: wanted in (runner.ctx.connection, run_status(runner.ctx)), timeout)
