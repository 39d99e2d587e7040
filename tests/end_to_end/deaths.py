"""A manager in its own process, load for it, and an observer of all processes it starts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import attrs

from mcpstore.errors import ManagerNotRunning, MCPStoreError
from mcpstore.store.control_socket import ControlClient
from mcpstore.store.state_dir import socket_path
from mcpstore_plugins.stdio import cgroup

SERVER = Path(__file__).with_name("stubborn.py")
PATIENCE = 60.0


def server(*manners: str, **fields: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": ["-S", "-E", str(SERVER), *manners], **fields}


@attrs.frozen
class Seen:
    """A running process with a marker: its manager and its service."""

    pid: int
    manager: str
    service: str
    is_leader: bool


@attrs.define
class World:
    """A configuration, its state directory, and its processes."""

    folder: Path
    managers: list[asyncio.subprocess.Process] = attrs.field(factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "mcp.json"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    def write(self, **servers: Any) -> None:
        self.config.write_text(json.dumps({"mcpServers": servers}))

    def entries(self) -> dict[str, Any]:
        return json.loads(self.config.read_text())["mcpServers"]

    async def up(self, state: Path | None = None) -> asyncio.subprocess.Process:
        command = ["-m", "mcpstore", "--config", str(self.config), "--state-dir", str(state or self.state)]
        with (self.folder / "log").open("ab") as log:
            started = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                "up",
                "--plain",
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.managers.append(started)
        return started

    async def ask(self, verb: str, **arguments: Any) -> Any:
        client = ControlClient(socket_path(self.state))
        await client.open()
        try:
            return await client.ask(verb, arguments)
        finally:
            await client.close()

    async def states(self) -> dict[str, str]:
        with suppress(ManagerNotRunning):
            return {one["name"]: one["connection_state"] for one in await self.ask("list")}
        return {}

    async def healthy(self, *names: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while {name for name, state in (await self.states()).items() if state == "healthy"} != set(names):
                await asyncio.sleep(0.05)

    async def end(self) -> None:
        for manager in self.managers:
            if manager.returncode is None:
                manager.kill()
                await manager.wait()
        for seen in self.look():
            with suppress(ProcessLookupError):
                os.kill(seen.pid, 9)
        async with asyncio.timeout(PATIENCE):
            while not all(group.remove() for group in self.groups()):  # there is no next manager to do it
                await asyncio.sleep(0.02)

    @property
    def home(self) -> str:
        return hashlib.sha256(os.fsencode(os.path.realpath(self.state))).hexdigest()[:12]

    def groups(self) -> list[cgroup.Cgroup]:
        results = [group for group in cgroup.sibling_cgroups() if group.marker.startswith(f"{self.home}.")]
        for group in results:
            group.kill()
        return results

    def look(self) -> list[Seen]:
        """Return the running processes that a manager of this configuration started."""
        return list(self._look())

    def _look(self) -> Iterator[Seen]:
        home = self.home
        for place in Path("/proc").iterdir():
            if not place.name.isdigit():
                continue
            with suppress(OSError, ValueError):
                stat = (place / "stat").read_text().rpartition(") ")[2].split()
                variables = (place / "environ").read_bytes().split(b"\0")
                marker = next((v for v in variables if v.startswith(b"MCPSTORE_MARKER=")), b"").decode()[16:]
                if marker.startswith(f"{home}.") and stat[0] not in "ZX":
                    _, pid, began, service, _ = marker.split(".")
                    # Servers are session leaders, and children of the manager whose process id is in the marker.
                    is_leader = stat[3] == place.name and stat[1] == pid
                    yield Seen(int(place.name), f"{pid}.{began}", service, is_leader)

    def everyone(self) -> set[int]:
        return {int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()}

    def zombies(self, parent: int) -> set[int]:
        numbers: set[int] = set()
        for place in Path("/proc").iterdir():
            with suppress(OSError, ValueError, IndexError):
                stat = (place / "stat").read_text().rpartition(") ")[2].split() if place.name.isdigit() else []
                if stat and stat[0] == "Z" and stat[1] == str(parent):
                    numbers.add(int(place.name))
        return numbers


class Eyes:
    """Scans the processes continuously, in a thread, and records violations."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong: list[str] = []
        self.looks = 0
        self.most_survivors = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="eyes")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            seen = self.world.look()
            self.looks += 1
            self._two_managers(seen)
            self._two_leaders(seen)

    def _two_managers(self, seen: list[Seen]) -> None:
        newest = max((each.manager for each in seen), key=lambda name: int(name.partition(".")[2]), default="")
        old = {each.pid for each in seen if each.manager != newest}
        self.most_survivors = max(self.most_survivors, len(old))
        # The scan is not atomic: a process that has exited by now had exited before the new one began.
        if old and (left := old & {each.pid for each in self.world.look() if each.manager != newest}):
            self.wrong.append(f"{sorted(left)} of a killed manager lived on beside {newest}")

    def _two_leaders(self, seen: list[Seen]) -> None:
        services = [each.service for each in seen if each.is_leader]
        doubles = {name for name in services if services.count(name) > 1}
        again = [each.service for each in self.world.look() if each.is_leader] if doubles else []
        self.wrong += [f"service {name} ran twice" for name in doubles if again.count(name) > 1]


async def load(world: World, dice: random.Random) -> None:
    """Send requests to the manager until it exits."""
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(_trouble(world, random.Random(dice.random())))


async def _trouble(world: World, dice: random.Random) -> None:
    while True:
        try:
            await _one(world, dice)
        except (MCPStoreError, OSError):
            await asyncio.sleep(0.02)


async def _one(world: World, dice: random.Random) -> None:
    name = dice.choice(["polite", "stubborn", "daemons"])
    match dice.randrange(6):
        case 0:
            await world.ask("restart", name=name, timeout=0.1)
        case 1:
            await world.ask("stop", name="changing", force=dice.random() < 0.5)
        case 2:
            await world.ask("start", name="changing", timeout=0.1)
        case 3:
            await world.ask("add", config={"name": f"extra{dice.randrange(3)}", **server()})
        case 4:
            await world.ask("remove", name=f"extra{dice.randrange(3)}")
        case _:
            await world.ask("call", name=f"{name}/echo", arguments={"n": dice.random()}, timeout=1.0)
