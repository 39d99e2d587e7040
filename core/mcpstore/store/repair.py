"""The verbs for trouble: why a service is where it is, and how it is brought back."""

from __future__ import annotations

import asyncio

from mcpstore.config.editing import switch_edits
from mcpstore.core.context import run_status
from mcpstore.core.dependencies import layers
from mcpstore.core.health_mapping import HealthResult
from mcpstore.errors import DependencyCycle, MCPStoreError, ServiceNotFound
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceStatus
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import check_choice, check_duration, check_str, check_timeout
from mcpstore.store.context_base import ContextBase
from mcpstore.store.diagnostics import diagnose, diagnose_refused
from mcpstore.store.results import Diagnosis, Recovery, ToolsRefresh

__all__ = ["AsyncRepair"]

RESTARTED = "restarted"
RECREATED = "made anew from its stored entry"


class AsyncRepair(ContextBase):
    """Explains trouble and ends it."""

    async def diagnose(self, name: str) -> Diagnosis:
        """Return why a service is where it is, what that is concluded from, and what to do.

        An entry that cannot be used has a diagnosis, too.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        house = self._open()
        refused = house.book.reading.refused.get(name) if self._known(name) is None and self._agent is None else None
        return diagnose_refused(name, refused) if refused is not None else diagnose(self._runner(name), house)

    async def recover(self, name: str, timeout: float | None = None) -> Recovery:  # noqa: ASYNC109 - of the waits only
        """Bring a service back: restart it; if that does not help, make it anew from its stored entry.

        The entry is read again, never removed. A service that was switched off is switched on.

        Args:
            name: The service.
            timeout: Seconds to wait for the outcome of each attempt; an attempt under way goes on after that.

        Returns:
            What was done, and how it ended; true if the service is usable.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        house, runner, timeout = self._open(), self._runner(name), check_timeout("timeout", timeout)
        if not runner.spec.enabled:
            await house.edit(lambda reading: switch_edits(reading, name, enabled=True))
        if await house.supervisor.restart(name, timeout) or not runner.is_settled:
            return _outcome(runner, RESTARTED)
        await house.reread()
        if name not in house.registry:
            return _outcome(runner, RESTARTED, error="its entry is gone from the configuration")
        await house.supervisor.renew(name, timeout)
        return _outcome(runner, RESTARTED, RECREATED)

    async def recover_all(self, timeout: float | None = None) -> NamedList[Recovery]:  # noqa: ASYNC109 - of the waits only
        """Bring back every service that is in error, each after those it depends on.

        Args:
            timeout: Seconds to wait for the outcome of each attempt.

        Returns:
            What was done for each, and how it ended; empty if none is in error.
        """
        house, scope, timeout = self._open(), self._scope(), check_timeout("timeout", timeout)
        ill = {
            runner.spec.name: runner.spec.depends_on
            for runner in house.supervisor.runners()
            if run_status(runner.ctx) is ServiceStatus.ERROR and (scope is None or runner.spec.name in scope)
        }
        try:
            turns = layers(ill)
        except DependencyCycle:
            turns = [list(ill)]
        found: list[Recovery] = []
        for names in turns:
            found += await asyncio.gather(*(self._recovered(name, timeout) for name in names))
        return NamedList(found)

    async def report_health(
        self,
        name: str,
        status: HealthResult | str,
        *,
        response_time: float = 0.0,
        error: str | None = None,
    ) -> bool:
        """Report what somebody else's health check found; it counts like one of the manager's own.

        Args:
            name: The service.
            status: "healthy", "warning" (or "slow"), "unhealthy", "timeout" or "unknown".
            response_time: How long the check took, in seconds.
            error: What was wrong, in words.

        Returns:
            Whether it counted; a service without a connection cannot be checked.

        Raises:
            ServiceNotFound: There is none of this name.
            InvalidArgument: There is no such status.
        """
        runner = self._runner(name)
        result = HealthResult(check_choice("status", status, map(str, HealthResult)))
        took = check_duration("response_time", response_time)
        if error is not None:
            check_str("error", error)
        return runner.accept_check_result(result, took=took, error=error)

    async def refresh_tools(self, *names: str) -> NamedList[ToolsRefresh]:
        """Ask services again what they offer, all at once, and wait until they have said so.

        Args:
            names: The services; all if none is named. One without a connection is left alone.

        Raises:
            ServiceNotFound: There is none of a name.
        """
        runners = self._runners(names)
        sessions = [runner.session for runner in runners if runner.session is not None and runner.is_live]
        await asyncio.gather(*(session.refresher.now() for session in sessions))
        return NamedList(self._refreshed(runner) for runner in runners)

    async def tool_list_ages(self, *names: str) -> NamedList[ToolsRefresh]:
        """Return how fresh the lists of what services offer are; nothing is asked of any service.

        Args:
            names: The services; all if none is named.

        Raises:
            ServiceNotFound: There is none of a name.
        """
        return NamedList(self._refreshed(runner) for runner in self._runners(names))

    # --- helpers

    def _runners(self, names: tuple[str, ...]) -> list[ServiceRunner]:
        if names:
            return [self._runner(name) for name in names]
        scope = self._scope()
        every = self._open().supervisor.runners()
        return [runner for runner in every if scope is None or runner.spec.name in scope]

    def _refreshed(self, runner: ServiceRunner) -> ToolsRefresh:
        name, session = runner.spec.name, runner.session
        if session is None or not runner.is_live:
            return ToolsRefresh(name=name)
        state = session.refresher.state
        return ToolsRefresh(
            name=name,
            tool_count=len(self._house.registry.catalog(name).tools),
            cause=state.cause.value,
            time=state.time,
            next_time=state.next_time,
            failures=state.failures,
            error=session.redact(state.error) if state.error else None,
        )

    async def _recovered(self, name: str, timeout: float | None) -> Recovery:  # noqa: ASYNC109 - of the waits only
        """Return how the recovery of one of many ended, whatever happens to it."""
        try:
            return await self.recover(name, timeout)
        except MCPStoreError as error:
            gone = isinstance(error, ServiceNotFound)
            return Recovery(
                name=name,
                recovered=False,
                done=(),
                run_status=ServiceStatus.STOPPED if gone else ServiceStatus.ERROR,
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
