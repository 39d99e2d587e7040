"""A state change is published once, under one id, to observers, callbacks, plugins and the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcpstore.hooks import HistoryQuery, hookimpl
from mcpstore.hooks.events import StateChange
from mcpstore.monitoring import MonitoringConfig
from mcpstore.runtime.event_bus import Observer
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.metrics_history import MetricsHistory


class Edges(Observer):
    """Records edges and who received them, in order."""

    def __init__(self, name: str, order: list[tuple[str, str]]) -> None:
        self._name = name
        self._order = order

    def on_edge(self, change: StateChange, ctx: Any) -> None:
        self._order.append((self._name, change.id))


class Plugin:
    """Records edges."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    @hookimpl
    def mcpstore_state_changed(self, change: StateChange) -> None:
        self.ids.append(change.id)


async def test_every_receiver_gets_every_edge_under_the_same_id(make_fleet: Callable[..., Any]):
    plugin, order, callback_ids = Plugin(), [], []
    fleet = make_fleet(plugins={"recorder": plugin})
    archive = MetricsHistory(fleet.clock, 1000)
    metering = MetricsCollector(fleet.registry, MonitoringConfig(), fleet.clock, archive)
    metering.open(fleet.supervisor)
    bus = fleet.supervisor.bus
    bus.attach(Edges("first", order))
    bus.attach(Edges("second", order))
    bus.subscribe(lambda _name, _old, _new, metadata: callback_ids.append(metadata.edge_id))
    for name in ("a", "b"):
        fleet.add(name)
        await fleet.supervisor.start(name)
    await fleet.supervisor.stop("a")
    await bus.flush()
    await fleet.plugins.flush()
    edges = await archive.edges(HistoryQuery(since=0.0, until=1e12))
    await metering.close()

    ids = [edge for receiver, edge in order if receiver == "first"]
    assert [receiver for receiver, _ in order] == ["first", "second"] * len(ids)
    start, _ = ids[0].split("-")
    numbers = [int(edge.removeprefix(f"{start}-")) for edge in ids]
    assert int(start) == int(fleet.clock.posix() - fleet.clock.now()) * 1000
    assert len(ids) == 5
    assert numbers == sorted(set(numbers))
    assert callback_ids == plugin.ids == ids
    recorded = {edge.id for edge in edges}
    assert set(ids) <= recorded
    assert len(recorded) == len(edges)


async def test_an_observer_that_raises_does_not_affect_the_others(make_fleet: Callable[..., Any], caplog: Any):
    class Broken(Observer):
        def on_edge(self, change: StateChange, ctx: Any) -> None:
            raise RuntimeError("a bug")

    fleet, order = make_fleet(), []
    fleet.supervisor.bus.attach(Broken())
    fleet.supervisor.bus.attach(Edges("last", order))
    fleet.add("a")
    assert await fleet.supervisor.start("a")
    assert len(order) == 2
    assert "service 'a': an observer failed. This is a bug; please report it" in caplog.text
