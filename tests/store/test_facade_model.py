"""A store against a model of what people want of it, on a virtual clock: every order, and every mishap between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mcpstore import AsyncMCPStore
from mcpstore.core.context import Desired
from mcpstore.errors import MCPStoreError, NotReady
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

NAMES = ("a", "b", "c")
HEALS = 400.0
"""Seconds within which a wanted service is usable in a good world."""

names = st.sampled_from(NAMES)
verbs = st.sampled_from(["start", "stop", "restart", "update", "remove", "add", "enable", "disable"])
lengths = st.sampled_from([0.0, 0.01, 0.3, 1.0, 5.0, 31.0, 73.0, 400.0])


class Watched(ScriptedServer):
    """A server that minds being opened twice at a time."""

    most = 0

    @property
    def open_now(self) -> int:
        return self._open_now

    @open_now.setter
    def open_now(self, value: int) -> None:
        self._open_now = value
        self.most = max(self.most, value)


class Facade(RuleBasedStateMachine):
    """The model: which services there are, and which of them are wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.servers = {f"{name}{version}": Watched(f"{name}{version}") for name in NAMES for version in (0, 1)}
        self.wanted: dict[str, bool] = {}
        self.version = dict.fromkeys(NAMES, 0)
        self.unsure: set[str] = set()
        self.pending: list[asyncio.Task[Any]] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        scripted = ScriptedPlugin()
        scripted.servers = self.servers

        async def setup() -> AsyncMCPStore:
            return await AsyncMCPStore.setup_store(
                {"mcpServers": {}},
                plugins={"scripted": scripted},
                clock=FakeClock(),
                monitoring_config={"enabled": False},
            )

        self.store = self.run(setup())

    def entry(self, name: str) -> dict[str, Any]:
        return {"transport": {"type": "scripted", "server": f"{name}{self.version[name]}"}}

    def ordered(self, name: str, verb: str) -> Callable[[], Coroutine[Any, Any, Any]]:
        """Return an order, and remember what it means."""
        store, known = self.store, name in self.wanted
        if verb == "add":
            self.wanted[name] = True  # an entry that does not say that it is switched off is switched on
            return lambda: store.add_service({"name": name, **self.entry(name)})
        if verb == "update":
            if known:
                self.version[name] ^= 1
                self.wanted[name] = True
            return lambda: store.update_service(name, self.entry(name))
        if known:
            if verb == "remove":
                del self.wanted[name]
            else:
                self.wanted[name] = verb in ("start", "restart", "enable")
        calls: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "start": lambda: store.start_service(name),
            "stop": lambda: store.stop_service(name),
            "restart": lambda: store.restart_service(name),
            "remove": lambda: store.remove_service(name),
            "enable": lambda: store.enable_service(name, True),
            "disable": lambda: store.enable_service(name, False),
        }
        return calls[verb]

    @rule(name=names, verb=verbs)
    def order(self, name: str, verb: str) -> None:
        """Give an order and wait for what comes of it."""
        self.run(harmless(self.ordered(name, verb)))

    @rule(name=names, verb=verbs, after=lengths)
    def order_and_turn_away(self, name: str, verb: str, after: float) -> None:
        """Give an order, and let other things happen while it is under way."""

        async def begin() -> None:
            self.pending.append(asyncio.create_task(harmless(self.ordered(name, verb))))
            await asyncio.sleep(after)

        self.run(begin())

    @rule(orders=st.lists(st.tuples(names, verbs), min_size=2, max_size=4))
    def give_orders_at_once(self, orders: list[tuple[str, str]]) -> None:
        """Give several orders before any of them is carried out; which comes last is not known."""

        async def together() -> None:
            for name in {name for name, _ in orders}:
                self.unsure.add(name)
            calls = [self.ordered(name, verb) for name, verb in orders]
            await asyncio.gather(*(harmless(order) for order in calls))

        self.run(together())
        self.run(self.settle())

    @rule(name=names)
    def crash(self, name: str) -> None:
        for server in self.current(name):
            if server.open_now and server.connections:
                self.run(soon(server.die))

    @rule(name=names, how=st.sampled_from(["refuses", "hangs", "is silent", "is slow", "closes slowly"]))
    def break_(self, name: str, how: str) -> None:
        for server in self.current(name):
            server.open_error = NotReady("not now") if how == "refuses" else None
            server.open_delay = 10**6 if how == "hangs" else 0.0
            server.silent = {"ping", "tools/list"} if how == "is silent" else set()
            server.delay = 2.0 if how == "is slow" else 0.0
            server.close_delay = 4.0 if how == "closes slowly" else 0.0

    @rule(name=names)
    def heal(self, name: str) -> None:
        for server in self.current(name):
            server.open_error, server.open_delay, server.delay, server.close_delay = None, 0.0, 0.0, 0.0
            server.silent = set()

    @rule(seconds=lengths)
    def pass_time(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @rule()
    def wait_for_what_is_under_way(self) -> None:
        self.run(self.settle())

    # --- what must hold

    @invariant()
    def nothing_is_opened_twice(self) -> None:
        for name in NAMES:
            assert sum(server.open_now for server in self.current(name)) <= 1
            assert all(server.most <= 1 for server in self.current(name))

    @precondition(lambda self: not self.pending)
    @invariant()
    def what_is_kept_is_what_is_wanted(self) -> None:
        supervisor = self.store._manager.parts.supervisor
        entries = self.store._manager.parts.config_store.reading.specs
        assert {runner.spec.name for runner in supervisor.runners()} == set(entries) == set(self.wanted)
        for name, is_wanted in self.wanted.items():
            runner = supervisor.runner(name)
            assert entries[name].enabled is is_wanted
            assert (runner.ctx.desired is Desired.RUN) is is_wanted
            if not is_wanted:
                assert all(server.open_now == 0 for server in self.current(name)) or runner.ctx.live

    def teardown(self) -> None:
        for name in NAMES:
            self.heal(name)
        if hasattr(self, "store"):
            self.run(self.settle())
            self.run(asyncio.sleep(HEALS))
            for name in NAMES:
                is_open = sum(server.open_now for server in self.current(name))
                assert is_open == self.wanted.get(name, False), name
            self.what_is_kept_is_what_is_wanted()
            assert self.run(self.store.close()) == []
            assert all(server.open_now == 0 for server in self.servers.values())
        self.runner.close()

    # --- helpers

    def current(self, name: str) -> list[Watched]:
        return [self.servers[f"{name}0"], self.servers[f"{name}1"]]

    async def settle(self) -> None:
        """Wait for every order under way; after several at once, look which came last."""
        await asyncio.gather(*self.pending)
        self.pending.clear()
        entries = self.store._manager.parts.config_store.reading.specs
        for name in self.unsure:
            self.wanted.pop(name, None)
            if name in entries:
                self.wanted[name] = entries[name].enabled
                self.version[name] = int(entries[name].settings["server"][-1])
        self.unsure.clear()


async def harmless(order: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    with suppress(MCPStoreError):  # such as an order about a service that is not there
        await order()


async def soon(call: Callable[[], object]) -> None:
    call()
    await asyncio.sleep(0)


Facade.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


@pytest.mark.timeout(300)
class TestFacade(Facade.TestCase):
    pass


@pytest.mark.parametrize("order", ["start", "enable", "restart"])
def test_a_start_requested_right_after_a_stop_is_carried_out_after_it(order):
    facade = Facade()
    facade.open()
    facade.order("a", "add")
    facade.order("a", "stop")

    facade.give_orders_at_once([("a", "stop"), ("a", order)])

    assert facade.wanted == {"a": True}
    facade.teardown()
