"""A real FastMCP server over stdio, with tools that do what the engine has to cope with."""

from __future__ import annotations

import asyncio
import os

import mcp_types
from fastmcp import Context, FastMCP
from fastmcp.tools.function_tool import FunctionTool
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from pydantic import BaseModel

server = FastMCP("real", version="3.2.1", instructions="ask nicely")
bus = InMemorySubscriptionBus()
given_up: list[str] = []


class Name(BaseModel):
    name: str


@server.tool
async def echo(text: str) -> str:
    return text


@server.tool
async def fail() -> str:
    raise ValueError("broken on purpose")


@server.tool
async def work(seconds: float, steps: int, ctx: Context) -> str:
    for step in range(steps):
        await ctx.report_progress(step, steps, f"step {step}")
        await asyncio.sleep(seconds / steps)
    return "done"


@server.tool
async def wait_for_ever(name: str, ctx: Context) -> str:
    try:
        await ctx.report_progress(0)
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        given_up.append(name)
        raise
    return "never"


@server.tool
async def what_was_given_up() -> list[str]:
    return given_up


@server.tool
async def greet(ctx: Context) -> str | mcp_types.InputRequiredResult:
    if ctx.session.protocol_version != "2026-07-28":
        answer = await ctx.elicit("who are you?", Name)
        return f"hello {answer.data.name}"
    answer = (ctx.input_responses or {}).get("who")
    if answer is not None:
        return f"hello {answer.content['name']}, {ctx.request_state}"
    params = mcp_types.ElicitRequestFormParams(message="who are you?", requested_schema=Name.model_json_schema())
    question = mcp_types.ElicitRequest(params=params)
    return mcp_types.InputRequiredResult(input_requests={"who": question}, request_state="kept")


@server.tool
async def grow(ctx: Context) -> str:
    server.add_tool(FunctionTool.from_function(lambda: "new", name="new"))
    await bus.publish(ToolsListChanged())
    if ctx.session.protocol_version != "2026-07-28":
        await ctx.send_notification(mcp_types.ToolListChangedNotification())
    return "grown"


@server.tool
async def die() -> str:
    os._exit(7)


if os.environ.get("LISTENABLE"):
    handler = ListenHandler(bus)
    server._mcp_server.add_request_handler("subscriptions/listen", mcp_types.SubscriptionsListenRequestParams, handler)

asyncio.run(server.run_stdio_async(show_banner=False, log_level="ERROR"))
