"""A store in its own process, controlled over pipes: `manager.py`, with requests and answers as lines of JSON.

Its timing is twenty times as fast as usual. Each event carries its time and the total time for which the event loop
has stalled, so that a busy machine is not taken for a slow manager.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import attrs
import httpx2

from mcpstore import AsyncMCPStore
from mcpstore.errors import MCPStoreError
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.store.commands import CommandHandler
from mcpstore.wire.http import client, client_factory, tcp_keepalive

TIMING = attrs.evolve(
    DEFAULT_TIMING.scaled(1 / 20),
    check_interval=1.0,
    check_timeout=1.0,
    connect_timeout=1.0,
    slow_enter=0.7,
    slow_leave=0.6,
    call_timeout=3.0,
)
BEAT = 0.02


class Manager:
    """The store, and its reports."""

    def __init__(self, store: AsyncMCPStore) -> None:
        self.desk = CommandHandler(store)
        self.late = 0.0
        self.tasks: set[asyncio.Task[Any]] = set()
        store.on_state_change(self.changed)

    async def beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            self.late += loop.time() - due

    async def changed(self, name: str, _old: Any, new: Any, metadata: Any) -> None:
        self.say(event=new.value, service=name, reason=metadata.reason.value, error=metadata.error_message or "")

    def say(self, **record: Any) -> None:
        record |= {"at": asyncio.get_running_loop().time(), "late": self.late}
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()

    async def answer(self, number: int, verb: str, arguments: dict[str, Any]) -> None:
        try:
            if verb == "own":
                self.say(number=number, answer=self.own())
            else:
                self.say(number=number, answer=await self.desk.answer(verb, arguments))
        except MCPStoreError as error:
            self.say(number=number, failed=type(error).__name__, error=str(error))

    def own(self) -> dict[str, int]:
        """Return counts of the resources of this process that may leak."""
        others = asyncio.all_tasks() - self.tasks
        return {"files": len(list(Path("/proc/self/fd").iterdir())), "tasks": len(others), "pid": os.getpid()}

    async def serve(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            task = asyncio.create_task(self.answer(**json.loads(line)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)


async def main() -> None:
    tcp_keepalive.IDLE, tcp_keepalive.INTERVAL = 1, 1
    client_factory.LIMITS = httpx2.Limits(
        max_connections=client.MAX_CONNECTIONS, keepalive_expiry=client.KEEP_ALIVE / 20
    )
    store = AsyncMCPStore({"mcpServers": {}}, timing=TIMING, monitoring_config={"enabled": False})
    async with store:
        manager = Manager(store)
        beating = asyncio.create_task(manager.beat())
        manager.say(event="open", service="", reason="", error="")
        await manager.serve()
        beating.cancel()


if __name__ == "__main__":
    asyncio.run(main())
