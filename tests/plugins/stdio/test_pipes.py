"""The pipes of a child process, without a child process."""

from __future__ import annotations

import os

import anyio
import pytest

from mcpstore.wire import Sink
from mcpstore_plugins.stdio import pipes
from mcpstore_plugins.stdio.pipes import OutputPipe, StdinPipe, open_input, open_output


async def test_backpressure_of_a_slow_child_is_reported_and_released():
    broken: list[str] = []
    child, ours = os.pipe()
    stdin = StdinPipe(on_broken=lambda: broken.append("broken"))
    sink: Sink = stdin
    stdin.write(b"dropped: it is not open yet")
    stdin.end()
    with anyio.fail_after(20):
        await open_input(os.fdopen(ours, "wb", buffering=0), stdin)
        assert not sink.is_paused
        sink.write(b"x" * (1 << 20))
        assert sink.is_paused
        os.set_blocking(child, False)
        read = 0
        while sink.is_paused:
            read += len(os.read(child, 1 << 20))
            await anyio.wait_readable(child)
        await sink.drain()
        assert read > 0
        stdin.close()
        stdin.close()
        await stdin.wait_closed()
        stdin.close()
        stdin.write(b"dropped: it is closed")
        stdin.end()
    os.close(child)
    assert broken == ["broken"]


async def test_a_waiting_writer_receives_an_error_when_the_child_closes_its_input():
    child, ours = os.pipe()
    stdin = StdinPipe(on_broken=lambda: None)
    with anyio.fail_after(20):
        await open_input(os.fdopen(ours, "wb", buffering=0), stdin)
        stdin.write(b"x" * (1 << 20))
        os.close(child)
        await stdin.drain()
        assert not stdin.is_paused
        stdin.close()
        await stdin.wait_closed()


async def test_the_rest_of_an_output_is_read_up_to_its_end_or_until_it_is_idle():
    heard: list[bytes] = []
    ours, child = os.pipe()
    output = OutputPipe(heard.append, on_end=lambda: heard.append(b"end"))
    output.read_rest()
    output.close()
    await output.wait_closed()
    with anyio.fail_after(20):
        await open_output(os.fdopen(ours, "rb", buffering=0), output)
        output.read_rest()
        assert heard == []
        os.write(child, b"some")
        output.read_rest()
        os.write(child, b"more")
        os.close(child)
        output.read_rest()
        assert heard == [b"some", b"more"]
        output.close()
        await output.wait_closed()
        output.read_rest()
    assert heard == [b"some", b"more", b"end"]


async def test_the_rest_of_an_endless_output_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipes, "_READ_SIZE", 10)
    heard: list[bytes] = []
    ours, child = os.pipe()
    output = OutputPipe(heard.append, on_end=lambda: None)
    with anyio.fail_after(20):
        await open_output(os.fdopen(ours, "rb", buffering=0), output)
        os.write(child, b"x" * 10_000)
        output.read_rest()
        assert sum(map(len, heard)) == 640
        output.close()
        await output.wait_closed()
    os.close(child)
