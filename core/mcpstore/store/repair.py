"""Diagnosis and recovery of services, external health reports, and refreshing of catalogs."""

from __future__ import annotations

import asyncio
from typing import Final

from mcpstore.config.editing import switch_edits
from mcpstore.core.context import run_status
from mcpstore.core.dependencies import layers
from mcpstore.core.health_mapping import HealthResult
from mcpstore.errors import DependencyCycle, MCPStoreError, ServiceNotFound
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceStatus
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import check_choice, check_duration, check_str, check_timeout
from mcpstore.store.diagnostics import diagnose, diagnose_refused
from mcpstore.store.results import Diagnosis, Recovery, ToolsRefresh
from mcpstore.store.scope import Scope

__all__ = ["Repair"]

RESTARTED: Final = "restarted"
RECREATED: Final = "recreated from its stored entry"


class Repair:
    """Diagnoses and recovers services.

    Args:
        scope: The services covered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope

    def diagnose(self, name: str) -> Diagnosis:
        """Return the diagnosis of a service; see `AsyncServiceContext.diagnose`."""
        parts, runner = self._scope.parts(), self._scope.find_runner(name)
        if runner is None and self._scope.agent is None:
            problems = parts.config_store.reading.refused.get(name)
            if problems is not None:
                return diagnose_refused(name, problems)
        return diagnose(self._scope.runner(name), parts)

    async def recover(self, name: str, timeout: float | None) -> Recovery:  # noqa: ASYNC109 - limits the waits only
        """Recover a service; see `AsyncServiceContext.recover`."""
        parts, runner, timeout = self._scope.parts(), self._scope.runner(name), check_timeout("timeout", timeout)
        if not runner.spec.enabled:
            await parts.reconciler.edit(lambda reading: switch_edits(reading, name, enabled=True))
        if await parts.supervisor.restart(name, timeout) or not runner.is_settled:
            return _outcome(runner, RESTARTED)
        await parts.reconciler.reread()
        if name not in parts.registry:
            return _outcome(runner, RESTARTED, error="its entry is no longer in the configuration")
        await parts.supervisor.renew(name, timeout)
        return _outcome(runner, RESTARTED, RECREATED)

    async def recover_all(self, timeout: float | None) -> NamedList[Recovery]:  # noqa: ASYNC109 - limits the waits only
        """Recover every service in error; see `AsyncServiceContext.recover_all`."""
        timeout = check_timeout("timeout", timeout)
        failed = {
            runner.spec.name: runner.spec.depends_on
            for runner in self._scope.runners()
            if run_status(runner.ctx) is ServiceStatus.ERROR
        }
        try:
            groups = layers(failed)
        except DependencyCycle:
            groups = [list(failed)]
        recoveries: list[Recovery] = []
        for names in groups:
            recoveries += await asyncio.gather(*(self._recover_one(name, timeout) for name in names))
        return NamedList(recoveries)

    def report_health(self, name: str, status: HealthResult | str, *, response_time: float, error: str | None) -> bool:
        """Accept the result of an external health check; see `AsyncServiceContext.report_health`."""
        runner = self._scope.runner(name)
        result = HealthResult(check_choice("status", status, map(str, HealthResult)))
        duration = check_duration("response_time", response_time)
        if error is not None:
            check_str("error", error)
        return runner.checks.accept(result, took=duration, error=error)

    async def refresh_tools(self, names: tuple[str, ...]) -> NamedList[ToolsRefresh]:
        """Fetch catalogs; see `AsyncServiceContext.refresh_tools`."""
        runners = self._scope.runners(names)
        sessions = [runner.session for runner in runners if runner.session is not None and runner.is_live]
        await asyncio.gather(*(session.refresher.now() for session in sessions))
        return NamedList(self._refresh_of(runner) for runner in runners)

    def tool_list_ages(self, names: tuple[str, ...]) -> NamedList[ToolsRefresh]:
        """Return when catalogs were fetched; see `AsyncServiceContext.tool_list_ages`."""
        return NamedList(self._refresh_of(runner) for runner in self._scope.runners(names))

    def _refresh_of(self, runner: ServiceRunner) -> ToolsRefresh:
        name, session = runner.spec.name, runner.session
        if session is None or not runner.is_live:
            return ToolsRefresh(name=name)
        state = session.refresher.state
        return ToolsRefresh(
            name=name,
            tool_count=len(self._scope.parts().registry.catalog(name).tools),
            cause=state.cause.value,
            time=state.time,
            next_time=state.next_time,
            failures=state.failures,
            error=session.redact(state.error) if state.error else None,
        )

    async def _recover_one(self, name: str, timeout: float | None) -> Recovery:  # noqa: ASYNC109 - limits the waits only
        """Return the outcome of the recovery of one of several services; errors become part of it."""
        try:
            return await self.recover(name, timeout)
        except MCPStoreError as error:
            was_removed = isinstance(error, ServiceNotFound)
            return Recovery(
                name=name,
                recovered=False,
                done=(),
                run_status=ServiceStatus.STOPPED if was_removed else ServiceStatus.ERROR,
                connection_state=ServiceConnectionState.DISCONNECTED,
                error=str(error),
            )


def _outcome(runner: ServiceRunner, *done: str, error: str | None = None) -> Recovery:
    recovered = runner.is_live
    if not recovered and error is None:
        error = "it is still being opened" if not runner.is_settled else runner.history.error or "it cannot be used"
    return Recovery(
        name=runner.spec.name,
        recovered=recovered,
        done=done,
        run_status=run_status(runner.ctx),
        connection_state=runner.ctx.connection,
        error=error,
    )
