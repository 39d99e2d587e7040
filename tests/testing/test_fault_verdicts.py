"""What the manager makes of each behaviour of the fault server: the state, and what it says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest

from end_to_end.fleet import left_behind
from mcpstore import AsyncMCPStore
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.runtime import admission
from mcpstore.testing.faults import fault_entry, fault_process

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")

# What the scheduler allows beyond a deadline is for machines that are busy, which does not get less with the rest.
QUICK = attrs.evolve(DEFAULT_TIMING.scaled(1 / 20), check_timeout=1.0, check_interval=2.0, deadline_margin=4.0)
PATIENCE = 60.0
OWN = {"mcpstore": {"timeouts": {"handshake": 4}}}

WELL = {
    "knows no ping": ["--unknown", "ping"],
    "never answers pings": ["--never-answer", "ping"],
    "never answers discover": ["--never-answer", "server/discover"],
    "knows only discover": ["--era", "modern"],
    "knows both eras": ["--era", "both"],
    "writes garbage": ["--garbage", "before,between,after", "--garbage-lines", 3],
    "answers twice and unasked": ["--odd", "duplicate-ids,unknown-ids"],
    "floods stderr": ["--stderr-bytes", 2 << 20],
    "changes its tools a thousand times": ["--list-changed", 1000],
    "holds files open": ["--open-files", 200],
    "leaks": ["--leak", 1],
    "never wants to leave": ["--ignore-eof", "--ignore-term"],
    "has children": ["--children", "group,session,daemon,stubborn,respawning"],
}
NOT_READY = {
    "exits in mid-frame": (
        ["--exit-at-byte", 20, "--exit-code", 3, "--say", "no memory"],
        "exited with code 3 before it was ready; its stderr ends: no memory",
    ),
    "never answers initialize": (["--never-answer", "initialize"], "gave no answer to 'initialize' within 4 s"),
    "never lists its tools": (["--never-answer", "tools/list"], "gave no answer to 'tools/list'"),
    "refuses": (["--refuse", "no licence"], "refused the handshake: no licence"),
    "stops in mid-frame": (["--half-frame"], "gave no answer to 'initialize' within 4 s"),
    "ends no line": (["--no-newline"], "gave no answer to 'initialize' within 4 s"),
    "lists nonsense": (["--odd", "wrong-types"], "tools/list: 'tools' must be a list (got str)"),
}
REFUSED = {
    "speaks no protocol": (["--chatter"], "does not speak MCP: Server listening on stdio"),
    "knows no handshake": (["--unknown", "initialize,server/discover"], "knows no MCP handshake"),
}
LOST = {
    "exits after a while": (["--exit-after", 1, "--exit-code", 4, "--say", "broke"], "exited with code 4: broke"),
    "closes its stdout": (["--close-stdout", 2], "closed its stdout"),
    "closes its stdin": (["--close-stdin", 2], "closed its stdin"),
    "stops itself": (["--stop-itself", 2], "no answer within 1 s"),
    "is silent from some time on": (["--half-frame", "--of-reply", 3], "no answer within 1 s"),
}


class Watched:
    """A store, and what became of its services."""

    def __init__(self, store: AsyncMCPStore) -> None:
        self.store = store
        self.seen: list[tuple[str, State, str]] = []
        store.on_state_change(self.changed)

    async def changed(self, name: str, _old: State, new: State, metadata: Any) -> None:
        self.seen.append((name, new, metadata.error_message or ""))

    async def until(self, name: str, state: State, text: str = "") -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not any(n == name and s is state and text in message for n, s, message in self.seen):
            assert asyncio.get_running_loop().time() < deadline, (name, state, text, self.of(name))
            await asyncio.sleep(0.02)

    def of(self, name: str) -> list[tuple[str, str]]:
        return [(str(state), message) for n, state, message in self.seen if n == name]


def entries(cases: Mapping[str, Any], marker: str) -> dict[str, Any]:
    own = {"env": {"FAULT_TEST": marker}, **OWN}
    return {"mcpServers": {name: {**fault_entry(*_flags(case)), **own} for name, case in cases.items()}}


def _flags(case: Any) -> list[Any]:
    return case[0] if isinstance(case, tuple) else case


async def watching(stack: AsyncExitStack, config: Mapping[str, Any]) -> Watched:
    store = AsyncMCPStore(config, timing=QUICK, monitoring_config={"enabled": False})
    return Watched(await stack.enter_async_context(store))


async def test_harmless_behaviour_is_healthy_and_stays_healthy():
    marker = str(uuid4())
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries(WELL, marker))
        for name in WELL:
            await watched.until(name, State.HEALTHY)
        checked = await watched.store.check_services()
        assert {name: check.error for name, check in checked.items() if not check.healthy} == {}
        assert {(await watched.store.call_tool("echo", {"text": "x"}, service=name)).text for name in WELL} == {"x"}
        bad = {State.UNHEALTHY, State.RECONNECTING, State.DISCONNECTED}
        assert [seen for seen in watched.seen if seen[1] in bad] == []
    assert left_behind(marker) == []


async def test_a_server_that_is_not_ready_is_retried_and_the_reason_is_shown():
    marker = str(uuid4())
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries(NOT_READY, marker))
        for name, (_, text) in NOT_READY.items():
            await watched.until(name, State.RECONNECTING, text)
        assert not any(state is State.HEALTHY for _, state, _ in watched.seen)
    assert left_behind(marker) == []


async def test_an_exit_at_any_byte_of_the_handshake_is_reported_with_its_code_and_last_output():
    marker = str(uuid4())
    message = ("--exit-code", 3, "--say", "no memory")
    places = [(reply, byte) for reply in (1, 2) for byte in (0, 1, 17, 100, 180)]
    cases = {
        f"byte {byte} of reply {reply}": ["--of-reply", reply, "--exit-at-byte", byte, *message]
        for reply, byte in places
    }
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries(cases, marker))
        for name in cases:
            await watched.until(name, State.RECONNECTING, "exited with code 3")
            assert any("no memory" in text for _, text in watched.of(name)), watched.of(name)
        assert not any(state is State.HEALTHY for _, state, _ in watched.seen)
    assert left_behind(marker) == []


async def test_a_permanent_failure_is_not_retried_and_the_reason_is_shown():
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries(REFUSED, ""))
        for name, (_, text) in REFUSED.items():
            await watched.until(name, State.DISCONNECTED, text)
            assert (await watched.store.diagnose(name)).reason == "permanent"


async def test_a_lost_service_is_reopened():
    marker = str(uuid4())
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries(LOST, marker))
        for name, (_, text) in LOST.items():
            await watched.until(name, State.UNHEALTHY, text)
            await watched.until(name, State.RECONNECTING)
    assert left_behind(marker) == []


async def test_an_opening_that_hangs_delays_no_other_service(monkeypatch):
    monkeypatch.setattr(admission, "SLOT_TIMEOUT", 0.3)
    hung = {f"hung {number}": ["--never-answer", "all"] for number in range(admission.LOCAL_AT_ONCE + 2)}
    good = {f"good {number}": [] for number in range(8)}
    marker = str(uuid4())
    config = entries({**hung, **good}, marker)
    for name in hung:
        config["mcpServers"][name]["mcpstore"] = {"timeouts": {"handshake": 300}}
    async with AsyncExitStack() as stack:
        watched = await watching(stack, config)
        for name in good:
            await watched.until(name, State.HEALTHY)
            assert (await watched.store.call_tool("echo", {"text": "x"}, service=name)).text == "x"
        assert {watched.of(name)[-1] for name in hung} == {("initializing", "")}
    assert left_behind(marker) == []


async def test_a_slow_service_is_in_warning_and_not_reopened():
    cases = {"always": ["--delay", 0.2], "sometimes": ["--delay", 0.3, "--delay-every", 4]}
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries(cases, ""))
        for name in cases:
            await watched.until(name, State.WARNING)
        assert not any(state is State.RECONNECTING for _, state, _ in watched.seen)


async def test_a_service_that_exits_during_a_call_fails_that_call_and_is_reopened():
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries({"fragile": ["--die-on-call", 1, "--exit-code", 5]}, ""))
        await watched.until("fragile", State.HEALTHY)
        with pytest.raises(Exception, match=r"exited with code 5.*whether 'tools/call' took effect is unknown"):
            await watched.store.call_tool("echo", {"text": "x"}, service="fragile")
        await watched.until("fragile", State.UNHEALTHY, "exited with code 5")


async def test_a_service_that_is_busy_with_a_call_is_not_reopened():
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries({"busy": ["--busy", 4]}, ""))
        await watched.until("busy", State.HEALTHY)
        calling = asyncio.create_task(watched.store.call_tool("echo", {"text": "x"}, service="busy"))
        await watched.until("busy", State.UNKNOWN)
        assert (await calling).text == "x"
        assert not any(state is State.RECONNECTING for _, state, _ in watched.seen)


async def test_a_frame_that_is_too_long_ends_the_connection():
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries({"long": ["--frame-size", 9 << 20]}, ""))
        await watched.until("long", State.HEALTHY)
        with pytest.raises(Exception, match="sent a frame of more than 8388608 bytes"):
            await watched.store.call_tool("echo", {"text": "x"}, service="long")
        await watched.until("long", State.UNHEALTHY, "sent a frame of more than 8388608 bytes")


async def test_a_changed_tool_is_listed_as_it_is_now():
    async with AsyncExitStack() as stack:
        watched = await watching(stack, entries({"fickle": ["--change-tool", 2, "--list-changed", 1]}, ""))
        await watched.until("fickle", State.HEALTHY)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while "keys" not in (await watched.store.list_tools("fickle"))["echo"].description:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.02)


# --- over HTTP -----------------------------------------------------------------------------------------------

HTTP = {
    "wants a login": (["--status", 401], State.DISCONNECTED, "needs login: .* answered 401 Unauthorized"),
    "forbids it": (["--status", 403], State.DISCONNECTED, "needs login: .* answered 403 Forbidden"),
    "is not there": (["--status", 404], State.RECONNECTING, "answered 404 Not Found: no MCP endpoint at this path"),
    "is too busy": (["--status", 429, "--retry-after", 7], State.RECONNECTING, "answered 429 Too Many Requests"),
    "is out of service": (["--status", 503], State.RECONNECTING, "answered 503 Service Unavailable"),
    "has moved": (
        ["--status", 307, "--location", "http://127.0.0.1:9/x"],
        State.RECONNECTING,
        "was redirected to http://127.0.0.1:9/x and did not follow",
    ),
    "goes round in circles": (["--status", 302, "--location", "/mcp"], State.RECONNECTING, "was redirected to"),
    "is a web page": (["--content-type", "text/html"], State.RECONNECTING, "answered with text/html: that is no MCP"),
    "never ends": (
        ["--endless"],
        State.RECONNECTING,
        "(gave no answer to 'server/discover'|could not be opened) within 4 s",  # whichever deadline is looked at first
    ),
    "is busy when asked": (["--status", 429, "--on", "ping"], State.WARNING, "answered 429 Too Many Requests"),
    "forgets us": (["--lose-session", 6], State.HEALTHY, ""),
    "drips": (["--drip", 0.002], State.HEALTHY, ""),
}


async def test_every_http_fault_is_reported_with_its_cause():
    async with AsyncExitStack() as stack:
        config: dict[str, Any] = {"mcpServers": {}}
        for name, (flags, _, _) in HTTP.items():
            server = await stack.enter_async_context(fault_process("--http", 0, *flags))
            config["mcpServers"][name] = {"url": f"http://127.0.0.1:{server.port}/mcp", **OWN}
        watched = await watching(stack, config)
        for name, (_, state, text) in HTTP.items():
            await watched.until(name, state)
            assert any(re.search(text, message) for _, message in watched.of(name)), watched.of(name)
