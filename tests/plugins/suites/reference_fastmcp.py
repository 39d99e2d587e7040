"""The reference server as a FastMCP server in this process, so it has no `die` and no faults."""

from __future__ import annotations

import asyncio
from typing import Any

from fastmcp import Context, FastMCP
from mcp.shared.exceptions import MCPError
from mcp_types import ToolListChangedNotification


class Held:
    """Pending calls."""

    def __init__(self) -> None:
        self.waiting: set[asyncio.Future[str]] = set()
        self.cancelled = 0

    async def hold(self) -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        try:
            return await future
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.waiting.discard(future)

    def release(self) -> None:
        for future in self.waiting:
            if not future.done():
                future.set_result("released")


def make_server() -> FastMCP:  # noqa: C901 - one tool after the other
    server: FastMCP = FastMCP("reference", version="1.0", instructions="be kind")
    held = Held()

    def tool(function: Any) -> Any:
        return server.tool(function, output_schema=None)

    @tool
    def echo(text: str) -> str:
        return text

    @tool
    def big(size: int) -> str:
        return "x" * size

    @tool
    async def hold() -> str:
        return await held.hold()

    @tool
    async def release() -> str:  # in the loop, where the futures are
        held.release()
        return "done"

    @tool
    def cancelled() -> str:
        return str(held.cancelled)

    @tool
    async def count(ctx: Context, to: int) -> str:
        for step in range(1, to + 1):
            await ctx.report_progress(step)
        return str(to)

    @tool
    async def change(ctx: Context) -> str:
        await ctx.send_notification(ToolListChangedNotification())
        return "done"

    @tool
    async def ask(ctx: Context) -> str:
        try:
            answer = await ctx.elicit("what is your name?", str)
        except MCPError as error:
            return f"error {error.code}"
        return f"{answer.action}: {getattr(answer, 'data', None)}"

    return server
