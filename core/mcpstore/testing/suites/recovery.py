"""Requirements on a recovery policy."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from mcpstore.errors import NotReady
from mcpstore.hooks import FailureContext, GiveUp, RecoveryPolicy, Reregister, Retry
from mcpstore.models.service import Reason, RestartOption, ServiceConnectionState
from mcpstore.runtime.validation import validated
from mcpstore.store import AsyncMCPStore
from mcpstore.testing._pytest import pytest
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer
from mcpstore.testing.suites.base import Suite, error_of, needs, offered, stand_ins

__all__ = ["RecoveryPolicySuite"]

MOST_OPENS = 25
"""Limit of the manager for automatic openings in 600 s, whatever a policy decides."""


def incidents() -> Iterator[FailureContext]:
    """Yield failure contexts of every kind, ordinary and extreme."""
    for reason in Reason:
        for attempt in (0, 1, 9, 10_000):
            for rounds in (0, 1, 100):
                yield incident(reason=reason, attempt=attempt, rounds=rounds)
    for restart in RestartOption:
        for exit_code in (None, 0, 1, 137, -9):
            yield incident(restart=restart, exit_code=exit_code)
    yield incident(delay=0.0, floor=0.0)
    yield incident(delay=1800.0, floor=300.0)
    yield incident(attempts_ago=tuple(float(n) for n in range(100)))
    yield incident(error="")
    yield incident(error="é漢😀 \n" * 10_000)


def incident(**fields: Any) -> FailureContext:
    """Return a failure context.

    Args:
        fields: Fields that differ from the default context.
    """
    usual: dict[str, Any] = {
        "service": "tested", "attempt": 1, "rounds": 0, "reason": Reason.NONE, "delay": 2.0, "floor": 1.0,
        "error": "exited with code 1", "exit_code": 1, "attempts_ago": (3.0,),
    }  # fmt: skip
    return FailureContext(**{**usual, **fields})


class RecoveryPolicySuite(Suite):
    """Checks of a recovery policy; those with a store run in virtual time.

    Example:
        ::

            class TestOfficeHours(RecoveryPolicySuite):
                plugin = mcpstore_office_hours
                name = "office_hours"
                options = {"from": 9, "to": 17}

    Attributes:
        options: Options that are valid.
        longest: The longest wait the policy may decide, in seconds; for a longer one it should give up.
    """

    capabilities: ClassVar[Mapping[str, str]] = {
        "healing": "it reopens a service that can be opened again",
        "repeatable": "equal contexts give equal decisions",
    }
    limit: ClassVar[float] = 1e9
    options: ClassVar[Mapping[str, Any]] = {}
    longest: ClassVar[float] = 86_400.0

    @pytest.fixture
    def anyio_backend(self) -> Any:
        """Run async tests in virtual time."""
        return "asyncio", {"loop_factory": VirtualLoop}

    @property
    def policy(self) -> RecoveryPolicy[Any]:
        """The policy."""
        policy: RecoveryPolicy[Any] = offered(self.plugin, "mcpstore_recovery_policies", self.name)
        return policy

    def decide(self, asked: FailureContext) -> Any:
        """Return the decision of the policy.

        Args:
            asked: The failure context.
        """
        policy = self.policy
        return policy.decide(asked, validated(policy.config, dict(self.options), "options"))

    # --- what it offers ----------------------------------------------------------------------------------------

    def test_it_is_offered_with_a_model_of_its_options(self) -> None:
        policy = self.policy
        assert isinstance(policy, RecoveryPolicy)
        assert issubclass(policy.config, BaseModel)
        assert callable(policy.decide)

    def test_good_options_are_accepted_and_an_unknown_one_is_refused_by_name(self) -> None:
        assert error_of(self.policy.config, self.options) == ""
        error = error_of(self.policy.config, {**self.options, "no_such_option": 1})
        assert "no_such_option" in error, (
            "options must forbid what they do not know: class …(BaseModel, extra='forbid')"
        )

    # --- decisions ---------------------------------------------------------------------------------------------

    def test_it_answers_at_once(self) -> None:
        assert not inspect.iscoroutinefunction(self.policy.decide)
        assert not inspect.isawaitable(self.decide(incident()))

    def test_every_failure_gets_a_valid_decision(self) -> None:
        for asked in incidents():
            answer = self.decide(asked)
            assert answer is None or isinstance(answer, Retry | Reregister | GiveUp), f"{answer!r} for {asked}"

    def test_every_wait_is_a_number_of_seconds(self) -> None:
        for asked in incidents():
            answer = self.decide(asked)
            if isinstance(answer, Retry | Reregister):
                assert math.isfinite(answer.after), f"{answer!r} for {asked}"
                assert answer.after >= 0, f"{answer!r} for {asked}"

    def test_no_wait_is_longer_than_the_limit(self) -> None:
        for asked in incidents():
            answer = self.decide(asked)
            if isinstance(answer, Retry | Reregister):
                assert answer.after <= self.longest, f"{answer!r} for {asked}; use GiveUp(why=…)"

    def test_giving_up_has_a_reason(self) -> None:
        for asked in incidents():
            answer = self.decide(asked)
            if isinstance(answer, GiveUp):
                assert answer.why.strip(), f"{answer!r} for {asked}"
                assert len(answer.why) <= 1000, "a person must be able to read it"

    @needs("repeatable")
    def test_asked_the_same_it_answers_the_same(self) -> None:
        for asked in incidents():
            assert self.decide(asked) == self.decide(asked)

    def test_failures_of_one_service_do_not_affect_another(self) -> None:
        before = self.decide(incident(service="one", attempt=0, attempts_ago=()))
        for _ in range(50):
            self.decide(incident(service="other", attempt=9, rounds=3))
        after = self.decide(incident(service="one", attempt=0, attempts_ago=()))
        assert type(after) is type(before), "keep state per service; better, use FailureContext.attempts_ago"

    def test_the_text_of_an_error_does_not_decide(self) -> None:
        answers = [self.decide(incident(error=error)) for error in ("", "exited", "token s3cret-canary is wrong")]
        assert len({type(answer).__name__ for answer in answers}) == 1
        answer = self.decide(incident(error="token s3cret-canary is wrong"))
        assert not isinstance(answer, GiveUp) or "s3cret-canary" not in answer.why

    # --- in use ------------------------------------------------------------------------------------------------

    async def _store(self, server: ScriptedServer) -> AsyncMCPStore:
        recovery = {"type": self.name, **self.options}
        entry = {"transport": {"type": "scripted", "server": "it"}, "mcpstore": {"recovery": recovery}}
        blocked = await asyncio.to_thread(stand_ins, f"recovery policy {self.name}")
        return AsyncMCPStore(
            {"mcpServers": {"it": entry}},
            plugins={"scripted": ScriptedPlugin(it=server), "tested": self.plugin},
            block_plugins=blocked,
            clock=FakeClock(),
            monitoring_config={"enabled": False},  # looking at this machine takes real time
        )

    async def test_a_store_with_it_keeps_the_limit_of_openings(self) -> None:
        server = ScriptedServer("it")
        server.open_error = NotReady("the database is down")
        async with await self._store(server):
            for _ in range(6):
                before = server.opened
                await asyncio.sleep(600)
                assert server.opened - before <= MOST_OPENS

    @needs("healing")
    async def test_a_service_that_died_comes_back(self) -> None:
        server = ScriptedServer("it")
        async with await self._store(server) as store:
            assert await store.wait_service("it", ServiceConnectionState.HEALTHY, timeout=60)
            server.die(1)
            await asyncio.sleep(1)
            assert await store.wait_service("it", ServiceConnectionState.HEALTHY, timeout=self.longest)
            assert server.opened == 2

    async def test_a_service_can_be_started_by_hand_whatever_it_decided(self) -> None:
        server = ScriptedServer("it")
        async with await self._store(server) as store:
            server.open_error = NotReady("the database is down")
            await store.restart_service("it")
            await asyncio.sleep(600)
            server.open_error = None
            assert await store.start_service("it", timeout=600)
