"""The verbs of a store, over all of its services or over those given to one agent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import attrs

from mcpstore.config.editing import remove_edits, replace_edits, switch_edits
from mcpstore.config.service_input import config_of
from mcpstore.core.context import run_status
from mcpstore.errors import InvalidArgument, InvalidService
from mcpstore.models.record import NamedList
from mcpstore.models.service import (
    ServiceConnectionState,
    ServiceInfo,
    ServiceSnapshot,
    ServiceStatus,
)
from mcpstore.runtime.event_bus import StateCallback, Subscription
from mcpstore.runtime.logs import LogLine
from mcpstore.store import snapshots
from mcpstore.store.approvals import AsyncApprovals
from mcpstore.store.arguments import check_bool, check_choice, check_int, check_str, check_timeout, describe
from mcpstore.store.registration import edits_for, handed_over, unusable
from mcpstore.store.repair import AsyncRepair
from mcpstore.store.reports import AsyncReports
from mcpstore.store.results import CheckResult
from mcpstore.store.tools import AsyncTools

__all__ = ["AsyncServiceContext"]

HEALTHY: Final = ServiceConnectionState.HEALTHY


class AsyncServiceContext(AsyncReports, AsyncTools, AsyncApprovals, AsyncRepair):
    """The verbs of a store.

    Verbs that act raise `ServiceNotFound` for a name nobody knows; verbs that only ask return None. A context speaks
    connection state where a store speaks run status; what they return has both.
    """

    # --- services

    async def add_service(
        self, config: Any = None, /, name: str | None = None, *, wait: float | None = None, **fields: Any
    ) -> NamedList[ServiceSnapshot]:
        """Add services, write them to the configuration, and begin to start them.

        What is there already and means the same is left alone; what means something else is updated. A bad entry is
        not stored and keeps no good one from being stored.

        Args:
            config: `{"name": …, "command" or "url": …}`, `{"mcpServers": {…}}` in the dialect of any client, a list of
                those, the path of a file, or what `get_service_info` returned.
            name: Name of the service, if the rest is given as keywords.
            wait: Seconds to wait for the services to be usable; None does not wait.
            fields: Fields of the entry, such as `command`, `args`, `url`, `depends_on`.

        Returns:
            The services that were given.

        Raises:
            InvalidService: Some entries are bad; lists every bad field.
            ConfigError: What was given is no configuration, or the configuration cannot be written.
            DependencyCycle: Services would wait for each other; nothing was stored.
        """
        house, wait = self._open(), check_timeout("wait", wait)
        if name is not None:
            check_str("name", name)
        examined = await handed_over(config, name, fields, house.plugins)
        refused = dict(examined.refused)
        good = {given.name: given for given in examined.usable}
        for given in examined.usable:
            if bad := await unusable(given.spec, house):
                refused[given.name] = bad
                del good[given.name]
        house.registry.check_dependencies(*(given.spec for given in good.values()))
        if good:
            await house.edit(partial(edits_for, given=list(good.values()), agent=self._agent))
        if refused:
            raise InvalidService(refused)
        if wait is not None:
            await asyncio.gather(*(self.wait_service(name, timeout=wait) for name in good))
        return NamedList(self._snapshot(house.supervisor.runner(name)) for name in good)

    async def update_service(self, name: str, config: Any) -> ServiceSnapshot:
        """Give a service another configuration; it is opened again only if its connection is concerned.

        Args:
            name: The service.
            config: Its whole new entry.

        Raises:
            ServiceNotFound: There is none of this name.
            InvalidService: The new entry is bad; the old one stays.
        """
        house, runner = self._open(), self._runner(name)
        if not isinstance(config, Mapping):
            raise InvalidArgument("config", f"must be the entry of {name!r} as a dictionary (got {describe(config)})")
        examined = await handed_over({**config, "name": name}, None, {}, house.plugins)
        if examined.refused:
            raise InvalidService(examined.refused)
        spec = attrs.evolve(examined.usable[0].spec, agents=examined.usable[0].spec.agents or runner.spec.agents)
        if bad := await unusable(spec, house):
            raise InvalidService({name: bad})
        house.registry.check_dependencies(spec)
        await house.edit(lambda reading: replace_edits(reading, spec))
        return self._snapshot(runner)

    async def remove_service(self, name: str) -> bool:
        """Stop a service and forget it; returns whether nothing of it is left running.

        In the context of an agent, a service that other agents were given, too, is only taken from this one.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        house, runner = self._open(), self._runner(name)
        others = tuple(agent for agent in runner.spec.agents if agent != self._agent)
        if self._agent is not None and others:
            spec = attrs.evolve(runner.spec, agents=others)
            await house.edit(lambda reading: replace_edits(reading, spec))
            return True
        await house.edit(lambda reading: remove_edits(reading, name))
        return runner.is_parked

    async def list_services(self) -> NamedList[ServiceSnapshot]:
        """Return every service, as the registry knows it; nothing is asked of any service."""
        house, scope = self._open(), self._scope()
        runners = (house.supervisor.runner(name) for name in house.registry if scope is None or name in scope)
        return NamedList(self._snapshot(runner) for runner in runners)

    async def get_service_info(self, name: str) -> ServiceInfo | None:
        """Return everything known of a service, or None if there is none of this name."""
        house, runner = self._open(), self._known(name)
        if runner is None:
            return None
        catalog = house.registry.catalog(name)
        config = config_of(runner.spec)
        return snapshots.info(runner, catalog, config, as_run_status=self._reports_run_status)

    async def get_service_status(self, name: str) -> ServiceStatus | ServiceConnectionState | None:
        """Return the status of a service, or None if there is none of this name."""
        runner = self._known(name)
        return None if runner is None else snapshots.spoken_status(runner, as_run_status=self._reports_run_status)

    async def get_service_logs(self, name: str, lines: int | None = None) -> list[LogLine]:
        """Return the last lines a service wrote to stderr, oldest first.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        return self._runner(name).log.last(check_int("lines", lines))

    async def enable_service(self, name: str, enabled: bool = True) -> None:
        """Write down whether a service is to run; a store that has its services running follows at once.

        Raises:
            ServiceNotFound: There is none of this name.
            ConfigError: It cannot be written.
        """
        house, spec = self._open(), self._runner(name).spec
        if spec.enabled is not check_bool("enabled", enabled):
            await house.edit(lambda reading: switch_edits(reading, name, enabled=enabled))

    # --- control

    async def start_service(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - of the wait only
        """Start a service, or join a start under way, and wait for the outcome of the attempt.

        Args:
            name: The service. If it was switched off in the configuration, it is switched on.
            timeout: Seconds to wait; the start goes on after that.

        Returns:
            Whether it is usable.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        timeout = check_timeout("timeout", timeout)
        await self.enable_service(name)
        return await self._house.supervisor.start(name, timeout)

    async def start_all(self, timeout: float | None = None) -> dict[str, bool]:  # noqa: ASYNC109 - of the wait only
        """Start every enabled service, each after those it depends on, and wait for the outcomes.

        Returns:
            Whether each is usable, by name.
        """
        house, timeout = self._open(), check_timeout("timeout", timeout)
        names = [service.name for service in await self.list_services() if service.enabled]
        house.supervisor.start_in_order(names)
        waiting = {name: asyncio.ensure_future(house.supervisor.outcome(name)) for name in names}
        if waiting:
            await asyncio.wait(waiting.values(), timeout=timeout)
        for outcome in waiting.values():
            outcome.cancel()
        return {name: self._runner(name).is_live for name in names}

    async def stop_service(self, name: str, force: bool = False, persist: bool = True) -> bool:
        """Stop a service and everything it started, politely at first, and wait.

        Args:
            name: The service.
            force: Whether to skip the polite steps.
            persist: Whether it stays stopped when the store is opened again.

        Returns:
            Whether nothing of it is left.

        Raises:
            ServiceNotFound: There is none of this name.
            ConfigError: It was stopped, but that could not be written.
        """
        house, runner = self._open(), self._runner(name)
        check_bool("force", force)
        check_bool("persist", persist)
        house.supervisor.halt(runner.spec.name, force=force)
        stopped = asyncio.ensure_future(house.supervisor.parked(runner.spec.name))
        try:
            if persist:
                await self.enable_service(name, False)
        finally:
            done = await stopped
        return done

    async def restart_service(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - of the wait only
        """Close a service, open it again and wait for the outcome; returns whether it is usable.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        timeout = check_timeout("timeout", timeout)
        await self.enable_service(name)
        return await self._house.supervisor.restart(name, timeout)

    async def check_services(self, *names: str) -> NamedList[CheckResult]:
        """Check services now, all at once, and return what was found.

        Args:
            names: The services; all if none is named. One that waits for its next attempt is tried at once.

        Raises:
            ServiceNotFound: There is none of a name.
        """
        house = self._open()
        runners = [self._runner(name) for name in names or (await self.list_services()).names()]
        await asyncio.gather(*(house.supervisor.check(runner.spec.name) for runner in runners))
        return NamedList(snapshots.check_result(runner, as_run_status=self._reports_run_status) for runner in runners)

    async def wait_service(
        self,
        name: str,
        status: ServiceConnectionState | ServiceStatus | str = HEALTHY,
        timeout: float | None = None,  # noqa: ASYNC109 - of the wait only
    ) -> bool:
        """Wait until a service has a status; returns whether it has within `timeout` seconds.

        Args:
            name: The service.
            status: A connection state or a run status.
            timeout: Seconds to wait; None for as long as it takes.

        Raises:
            ServiceNotFound: There is none of this name.
            InvalidArgument: There is no such status.
        """
        known = sorted({*map(str, ServiceConnectionState), *map(str, ServiceStatus)})
        wanted, timeout = check_choice("status", status, known), check_timeout("timeout", timeout)
        runner = self._runner(name)
        return await runner.until(lambda: wanted in (runner.ctx.connection, run_status(runner.ctx)), timeout)

    def on_state_change(self, callback: StateCallback) -> Subscription:
        """Call `callback(service_name, old_state, new_state, metadata)` at every change of a connection state.

        Calls come in order, one at a time; a plain function is called in a thread of its own, a coroutine function in
        the event loop. What it raises is logged.

        Returns:
            A handle; its `cancel()` ends the calls.
        """
        return self._open().supervisor.bus.subscribe(callback, self._is_in_scope)
