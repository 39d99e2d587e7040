"""Servers with endless output, in their own processes: memory and time of the manager are bounded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import NotReady
from mcpstore.hooks import Closing
from mcpstore_plugins.stdio.connection import connect
from plugins.stdio.world import World

MIB = 1 << 20
PAGES = os.sysconf("SC_PAGE_SIZE")
CLOSING = Closing(polite=0.1, term=0.1, kill=15.0)


def resident() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGES


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
async def test_an_endless_line_is_cut_and_uses_memory_for_a_few_frames(world: World):
    code = "import os\nblock = b'x' * 65536\nwhile True: os.write(1, block)"
    before = resident()
    with anyio.fail_after(60), pytest.raises(NotReady, match="sent a frame of more than 8388608 bytes"):
        async with connect(world.script(code), world.peer(closing=CLOSING)):
            pass
    assert resident() - before < 32 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
async def test_an_endless_stderr_blocks_no_service_and_uses_no_memory(world: World):
    before = resident()
    with anyio.fail_after(100):
        async with connect(world.settings("--flood", "256"), world.peer(closing=CLOSING)) as connection:
            assert await connection.request("ping") == {}
            assert len(world.stderr) < 256 * 10486 / 10  # only a small part of a flood is passed on
            world.stderr.clear()
            bounds = {buffer.name: buffer for buffer in connection.buffers}
            assert all(buffer.used <= buffer.bound for buffer in bounds.values())
    assert resident() - before < 32 * MIB


async def test_a_program_that_only_prints_is_refused_and_a_server_with_a_banner_is_accepted(world: World):
    noise = "import sys\nprint('\\n'.join(['banner'] * %d), flush=True)\n"
    server = world.settings().args[-1]
    serve = f"sys.argv = ['tiny']\nexec(open({server!r}).read())"
    with anyio.fail_after(30):
        async with connect(world.script(noise % 100 + serve), world.peer()) as connection:
            assert connection.noise == 100
        with pytest.raises(Exception, match="does not speak MCP: banner"):
            async with connect(world.script(noise % 101 + serve), world.peer(closing=CLOSING)):
                pass


@pytest.mark.parametrize(
    "line",
    ["\\ufeff", "\\x1b[31mcolour\\x1b[0m", "\\0\\0\\0", b"\\xff\\xfe".decode(), "[" * 5000, '{"jsonrpc"', "\\r"],
)
async def test_messages_arrive_with_any_noise_between_them(world: World, line: str):
    server = world.settings().args[-1]
    code = f"""
import sys
sys.stdout.reconfigure(errors="surrogateescape")
real = sys.stdout.write
sys.stdout.write = lambda text: real({line!r}.encode().decode("unicode_escape") + chr(10) + text + chr(13) * 0)
sys.argv = ["tiny"]
exec(open({server!r}).read())
"""
    with anyio.fail_after(30):
        async with connect(world.script(code), world.peer()) as connection:
            for _ in range(20):
                assert await connection.request("ping") == {}
