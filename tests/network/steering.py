"""Controls a manager in another network, and servers for it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import anyio
import attrs

from mcpstore.testing.faults import fault_command
from network.manager import TIMING
from network.net import Net

PATIENCE = 60.0
USABLE = {"healthy", "warning"}
PORT = 8000

DETECTION = (
    TIMING.check_interval * (1 + TIMING.check_jitter)
    + 3 * TIMING.check_timeout
    + 2 * TIMING.fast_interval
    + TIMING.deadline_margin
)
"""Time limit for detecting silence, in seconds: three checks, and the waits between them."""


class CallFailed(Exception):
    """The outcome of a call in the manager."""


@attrs.frozen
class Event:
    """A service entered a state; times are the manager's, without its stalls."""

    service: str
    state: str
    error: str
    at: float
    late: float

    def since(self, begin: tuple[float, float]) -> float:
        return (self.at - begin[0]) - (self.late - begin[1])


class Manager:
    """A manager in a namespace, seen from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.events: list[Event] = []
        self.last: tuple[float, float] = (0.0, 0.0)
        self.begins: dict[str, int] = {}
        self._process = process
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def ask(self, verb: str, **arguments: Any) -> Any:
        number = len(self._waiting)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        request = {"number": number, "verb": verb, "arguments": arguments}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        with anyio.fail_after(PATIENCE):
            answer = await self._waiting[number]
        self.last = (answer["at"], answer["late"])
        if "failed" in answer:
            raise CallFailed(f"{answer['failed']}: {answer['error']}")
        return answer["answer"]

    async def call(self, service: str, tool: str = "echo", **arguments: Any) -> str:
        result = await self.ask("call", name=f"{service}/{tool}", arguments=arguments)
        return result["content"][0]["text"]

    async def now(self) -> tuple[float, float]:
        """Return the time of the manager, and the total time of its stalls."""
        await self.ask("own")
        return self.last

    def of(self, service: str, after: int = 0) -> list[Event]:
        """Return the events of a service since it was added, after a given number of all events."""
        begin = max(after, self.begins.get(service, 0))
        return [event for event in self.events[begin:] if event.service == service]

    async def until(self, service: str, state: str, after: int = 0, text: str = "") -> Event:
        """Wait until a service has entered a state, after a given number of all events."""
        try:
            with anyio.fail_after(PATIENCE):
                while True:
                    for event in self.of(service, after):
                        if event.state == state and text in event.error:
                            return event
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{service} never was {state} {text!r}: {self.of(service)}") from None

    async def end(self) -> None:
        self._process.stdin.close()
        with anyio.move_on_after(PATIENCE):
            await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        async for line in self._process.stdout:
            data = json.loads(line)
            if "number" in data:
                self._waiting[data["number"]].set_result(data)
            else:
                self.events.append(Event(data["service"], data["event"], data["error"], data["at"], data["late"]))
            self._news.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(AssertionError("the manager is gone"))


class Server:
    """A server in a namespace, at its own address, that can be stopped and started with other options."""

    def __init__(self, namespace: str, address: str, kind: str) -> None:
        self.namespace = namespace
        self.address = address
        self.kind = kind
        self.process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://{self.address}:{PORT}/{'sse' if self.kind == 'sse' else 'mcp'}"

    async def start(self, *faults: object) -> Self:
        where = ("--host", self.address, f"--{self.kind}", PORT)
        self.process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", self.namespace), *fault_command(*where, *faults), stdout=asyncio.subprocess.PIPE
        )
        with anyio.fail_after(PATIENCE):
            assert json.loads(await self.process.stdout.readline()) == {"port": PORT}
        return self

    async def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


@attrs.define
class World:
    """The network, its manager, and the services that must not be affected."""

    net: Net
    manager: Manager
    bystanders: tuple[str, ...]
    servers: list[Server] = attrs.field(factory=list)
    names: list[str] = attrs.field(factory=list)

    async def serve(self, kind: str, *faults: object) -> Server:
        """Start a server on the machine `there`, at its own address."""
        server = Server(self.net.there, self.net.address(), kind)
        self.servers.append(server)
        return await server.start(*faults)

    async def add(self, name: str, url: str, **timeouts: float) -> None:
        """Add a service to the manager."""
        own = {"timeouts": {"handshake": 3.0, **timeouts}}
        self.names.append(name)
        self.manager.begins[name] = len(self.manager.events)
        await self.manager.ask("add", config={"name": name, "url": url, "mcpstore": own})

    async def healthy(self, kind: str, name: str | None = None, **timeouts: float) -> Server:
        """Start a server, add it to the manager, and wait until it is healthy."""
        server = await self.serve(kind)
        await self.add(name or kind, server.url, **timeouts)
        await self.manager.until(name or kind, "healthy")
        return server

    async def clear(self) -> None:
        for name in self.names:
            await self.manager.ask("remove", name=name)
        for server in self.servers:
            await server.end()
        self.names.clear()
        self.servers.clear()


@asynccontextmanager
async def managing(net: Net) -> AsyncIterator[World]:
    """Run a manager on the machine `here`, with a local service and one over HTTP on the same machine."""
    folder = Path(__file__).parent
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", net.here, sys.executable, "-m", "network.manager"),
        cwd=folder.parent, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    manager = Manager(process)
    beside = Server(net.here, "127.0.0.1", "http")
    world = World(net, manager, ("local", "beside"))
    try:
        await manager.until("", "open")
        await beside.start()
        command, *args = fault_command()
        await manager.ask("add", config={"name": "local", "command": command, "args": args})
        await manager.ask("add", config={"name": "beside", "url": beside.url})
        for name in world.bystanders:
            await manager.until(name, "healthy")
        yield world
    finally:
        await manager.end()
        await beside.end()


@asynccontextmanager
async def undisturbed(world: World) -> AsyncIterator[None]:
    """Call the bystanders continuously; check that they stay usable and that nothing is left."""
    before, began = await settled(world.manager), len(world.manager.events)
    over = asyncio.Event()
    calling = [asyncio.create_task(_calling(world.manager, name, over)) for name in world.bystanders]
    try:
        yield
    finally:
        over.set()
        calls = await asyncio.gather(*calling)
        await world.clear()
    assert all(calls), calls
    states = {event.state for name in world.bystanders for event in world.manager.of(name, began)}
    assert states <= USABLE, states
    await settled(world.manager, lambda own: own["files"] <= before["files"] and own["tasks"] <= before["tasks"])


async def _calling(manager: Manager, name: str, over: asyncio.Event) -> int:
    count = 0
    while not over.is_set():
        assert await manager.call(name, text=f"{count}") == f"{count}"
        count += 1
        await asyncio.sleep(0.05)
    return count


async def settled(manager: Manager, enough: Callable[[dict[str, int]], bool] = lambda _: True) -> dict[str, int]:
    """Return the resources of the manager once they are within the limits."""
    own = await manager.ask("own")
    try:
        with anyio.fail_after(PATIENCE / 2):
            while not enough(own):
                await asyncio.sleep(0.05)
                own = await manager.ask("own")
    except TimeoutError:
        raise AssertionError(f"left behind: {own}") from None
    return own
