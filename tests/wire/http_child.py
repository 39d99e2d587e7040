"""A FastMCP server over HTTP in a process that tests kill: `http_child.py http|sse PORT`."""

from __future__ import annotations

import asyncio
import os
import sys

import uvicorn
from fastmcp import Context, FastMCP

server = FastMCP("child")


@server.tool
def pid() -> int:
    return os.getpid()


@server.tool
async def forever(ctx: Context) -> str:
    await ctx.report_progress(0)
    await asyncio.Event().wait()
    return "never"


if __name__ == "__main__":
    transport, port = sys.argv[1:]
    uvicorn.run(server.http_app(transport=transport), host="127.0.0.1", port=int(port), log_level="critical", ws="none")
