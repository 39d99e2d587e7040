"""The suite of health strategies catches those that are wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from mcpstore import hookimpl
from mcpstore.hooks import HealthStrategy
from mcpstore.testing.loop import VirtualLoop
from mcpstore.testing.suites import HealthStrategySuite
from testing.running import failures


class Options(BaseModel, extra="forbid"):
    pass


class Loose(BaseModel, extra="allow"):
    pass


class Plugin:
    def __init__(self, probe: Any, config: type[BaseModel] = Options) -> None:
        self.probe = probe
        self.config = config

    @hookimpl
    def mcpstore_health_strategies(self) -> list[HealthStrategy[Any]]:
        return [HealthStrategy(name="tested", config=self.config, probe=self.probe)]


async def right(check, _options):
    await check.connection.request("ping", timeout=check.timeout)


async def never_asks(_check, _options):
    pass


async def waits_for_ever(check, _options):
    await check.connection.request("ping")


async def asks_twice(check, _options):
    for _ in range(2):
        await check.connection.request("ping", timeout=check.timeout)


async def remembers_everything(check, _options):
    await check.connection.request("ping", timeout=check.timeout)
    check.memory.setdefault("seen", []).append("a check")


async def trusts_the_service(check, _options):
    result = await check.connection.request("tools/list", timeout=check.timeout)
    assert {tool["name"] for tool in result["tools"]}


async def tells_nothing(check, _options):
    try:
        await check.connection.request("ping", timeout=check.timeout)
    except BaseException:  # noqa: BLE001 - wrong on purpose
        raise RuntimeError from None


async def holds_a_grudge(check, _options):
    if check.memory.get("failed"):
        raise RuntimeError("it failed before")
    check.memory["failed"] = True
    await check.connection.request("ping", timeout=check.timeout)
    check.memory["failed"] = False


async def leaks(check, _options):
    await asyncio.shield(check.connection.request("ping", timeout=check.timeout))


@pytest.mark.parametrize(
    ("plugin", "caught"),
    [
        (Plugin(right), set()),
        (Plugin(right, Loose), {"test_good_options_are_accepted_and_an_unknown_one_is_refused_by_name"}),
        (
            Plugin(never_asks),
            {
                "test_silence_is_reported_as_a_timeout_in_time",
                "test_a_service_that_answers_with_errors_fails",
                "test_a_service_that_asks_for_a_pause_is_reported_as_busy",
                "test_a_service_that_has_exited_is_reported_as_lost",
                "test_a_check_that_is_cancelled_ends_at_once_and_leaves_nothing",
            },
        ),
        (Plugin(waits_for_ever), {"test_silence_is_reported_as_a_timeout_in_time"}),
        (Plugin(asks_twice), {"test_a_check_never_takes_longer_than_it_may"}),
        (
            Plugin(remembers_everything),
            {"test_a_service_that_is_well_passes_time_and_again_and_its_notes_do_not_grow"},
        ),
        (
            Plugin(trusts_the_service),
            {"test_answers_of_the_wrong_shape_pass_or_fail_but_are_no_fault_of_the_strategy"},
        ),
        (
            Plugin(tells_nothing),
            {
                "test_silence_is_reported_as_a_timeout_in_time",
                "test_a_service_that_answers_with_errors_fails",
                "test_a_service_that_asks_for_a_pause_is_reported_as_busy",
                "test_a_service_that_has_exited_is_reported_as_lost",
                "test_a_check_that_is_cancelled_ends_at_once_and_leaves_nothing",
                "test_a_store_watches_a_service_with_it",
            },
        ),
        (
            Plugin(holds_a_grudge),
            {
                "test_a_failure_is_forgotten_once_the_service_is_well_again",
                "test_a_store_watches_a_service_with_it",
            },
        ),
        (Plugin(leaks), {"test_a_check_that_is_cancelled_ends_at_once_and_leaves_nothing"}),
    ],
    ids=lambda given: given.probe.__name__ if isinstance(given, Plugin) else "",
)
def test_a_wrong_strategy_is_detected(plugin, caught, tmp_path):
    class Tested(HealthStrategySuite):
        name = "tested"
        limit = 2000.0

    Tested.plugin = plugin
    result = failures(Tested, tmp_path, loop=VirtualLoop)
    assert result >= caught
    assert result == set() or caught
