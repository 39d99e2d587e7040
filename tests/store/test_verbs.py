"""The verbs of a store, over both its faces."""

from __future__ import annotations

import asyncio
import json

import anyio
import pytest

from mcpstore.core.models.service import ServiceConnectionState, ServiceStatus
from mcpstore.errors import (
    AmbiguousTool,
    CallError,
    ConfigError,
    DependencyCycle,
    InvalidService,
    NotReady,
    ServiceError,
    ServiceNotFound,
    ServiceUnavailable,
    StoreClosed,
    ToolError,
    ToolNotFound,
)
from mcpstore.hooks import Refusal, hookimpl

S = ServiceConnectionState


async def test_an_added_service_is_written_started_and_usable(world):
    store = await world.open(world.path)
    added = await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert added.names() == ["a"]
    assert added["a"].status is ServiceStatus.RUNNING
    assert json.loads(world.path.read_text()) == {"mcpServers": {"a": world.entry("a")}}
    assert (await store.call_tool("echo", {"x": 1})).text == "echo: {'x': 1}"


async def test_adding_does_not_wait_for_the_connection(world):
    store = await world.open()
    world.server("a", open_delay=3600.0)
    with anyio.fail_after(60):
        added = await store.add_service({"name": "a", **world.entry("a")})
    assert added[0].status in (ServiceStatus.STARTING, ServiceStatus.NOT_STARTED)


async def test_many_can_be_added_at_once_in_any_of_the_accepted_forms(world):
    store = await world.open()
    file = world.folder / "others.json"
    file.write_text(json.dumps({"servers": {"c": world.entry("c")}}))
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}})
    await store.add_service(str(file))
    await store.add_service([{"name": "d", **world.entry("d")}, {"name": "e", **world.entry("e")}])
    await store.add_service(name="f", **world.entry("f"))
    assert (await store.list_services()).names() == list("abcdef")


async def test_what_get_service_info_gave_can_be_added_again(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a", description="first")}, wait=60)
    config = (await store.get_service_info("a")).config
    await store.remove_service("a")
    assert await store.get_service_info("a") is None
    await store.add_service(config, wait=60)
    info = await store.get_service_info("a")
    assert (info.description, info["status"]) == ("first", "running")


async def test_the_same_entry_again_changes_nothing_and_another_one_updates(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    before = world.path.stat()
    await store.add_service({"name": "a", **world.entry("a")})
    assert world.path.stat() == before
    assert world.servers["a"].opened == 1
    world.server("b")
    await store.add_service({"name": "a", **world.entry("b")}, wait=60)
    async with asyncio.timeout(60):
        while world.servers["b"].opened == 0:
            await asyncio.sleep(0.01)
    assert world.servers["a"].open_now == 0


async def test_bad_entries_are_told_all_at_once_and_good_ones_stay(world):
    store = await world.open(world.path)
    with pytest.raises(InvalidService) as told:
        await store.add_service(
            {
                "mcpServers": {
                    "good": world.entry("good"),
                    "nothing": {"args": ["x"]},
                    "unknown": {"transport": {"type": "carrier_pigeon"}},
                    "wrong": {"command": "x", "args": "no list", "mcpstore": {"helth": "ping"}},
                    "options": world.entry("good", mcpstore={"health": {"type": "call_tool"}}),
                }
            }
        )
    assert set(told.value.problems) == {"nothing", "unknown", "wrong", "options"}
    message = str(told.value)
    assert "carrier_pigeon" in message
    assert "did you mean 'health'" in message
    assert "tool: field required" in message
    assert (await store.list_services()).names() == ["good"]
    assert list(json.loads(world.path.read_text())["mcpServers"]) == ["good"]


@pytest.mark.parametrize("given", [None, 42, b"x", [], {}, [1], {"name": "a"}, "no-such-file.json"])
async def test_input_of_the_wrong_kind_is_refused_and_nothing_happens(world, given):
    store = await world.open()
    with pytest.raises((ConfigError, TypeError)):
        await store.add_service(given)
    assert len(await store.list_services()) == 0


async def test_services_that_wait_for_each_other_are_refused_and_named(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a", mcpstore={"depends_on": ["b"]})})
    before = world.path.read_bytes()
    with pytest.raises(DependencyCycle, match="b -> a -> b|a -> b -> a"):
        await store.add_service({"name": "b", **world.entry("b", mcpstore={"depends_on": ["a"]})})
    assert world.path.read_bytes() == before


async def test_a_stopped_service_stays_stopped_when_the_store_is_opened_again(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert await store.stop_service("a") is True
    assert await store.get_service_status("a") == "stopped"
    assert json.loads(world.path.read_text())["mcpServers"]["a"]["disabled"] is True
    await store.close()
    again = await world.open(world.path)
    assert await again.get_service_status("a") == "not_started"
    assert await again.start_service("a") is True
    assert not json.loads(world.path.read_text())["mcpServers"]["a"].get("disabled")


async def test_a_stop_that_is_not_to_last_is_not_written(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    before = world.path.read_bytes()
    assert await store.stop_service("a", force=True, persist=False) is True
    assert world.path.read_bytes() == before
    assert await store.restart_service("a") is True


async def test_a_start_that_fails_says_so_and_goes_on_trying(world):
    store = await world.open()
    world.server("a", open_error=NotReady("the database is not there"))
    await store.add_service({"name": "a", **world.entry("a")})
    assert await store.start_service("a") is False
    info = await store.get_service_info("a")
    assert info.status is ServiceStatus.ERROR
    assert info.state_metadata.error_message == "the database is not there"
    assert info.state_metadata.next_retry_time is not None
    world.server("a", open_error=None)
    assert await store.wait_service("a", "healthy", timeout=60) is True


async def test_an_update_replaces_the_entry_and_a_refused_one_leaves_the_old(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await store.update_service("a", world.entry("a", description="new words"))
    assert (await store.get_service_info("a")).description == "new words"
    before = world.path.read_bytes()
    with pytest.raises(InvalidService):
        await store.update_service("a", {"transport": {"type": "scripted", "colour": "red"}})
    with pytest.raises(TypeError, match="config must be the entry of 'a' as a dictionary"):
        await store.update_service("a", "words")
    assert world.path.read_bytes() == before
    assert world.servers["a"].opened == 1


async def test_names_nobody_knows_are_none_to_those_who_ask_and_errors_to_those_who_act(world):
    store = await world.open()
    assert await store.get_service_info("ghost") is None
    assert await store.get_service_status("ghost") is None
    for act in (
        store.start_service, store.stop_service, store.restart_service, store.remove_service, store.check_services,
        store.wait_service, store.list_tools, store.diagnose, store.recover, store.get_service_logs,
        store.enable_service,
    ):  # fmt: skip
        with pytest.raises(ServiceNotFound, match="no service is called 'ghost'"):
            await act("ghost")
    with pytest.raises(TypeError, match="name must be a string"):
        await store.get_service_info(7)


async def test_checks_are_read_as_a_list_and_by_name(world):
    store = await world.open()
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}}, wait=60)
    world.server("b", open_error=NotReady("gone"))
    world.do(store, world.servers["b"].die)
    await store.wait_service("b", "error", timeout=60)
    found = await store.check_services()
    assert [health.name for health in found] == ["a", "b"]
    assert {name: health["healthy"] for name, health in found.items()} == {"a": True, "b": False}
    assert f"{found['a'].response_time:.2f} {found['a'].success_rate:.1f}"
    assert f"{found['b'].response_time:.2f} {found['b'].success_rate:.1f}"


async def test_a_store_speaks_run_status_and_a_context_connection_state(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert await store.get_service_status("a") is ServiceStatus.RUNNING
    assert await store.for_store().get_service_status("a") is S.HEALTHY
    (flat,), (seen,) = await store.list_services(), await store.for_store().list_services()
    assert (flat.status, flat.connection_state) == ("running", "healthy")
    assert (seen.status, seen.run_status) == ("healthy", "running")


async def test_an_agent_sees_only_the_services_given_to_it(world):
    store = await world.open(world.path)
    await store.add_service({"name": "common", **world.entry("common")}, wait=60)
    one, two = store.for_agent("one"), store.for_agent("two")
    await one.add_service({"name": "mine", **world.entry("mine")}, wait=60)
    assert (await one.list_services()).names() == ["mine"]
    assert (await two.list_services()).names() == []
    assert (await store.for_store().list_services()).names() == ["common", "mine"]
    assert (await one.call_tool("echo")).service == "mine"
    with pytest.raises(ToolNotFound):
        await two.call_tool("echo")
    with pytest.raises(ServiceNotFound):
        await one.stop_service("common")
    await two.add_service({"name": "mine", **world.entry("mine")})
    assert (await two.list_services()).names() == ["mine"]
    await one.remove_service("mine")
    assert (await one.list_services()).names() == []
    assert (await two.list_services()).names() == ["mine"]
    await two.remove_service("mine")
    assert (await store.list_services()).names() == ["common"]


async def test_state_changes_are_told_in_order_with_what_led_to_them(world):
    store = await world.open()
    heard = []
    handle = store.on_state_change(lambda name, old, new, metadata: heard.append((name, old, new, metadata)))
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    world.do(store, lambda: world.servers["a"].die(3, "boom"))
    await store.wait_service("a", S.RECONNECTING, timeout=60)
    await store.wait_service("a", S.HEALTHY, timeout=60)
    async with asyncio.timeout(60):
        while len(heard) < 5:
            await asyncio.sleep(0.01)
    assert [str(new) for _, _, new, _ in heard] == ["initializing", "healthy", "unhealthy", "reconnecting", "healthy"]
    assert heard[3][3].error_message == "exited with code 3: boom"
    handle.cancel()
    with pytest.raises(TypeError, match="callback must be callable"):
        store.on_state_change("not a function")


async def test_a_tool_that_several_services_offer_must_be_named_in_full(world):
    store = await world.open()
    await store.add_service({"mcpServers": {"a": world.entry("a"), "x/y": world.entry("x")}}, wait=60)
    with pytest.raises(AmbiguousTool, match="say which: a/echo, x/y/echo"):
        await store.call_tool("echo")
    assert (await store.call_tool("x/y/echo")).service == "x/y"
    assert (await store.call_tool("echo", service="a")).service == "a"
    with pytest.raises(ToolNotFound, match="no service offers a tool called 'no'"):
        await store.call_tool("no")


async def test_results_can_be_read_as_objects_and_as_mappings(world):
    store = await world.open()
    world.server("a").answers["tools/call"] = {
        "content": [{"type": "text", "text": "one"}, {"type": "image", "data": ""}, {"type": "text", "text": "two"}],
        "structuredContent": {"result": 7},
    }
    world.server("a").answers["tools/list"] = {
        "tools": [{"name": "echo", "outputSchema": {"x-fastmcp-wrap-result": True}}, {"name": "plain"}]
    }
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    result = await store.call_tool("echo")
    assert (result.text, result.data, result["structured_content"]) == ("one\ntwo", 7, {"result": 7})
    assert (await store.call_tool("plain")).data == {"result": 7}
    tools = await store.list_tools()
    assert (tools[0]["name"], tools["plain"].service, len(tools)) == ("echo", "a", 2)


async def test_a_failure_of_the_tool_is_raised_or_returned_as_wanted(world):
    store = await world.open()
    world.server("a").answers["tools/call"] = {"content": [{"type": "text", "text": "no luck"}], "isError": True}
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    with pytest.raises(ToolError, match="tool 'echo' failed: no luck") as told:
        await store.call_tool("echo")
    assert told.value.result.is_error
    assert (await store.call_tool("echo", raise_on_error=False)).is_error
    world.server("a").answers["tools/call"] = ServiceError(-32602, "bad arguments")
    with pytest.raises(ServiceError, match="bad arguments"):
        await store.call_tool("echo", raise_on_error=False)


@pytest.mark.parametrize(("name", "arguments"), [(7, {}), (None, {}), ("echo", [1]), ("echo", "x")])
async def test_a_call_with_the_wrong_types_is_refused(world, name, arguments):
    store = await world.open()
    with pytest.raises(TypeError, match="must be"):
        await store.call_tool(name, arguments)


async def test_a_call_to_a_service_that_is_away_says_why(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    world.server("a", open_error=NotReady("on holiday"))
    world.do(store, world.servers["a"].die)
    await store.wait_service("a", "error", timeout=60)
    for call in ({"name": "echo"}, {"name": "a/echo"}, {"name": "echo", "service": "a"}):
        with pytest.raises(ServiceUnavailable, match="service 'a' is (reconnecting|disconnected)"):
            await store.call_tool(**call)


async def test_resources_and_prompts_are_listed_and_read(world):
    store = await world.open()
    server = world.server("a")
    server.capabilities = ("tools", "resources", "prompts")
    server.answers.update(
        {
            "resources/list": {"resources": [{"uri": "file:///a", "name": "A"}]},
            "resources/templates/list": {"resourceTemplates": [{"uriTemplate": "file:///{x}"}]},
            "prompts/list": {"prompts": [{"name": "greet", "arguments": [{"name": "who"}]}]},
            "resources/read": lambda params: {"contents": [{"uri": params["uri"], "text": "hello"}]},
            "prompts/get": lambda params: {"messages": [params["arguments"]]},
        }
    )
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    async with asyncio.timeout(60):
        while not await store.list_prompts():
            await asyncio.sleep(0.01)
    assert [r.name for r in await store.list_resources()] == ["A", "file:///{x}"]
    assert (await store.read_resource("file:///a"))["contents"][0]["text"] == "hello"
    assert (await store.read_resource("file:///other"))["contents"][0]["uri"] == "file:///other"
    assert (await store.get_prompt("greet", {"who": "me"}))["messages"] == [{"who": "me"}]
    with pytest.raises(ToolNotFound, match="no service offers a prompt called 'x'"):
        await store.get_prompt("x")


async def test_recover_brings_back_what_can_be_brought_back_and_loses_nothing(world):
    store = await world.open(world.path)
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}}, wait=60)
    world.server("b", open_error=NotReady("gone"))
    world.do(store, world.servers["b"].die)
    await store.wait_service("b", "error", timeout=60)
    assert await store.recover("b") is False
    assert (await store.list_services()).names() == ["a", "b"]
    world.server("b", open_error=None)
    assert await store.recover_all() == {"b": True}


async def test_a_diagnosis_names_evidence_and_remedy(world):
    store = await world.open()
    world.server(
        "a", open_error=NotReady("exited with code 1: ModuleNotFoundError: No module named 'mcp.server.fastmcp'")
    )
    await store.add_service({"name": "a", **world.entry("a")})
    await store.start_service("a")
    found = await store.diagnose("a")
    assert "written for version 1 of the mcp package" in found.summary
    assert found.remedy == "run it with the older package: uvx --with 'mcp<2' …"
    assert any("exited with code 1" in line for line in found.evidence)


async def test_plugins_are_told_of_calls_and_may_forbid_them(world):
    class Guard:
        def __init__(self):
            self.heard = []

        @hookimpl
        def mcpstore_authorize_call(self, call):
            return Refusal(why="not on Sundays") if call.arguments.get("evil") else None

        @hookimpl
        def mcpstore_tool_called(self, call):
            self.heard.append((call.service, call.tool, call.ok, call.error, call.agent))

    guard = Guard()
    store = await world.open(plugins={"guard": guard})
    await store.for_agent("x").add_service({"name": "a", **world.entry("a")}, wait=60)
    await store.for_agent("x").call_tool("echo")
    with pytest.raises(CallError, match="tool 'echo' of service 'a' may not be called: not on Sundays"):
        await store.call_tool("echo", {"evil": True})
    world.server("a").answers["tools/call"] = ServiceError(-1, "broken")
    with pytest.raises(ServiceError):
        await store.call_tool("echo")
    async with asyncio.timeout(60):
        while len(guard.heard) < 2:
            await asyncio.sleep(0.01)
    assert guard.heard == [("a", "echo", True, None, "x"), ("a", "echo", False, "broken (code -1)", None)]


async def test_a_closed_store_says_so_and_closing_twice_is_fine(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert await store.close() == []
    assert world.servers["a"].open_now == 0
    assert await store.close() == []
    with pytest.raises(StoreClosed):
        await store.list_services()


async def test_a_wait_honours_its_timeout_and_refuses_a_status_that_is_none(world):
    store = await world.open()
    world.server("a", open_delay=3600.0)
    await store.add_service({"name": "a", **world.entry("a")})
    with anyio.fail_after(60):
        assert await store.wait_service("a", "healthy", timeout=0.05) is False
        assert await store.start_service("a", timeout=0.05) is False
    with pytest.raises(ValueError, match="status must be one of"):
        await store.wait_service("a", "well")


async def test_start_all_starts_everything_that_is_enabled(world):
    store = await world.open(
        {"mcpServers": {"a": world.entry("a"), "b": world.entry("b", disabled=True), "c": world.entry("c")}},
        start=False,
    )
    world.server("c", open_error=NotReady("no"))
    assert await store.start_all() == {"a": True, "c": False}
    assert world.servers["b"].opened == 0
