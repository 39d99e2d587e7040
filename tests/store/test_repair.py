"""Why services are where they are, and how they are brought back, over both faces of a store."""

from __future__ import annotations

import asyncio
import json

import pytest

from mcpstore.errors import InvalidService, NotReady, ServiceError, ServiceNotFound
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus

S = ServiceConnectionState


async def eventually(holds):
    async with asyncio.timeout(60):
        while not await holds():
            await asyncio.sleep(0.01)


async def lost_for_good(world, store, name):
    """Let a service die and not come back."""
    world.server(name, open_error=NotReady("it exited with code 3"))
    world.do(store, lambda: world.servers[name].die(3, "the disk is full"))
    await store.wait_service(name, "error", timeout=60)


async def test_a_restart_that_helps_ends_the_recovery(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    done = await store.recover("a")
    assert done
    assert (done.name, done.recovered, done.done, done.error) == ("a", True, ("restarted",), None)
    assert (done["run_status"], done.connection_state) == ("running", S.HEALTHY)
    assert world.servers["a"].opened == 2


async def test_a_service_that_a_restart_does_not_recover_is_recreated_from_the_newest_entry(world):
    """The entry was corrected, and the store did not notice: it reads the entry again before it gives up."""
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    await store.wait_service("a", timeout=60)
    world.server("b")
    parts = (store if world.kind == "async" else store._inner._wrapped)._manager.parts
    document = parts.config_store._document
    await lost_for_good(world, store, "a")

    def correct():
        document._data = {"mcpServers": {"a": world.entry("b")}}

    assert hasattr(document, "_data")
    world.do(store, correct)
    done = await store.recover("a")
    assert done, done
    assert done.done == ("restarted", "recreated from its stored entry")
    assert world.servers["b"].open_now == 1


async def test_a_service_that_cannot_be_recovered_keeps_its_entry_and_reports_the_reason(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await lost_for_good(world, store, "a")
    before = world.path.read_bytes()
    done = await store.recover("a")
    assert not done
    assert "it exited with code 3" in done.error
    assert done.run_status is ServiceStatus.ERROR
    assert world.path.read_bytes() == before
    assert (await store.list_services()).names() == ["a"]


async def test_an_unreadable_configuration_prevents_no_recovery(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await lost_for_good(world, store, "a")
    world.path.write_text("{ this is no JSON")
    assert not await store.recover("a")
    world.server("a", open_error=None)
    assert await store.recover("a")
    assert world.path.read_text() == "{ this is no JSON"


async def test_a_deleted_entry_is_not_recreated(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    await store.wait_service("a", timeout=60)
    parts = (store if world.kind == "async" else store._inner._wrapped)._manager.parts
    await lost_for_good(world, store, "a")
    world.do(store, lambda: setattr(parts.config_store._document, "_data", {"mcpServers": {}}))
    done = await store.recover("a")
    assert not done
    assert done.error == "its entry is no longer in the configuration"
    assert len(await store.list_services()) == 0


async def test_recover_enables_a_disabled_service(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await store.stop_service("a")
    assert await store.recover("a")
    assert not json.loads(world.path.read_text())["mcpServers"]["a"].get("disabled")


async def test_an_attempt_continues_after_the_caller_stops_waiting(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    world.server("a", open_delay=0.5)
    done = await store.recover("a", timeout=0.05)
    assert (done.done, done.error) == (("restarted",), "it is still being opened")
    assert await store.wait_service("a", timeout=60)
    assert world.servers["a"].opened == 2


async def test_all_services_in_error_are_recovered_and_the_others_are_not_touched(world):
    store = await world.open()
    entries = {name: world.entry(name) for name in ("well", "ill", "hopeless", "stopped")}
    entries["ill"]["mcpstore"] = {"depends_on": ["hopeless"]}
    await store.add_service({"mcpServers": entries}, wait=60)
    await store.stop_service("stopped")
    for name in ("ill", "hopeless"):
        await lost_for_good(world, store, name)
    world.server("ill", open_error=None)
    done = await store.recover_all()
    assert done.names() == ["hopeless", "ill"]  # what is depended on comes first
    assert [one.recovered for one in done] == [False, True]
    assert world.servers["well"].opened == 1
    assert (await store.get_service_info("stopped")).run_status is ServiceStatus.STOPPED


async def test_a_recovery_without_failed_services_does_nothing(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert len(await store.recover_all()) == 0


async def test_an_agent_recovers_only_its_own_services(world):
    store = await world.open()
    agent = store.for_agent("writer")
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await agent.add_service({"name": "b", **world.entry("b")}, wait=60)
    for name in ("a", "b"):
        await lost_for_good(world, store, name)
        world.server(name, open_error=None)
    with pytest.raises(ServiceNotFound):
        await agent.recover("a")
    assert (await agent.recover_all()).names() == ["b"]


async def test_a_diagnosis_shows_the_exit_the_last_output_and_the_next_attempt(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    world.do(store, lambda: world.servers["a"].connection.peer.on_stderr("no space left on device"))
    await lost_for_good(world, store, "a")

    async def waits():
        return (await store.diagnose("a")).next_retry_time is not None

    await eventually(waits)
    diagnosis = await store.diagnose("a")
    assert (diagnosis.exit_code, diagnosis.stderr, diagnosis.recovery) == (3, ("no space left on device",), "backoff")
    assert diagnosis.run_status is ServiceStatus.ERROR
    assert diagnosis.summary.endswith("the disk is full")
    assert diagnosis.remedy == "free space"
    assert diagnosis.lasted >= 0
    assert any(line.startswith("next try at ") for line in diagnosis.evidence)
    assert "stderr: no space left on device" in diagnosis.evidence


async def test_a_diagnosis_shows_the_last_checks(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await store.check_services("a")
    world.server("a").answers["ping"] = ServiceError(-32603, "the index is broken")
    await store.check_services("a")
    *_, good, bad = (await store.diagnose("a")).checks[:2]
    assert (good.answered, good.error) == (True, None)
    assert bad.answered is False
    assert "the index is broken" in bad.error
    assert bad.response_time >= 0


async def test_a_diagnosis_names_missing_dependencies(world):
    store = await world.open()
    await store.add_service({"name": "db", **world.entry("db")}, wait=60)
    await store.add_service({"name": "web", **world.entry("web", mcpstore={"depends_on": ["db", "ghost"]})}, wait=60)
    await store.stop_service("db")
    diagnosis = await store.diagnose("web")
    assert diagnosis.depends_on == ("db", "ghost")
    assert "it depends on 'db', which is stopped" in diagnosis.evidence
    assert "it depends on 'ghost', which does not exist" in diagnosis.evidence
    assert (diagnosis.summary, diagnosis.remedy) == ("it is healthy", "")


async def test_an_invalid_entry_has_a_diagnosis(world):
    world.path.write_text(json.dumps({"mcpServers": {"a": {"args": ["x"]}}}))
    store = await world.open(world.path)
    diagnosis = await store.diagnose("a")
    assert diagnosis.summary == "its entry in the configuration cannot be used"
    assert diagnosis.evidence
    assert diagnosis.reason is Reason.PERMANENT
    with pytest.raises(ServiceNotFound):
        await store.diagnose("b")


async def test_a_service_that_is_not_retried_reports_how_to_recover_it(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a", mcpstore={"recovery": "manual"})}, wait=60)
    await lost_for_good(world, store, "a")
    await store.wait_service("a", "disconnected", timeout=60)
    diagnosis = await store.diagnose("a")
    assert "given up: its recovery policy is 'manual'" in diagnosis.error
    assert diagnosis.next_retry_time is None
    assert diagnosis.remedy == "it is not retried automatically; recover it: mcpstore recover a"
    world.server("a", open_error=None)
    assert await store.recover("a")


async def test_a_diagnosis_has_a_bounded_size(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)

    def flood():
        for number in range(1000):
            world.servers["a"].connection.peer.on_stderr(f"{number} " + "x" * 10_000)

    world.do(store, flood)
    world.server("a", open_error=NotReady("y" * 100_000))
    world.do(store, lambda: world.servers["a"].die(1, "z" * 100_000))
    await store.wait_service("a", "error", timeout=60)
    diagnosis = await store.diagnose("a")
    assert len(json.dumps(diagnosis.to_dict())) < 10_000


async def test_an_external_health_report_counts_like_a_check(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert await store.report_health("a", "slow", response_time=2.5) is True
    info = await store.get_service_info("a")
    assert (info.connection_state, info.state_metadata.response_time) == (S.WARNING, 2500)
    await store.report_health("a", "healthy")
    await store.report_health("a", "healthy")
    assert (await store.get_service_info("a")).connection_state is S.HEALTHY
    await store.report_health("a", "unhealthy", error="the numbers are wrong")
    info = await store.get_service_info("a")
    assert info.connection_state is S.UNHEALTHY
    assert info.state_metadata.error_message == "the numbers are wrong"
    await store.report_health("a", "unknown")
    assert (await store.get_service_info("a")).connection_state is S.UNKNOWN
    assert world.servers["a"].opened == 1


async def test_three_failed_reports_in_a_row_end_the_connection(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    for _ in range(3):
        assert await store.report_health("a", "timeout") is True
    assert await store.wait_service("a", timeout=60)
    assert world.servers["a"].opened == 2


async def test_a_report_about_a_service_without_a_connection_is_ignored(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await store.stop_service("a")
    assert await store.report_health("a", "healthy") is False
    assert (await store.get_service_info("a")).connection_state is S.DISCONNECTED


@pytest.mark.parametrize(
    ("status", "time", "message"),
    [
        ("disconnected", 0.0, r"status must be one of healthy, .*unknown \(got 'disconnected'\)"),
        ("healthy", -1.0, "response_time must be a number of seconds, not negative"),
        ("healthy", float("nan"), "response_time must be a number of seconds, not negative"),
    ],
)
async def test_an_empty_health_report_is_refused(world, status, time, message):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    with pytest.raises(ValueError, match=message):
        await store.report_health("a", status, response_time=time)
    assert (await store.get_service_info("a")).connection_state is S.HEALTHY


async def test_tools_can_be_listed_at_any_time(world):
    store = await world.open()
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}}, wait=60)
    await store.stop_service("b")
    world.server("a").tools = ("echo", "new")
    first, second = await store.refresh_tools()
    assert (first.name, first.tool_count, first.cause, first.failures) == ("a", 2, "request", 0)
    assert first.next_time > first.time
    assert (second.name, second.cause, second.time) == ("b", "", None)
    assert (await store.list_tools("a")).names() == ["echo", "new"]


async def test_a_failed_listing_keeps_the_tools_and_reports_the_reason(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    world.server("a").answers["tools/list"] = ServiceError(-32603, "not now")
    refresh = (await store.refresh_tools("a"))["a"]
    assert (refresh.tool_count, refresh.failures) == (1, 1)
    assert "not now" in refresh.error
    with pytest.raises(ServiceNotFound):
        await store.refresh_tools("ghost")


async def test_a_policy_with_invalid_options_is_reported_by_field_and_stops_no_service(world, caplog):
    wrong = world.entry("a", mcpstore={"recovery": {"type": "fixed", "delay": 0, "dealy": 1}})
    world.path.write_text(json.dumps({"mcpServers": {"a": wrong, "b": world.entry("b")}}))
    store = await world.open(world.path)
    assert await store.wait_service("a", timeout=60)
    (problem,) = await store.config_problems()
    assert problem.where == "service 'a'"
    assert problem.what.startswith("recovery policy 'fixed': ")
    assert "delay: input should be greater than 0" in problem.what
    assert "dealy: unknown key; did you mean 'delay'?" in problem.what
    world.do(store, world.servers["a"].die)
    await store.wait_service("a", "reconnecting", timeout=60)
    assert await store.wait_service("a", timeout=60)  # by the built-in timing
    assert "recovery policy 'fixed': delay: input should be greater than 0" in caplog.text


async def test_a_policy_with_invalid_options_is_not_stored(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    before = world.path.read_bytes()
    entry = world.entry("a", mcpstore={"recovery": {"type": "fixed", "max_attempts": 0}})
    for refused in (store.add_service({"name": "a", **entry}), store.update_service("a", entry)):
        with pytest.raises(InvalidService, match="recovery policy 'fixed': max_attempts: input should be greater"):
            await refused
    assert world.path.read_bytes() == before
