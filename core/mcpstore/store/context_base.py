"""Looking at a store: at all of its services, or at those given to one agent."""

from __future__ import annotations

from mcpstore.errors import ServiceNotFound
from mcpstore.models.service import ServiceSnapshot
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store import snapshots
from mcpstore.store.arguments import check_str
from mcpstore.store.manager import StoreManager

__all__ = ["ContextBase"]


class ContextBase:
    """What every context has in common.

    Args:
        house: What stands behind the store.
        agent: The agent whose services these are; None for all services.
        reports_run_status: Whether `status` means run status.
    """

    def __init__(self, house: StoreManager, *, agent: str | None = None, reports_run_status: bool = False) -> None:
        self._house = house
        self._agent = agent
        self._reports_run_status = reports_run_status

    def _open(self) -> StoreManager:
        self._house.check_open()
        return self._house

    def _scope(self) -> frozenset[str] | None:
        return None if self._agent is None else self._house.registry.given_to(self._agent)

    def _is_in_scope(self, name: str) -> bool:
        scope = self._scope()
        return scope is None or name in scope

    def _narrow_to(self, service: str | None) -> frozenset[str] | None:
        if service is None:
            return self._scope()
        self._runner(service)
        return frozenset((service,))

    def _known(self, name: str) -> ServiceRunner | None:
        house = self._open()
        check_str("name", name)
        return house.supervisor.runner(name) if name in house.registry and self._is_in_scope(name) else None

    def _runner(self, name: str) -> ServiceRunner:
        runner = self._known(name)
        if runner is None:
            scope, refused = self._scope(), self._house.book.reading.refused
            known = [known for known in self._house.registry if scope is None or known in scope]
            raise ServiceNotFound(name, known, refused=refused.get(name, ()) if scope is None else ())
        return runner

    def _snapshot(self, runner: ServiceRunner) -> ServiceSnapshot:
        catalog = self._house.registry.catalog(runner.spec.name)
        return snapshots.snapshot(runner, catalog, as_run_status=self._reports_run_status)
