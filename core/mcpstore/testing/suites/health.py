"""What a health strategy must be able to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from pydantic import BaseModel

from mcpstore.errors import CallError, CallTimeout, ConnectionLost, ServiceBusy, ServiceError
from mcpstore.hooks import Check, ClientEndpoint, HealthStrategy
from mcpstore.models.service import ServiceConnectionState
from mcpstore.runtime.validation import validated
from mcpstore.store import AsyncMCPStore
from mcpstore.testing._pytest import pytest
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedConnection, ScriptedPlugin, ScriptedServer, ScriptedSettings
from mcpstore.testing.suites.base import Suite, error_of, needs, offered, stand_ins

__all__ = ["HealthStrategySuite"]

TIMEOUT = 10.0
METHODS = ("ping", "tools/list", "tools/call", "prompts/list", "resources/list", "server/discover")
ODD: tuple[Mapping[str, Any], ...] = (
    {},
    {"tools": None, "content": None},
    {"tools": "many", "content": "much"},
    {"tools": [None, 7, "x", {}, {"name": 7}], "content": [None, 7, {}, {"text": 7}]},
    {"tools": {"name": "x"}, "content": {"text": "x"}, "isError": "perhaps"},
)


class HealthStrategySuite(Suite):
    """Checks of a health strategy, over a scripted server and in virtual time.

    Example:
        ::

            class TestEnoughTools(HealthStrategySuite):
                plugin = mcpstore_enough_tools
                name = "enough_tools"
                options = {"least": 1}

    Attributes:
        options: Options with which the server of this suite is well.
    """

    capabilities: ClassVar[Mapping[str, str]] = {
        "calls": "it sends requests to the service, so that it notices when they are not answered",
        "errors": "an error that answers its request is a failed check",
    }
    limit: ClassVar[float] = 100_000.0
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def anyio_backend(self) -> Any:
        """Run async tests in virtual time."""
        return "asyncio", {"loop_factory": VirtualLoop}

    def server(self) -> ScriptedServer:
        """Return a server that is well, in the eyes of the strategy."""
        return ScriptedServer("scripted", tools=("echo",))

    @property
    def strategy(self) -> HealthStrategy[Any]:
        """The strategy."""
        strategy: HealthStrategy[Any] = offered(self.plugin, "mcpstore_health_strategies", self.name)
        return strategy

    @asynccontextmanager
    async def checking(self, server: ScriptedServer, timeout: float = TIMEOUT) -> AsyncGenerator[Checking]:  # noqa: ASYNC109 - what a check is given
        """Open a connection to a server, and yield something that checks it.

        Args:
            server: The server.
            timeout: Seconds a check may take.
        """
        strategy = self.strategy
        options = validated(strategy.config, dict(self.options), "options")
        async with ScriptedPlugin(it=server).connect(ScriptedSettings(server="it"), ClientEndpoint()) as connection:
            yield Checking(strategy, options, connection, timeout)

    # --- what it offers ----------------------------------------------------------------------------------------

    def test_it_is_offered_with_a_model_of_its_options(self) -> None:
        strategy = self.strategy
        assert isinstance(strategy, HealthStrategy)
        assert issubclass(strategy.config, BaseModel)
        assert callable(strategy.probe)

    def test_good_options_are_accepted_and_an_unknown_one_is_refused_by_name(self) -> None:
        assert error_of(self.strategy.config, self.options) == ""
        error = error_of(self.strategy.config, {**self.options, "no_such_option": 1})
        assert "no_such_option" in error, (
            "options must forbid what they do not know: class …(BaseModel, extra='forbid')"
        )

    # --- what it finds -----------------------------------------------------------------------------------------

    async def test_a_service_that_is_well_passes(self) -> None:
        async with self.checking(self.server()) as check:
            await check()

    async def test_a_service_that_is_well_passes_time_and_again_and_its_notes_do_not_grow(self) -> None:
        async with self.checking(self.server()) as check:
            for _ in range(3):
                await check()
            size = len(repr(check.memory))
            for _ in range(100):
                await check()
            assert len(repr(check.memory)) <= size + 100, "what a strategy remembers must be bounded"

    @needs("calls")
    async def test_silence_is_reported_as_a_timeout_in_time(self) -> None:
        server = self.server()
        server.silent = set(METHODS)
        async with self.checking(server) as check:
            began = asyncio.get_running_loop().time()
            with pytest.raises(CallTimeout):
                await check()
            assert asyncio.get_running_loop().time() - began <= TIMEOUT + 0.001

    async def test_a_check_never_takes_longer_than_it_may(self) -> None:
        server = self.server()
        server.delay = TIMEOUT * 0.6
        async with self.checking(server) as check:
            began = asyncio.get_running_loop().time()
            await check.outcome()
            assert asyncio.get_running_loop().time() - began <= TIMEOUT + 0.001, (
                "share Check.timeout among all requests"
            )

    async def test_a_service_that_is_slow_but_in_time_passes(self) -> None:
        server = self.server()
        server.delay = TIMEOUT * 0.1
        async with self.checking(server) as check:
            await check()

    @needs("calls", "errors")
    async def test_a_service_that_answers_with_errors_fails(self) -> None:
        server = self.server()
        server.answers = dict.fromkeys(METHODS, ServiceError(-32603, "out of order"))
        async with self.checking(server) as check:
            with pytest.raises(CallError) as caught:
                await check()
            assert str(caught.value).strip()

    @needs("calls")
    async def test_a_service_that_asks_for_a_pause_is_reported_as_busy(self) -> None:
        server = self.server()
        server.answers = dict.fromkeys(METHODS, ServiceBusy("come back later", retry_after=7.0))
        async with self.checking(server) as check:
            with pytest.raises(ServiceBusy) as caught:
                await check()
            assert caught.value.retry_after == 7.0

    @needs("calls")
    async def test_a_service_that_has_exited_is_reported_as_lost(self) -> None:
        async with self.checking(self.server()) as check:
            check.connection.script.die(1)
            with pytest.raises(ConnectionLost):
                await check()

    @pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
    async def test_answers_of_the_wrong_shape_pass_or_fail_but_are_no_fault_of_the_strategy(
        self, answer: Mapping[str, Any]
    ) -> None:
        server = self.server()
        take: Callable[[Mapping[str, Any]], Any] = lambda _params: answer or {"_": 0}  # noqa: E731
        server.answers = dict.fromkeys(METHODS, take)
        async with self.checking(server) as check:
            error = await check.outcome()
            assert error is None or isinstance(error, CallError), f"must be a CallError (got {error!r})"

    async def test_a_failure_is_forgotten_once_the_service_is_well_again(self) -> None:
        server = self.server()
        async with self.checking(server) as check:
            server.silent = set(METHODS)
            await check.outcome()
            server.silent = set()
            await check()

    async def test_two_services_are_checked_at_once_and_independently(self) -> None:
        ill = self.server()
        ill.answers = dict.fromkeys(METHODS, ServiceError(-32603, "out of order"))
        async with self.checking(self.server()) as well_check, self.checking(ill) as ill_check:
            outcomes = await asyncio.gather(*(check.outcome() for check in (well_check, ill_check, well_check)))
        assert outcomes[0] is None
        assert outcomes[2] is None

    @needs("calls")
    async def test_a_check_that_is_cancelled_ends_at_once_and_leaves_nothing(self) -> None:
        server = self.server()
        server.silent = set(METHODS)
        async with self.checking(server) as check, nothing_left():
            checking = asyncio.create_task(check())
            await asyncio.sleep(0.1)
            checking.cancel()
            await asyncio.wait([checking], timeout=1.0)
            assert checking.cancelled(), "a cancelled check must not swallow its cancellation"

    # --- in use ------------------------------------------------------------------------------------------------

    @needs("calls")
    async def test_a_store_watches_a_service_with_it(self) -> None:
        server = self.server()
        health = {"type": self.name, **self.options}
        entry = {"transport": {"type": "scripted", "server": "it"}, "mcpstore": {"health": health}}
        blocked = await asyncio.to_thread(stand_ins, f"health strategy {self.name}")
        async with AsyncMCPStore(
            {"mcpServers": {"it": entry}},
            plugins={"scripted": ScriptedPlugin(it=server), "tested": self.plugin},
            block_plugins=blocked,
            clock=FakeClock(),
            monitoring_config={"enabled": False},  # looking at this machine takes real time
        ) as store:
            assert await store.wait_service("it", ServiceConnectionState.HEALTHY, timeout=60)
            assert (await store.check_services("it"))["it"].healthy
            server.silent = set(METHODS)
            assert await store.wait_service("it", ServiceConnectionState.UNHEALTHY, timeout=120)
            server.silent = set()
            assert await store.wait_service("it", ServiceConnectionState.HEALTHY, timeout=600)


class Checking:
    """Checks one connection, as the manager would.

    Args:
        strategy: How.
        options: Its options.
        connection: What is checked.
        timeout: Seconds a check may take.

    Attributes:
        connection: What is checked.
        memory: The notes of the strategy.
    """

    def __init__(
        self, strategy: HealthStrategy[Any], options: Any, connection: ScriptedConnection, timeout: float
    ) -> None:
        self._strategy = strategy
        self._options = options
        self._timeout = timeout
        self.connection: ScriptedConnection = connection
        self.memory: dict[str, Any] = {}

    async def __call__(self) -> None:
        """Check it."""
        check = Check(service="tested", connection=self.connection, timeout=self._timeout, memory=self.memory)
        await self._strategy.probe(check, self._options)

    async def outcome(self) -> Exception | None:
        """Check it, and return what was wrong."""
        try:
            await self()
        except Exception as error:  # noqa: BLE001 - whatever it is, the check looks at it
            return error
        return None
