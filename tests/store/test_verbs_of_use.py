"""Every verb by which services are used: states, tools, resources, prompts, repair."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from mcpstore.errors import (
    AmbiguousTool,
    CallError,
    NotReady,
    ServiceError,
    ServiceNotFound,
    ServiceUnavailable,
    StoreClosed,
    ToolError,
    ToolNotFound,
)
from mcpstore.hooks import Refusal, hookimpl
from mcpstore.models.service import ServiceConnectionState, ServiceStatus

S = ServiceConnectionState


async def test_a_store_reports_run_status_and_a_context_connection_state(world):
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


async def test_state_changes_are_reported_in_order_with_their_causes(world):
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
    with pytest.raises(AmbiguousTool, match="use the full name: a/echo, x/y/echo"):
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


async def test_a_failure_of_the_tool_is_raised_or_returned_as_requested(world):
    store = await world.open()
    world.server("a").answers["tools/call"] = {"content": [{"type": "text", "text": "no luck"}], "isError": True}
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    with pytest.raises(ToolError, match="tool 'echo' failed: no luck") as raised:
        await store.call_tool("echo")
    assert raised.value.result.is_error
    assert (await store.call_tool("echo", raise_on_error=False)).is_error
    world.server("a").answers["tools/call"] = ServiceError(-32602, "bad arguments")
    with pytest.raises(ServiceError, match="bad arguments"):
        await store.call_tool("echo", raise_on_error=False)


@pytest.mark.parametrize(("name", "arguments"), [(7, {}), (None, {}), ("echo", [1]), ("echo", "x")])
async def test_a_call_with_wrong_types_is_refused(world, name, arguments):
    store = await world.open()
    with pytest.raises(TypeError, match="must be"):
        await store.call_tool(name, arguments)


async def test_a_call_to_an_unavailable_service_reports_the_reason(world):
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


async def test_recover_restores_what_it_can_and_loses_nothing(world):
    store = await world.open(world.path)
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}}, wait=60)
    world.server("b", open_error=NotReady("gone"))
    world.do(store, world.servers["b"].die)
    await store.wait_service("b", "error", timeout=60)
    failed = await store.recover("b")
    assert not failed
    assert failed.done == ("restarted", "recreated from its stored entry")
    assert (await store.list_services()).names() == ["a", "b"]
    world.server("b", open_error=None)
    assert (await store.recover_all()).names() == ["b"]


async def test_a_diagnosis_names_evidence_and_remedy(world):
    store = await world.open()
    world.server(
        "a", open_error=NotReady("exited with code 1: ModuleNotFoundError: No module named 'mcp.server.fastmcp'")
    )
    await store.add_service({"name": "a", **world.entry("a")})
    await store.start_service("a")
    diagnosis = await store.diagnose("a")
    assert "written for version 1 of the mcp package" in diagnosis.summary
    assert diagnosis.remedy == "run it with the older package: uvx --with 'mcp<2' …"
    assert any("exited with code 1" in line for line in diagnosis.evidence)


async def test_plugins_are_notified_of_calls_and_may_forbid_them(world):
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


async def test_a_closed_store_refuses_calls_and_can_be_closed_twice(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert await store.close() == []
    assert world.servers["a"].open_now == 0
    assert await store.close() == []
    with pytest.raises(StoreClosed):
        await store.list_services()


async def test_a_wait_honours_its_timeout_and_refuses_an_unknown_status(world):
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
