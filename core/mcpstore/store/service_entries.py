"""Services as entries of the configuration: added, updated, removed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import attrs

from mcpstore.config.editing import remove_edits, replace_edits
from mcpstore.errors import InvalidArgument, InvalidService
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceSnapshot
from mcpstore.store.arguments import check_str, check_timeout, describe
from mcpstore.store.registration import edits_for, read_input, unusable
from mcpstore.store.scope import Scope
from mcpstore.store.service_control import ServiceControl

__all__ = ["ServiceEntries"]


class ServiceEntries:
    """Edits the entries of services.

    Args:
        scope: The services covered.
        control: Waits for services that were added.
    """

    def __init__(self, scope: Scope, control: ServiceControl) -> None:
        self._scope: Final = scope
        self._control: Final = control

    async def add(
        self, config: Any, name: str | None, wait: float | None, fields: Mapping[str, Any]
    ) -> NamedList[ServiceSnapshot]:
        """Add services; see `AsyncServiceContext.add_service`."""
        parts, wait = self._scope.parts(), check_timeout("wait", wait)
        if name is not None:
            check_str("name", name)
        report = await read_input(config, name, fields, parts.plugins)
        refused = dict(report.refused)
        accepted = {entry.name: entry for entry in report.usable}
        for entry in report.usable:
            if problems := await unusable(entry.spec, parts):
                refused[entry.name] = problems
                del accepted[entry.name]
        parts.registry.check_dependencies(*(entry.spec for entry in accepted.values()))
        if accepted:
            entries = list(accepted.values())
            await parts.reconciler.edit(partial(edits_for, entries=entries, agent=self._scope.agent))
        if refused:
            raise InvalidService(refused)
        if wait is not None:
            usable = ServiceConnectionState.HEALTHY
            await asyncio.gather(*(self._control.wait(name, usable, wait) for name in accepted))
        return NamedList(self._scope.snapshot(parts.supervisor.runner(name)) for name in accepted)

    async def update(self, name: str, config: Any) -> ServiceSnapshot:
        """Replace the entry of a service; see `AsyncServiceContext.update_service`."""
        parts, runner = self._scope.parts(), self._scope.runner(name)
        if not isinstance(config, Mapping):
            raise InvalidArgument("config", f"must be the entry of {name!r} as a dictionary (got {describe(config)})")
        report = await read_input({**config, "name": name}, None, {}, parts.plugins)
        if report.refused:
            raise InvalidService(report.refused)
        spec = report.usable[0].spec
        spec = attrs.evolve(spec, agents=spec.agents or runner.spec.agents)
        if problems := await unusable(spec, parts):
            raise InvalidService({name: problems})
        parts.registry.check_dependencies(spec)
        await parts.reconciler.edit(lambda reading: replace_edits(reading, spec))
        return self._scope.snapshot(runner)

    async def remove(self, name: str) -> bool:
        """Remove a service; see `AsyncServiceContext.remove_service`."""
        parts, runner = self._scope.parts(), self._scope.runner(name)
        others = tuple(agent for agent in runner.spec.agents if agent != self._scope.agent)
        if self._scope.agent is not None and others:
            spec = attrs.evolve(runner.spec, agents=others)
            await parts.reconciler.edit(lambda reading: replace_edits(reading, spec))
            return True
        await parts.reconciler.edit(lambda reading: remove_edits(reading, name))
        return runner.is_parked
