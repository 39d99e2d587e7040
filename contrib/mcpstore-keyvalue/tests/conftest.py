"""A real Redis server, if there is one to be started."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

DEADLINE = 30.0


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server; install it: apt-get install redis-server")
    folder = tmp_path_factory.mktemp("redis")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--requirepass",
            "hunter2",
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"redis://:hunter2@127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(DEADLINE)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the Redis server did not start"
        else:
            return


@pytest.fixture(params=["files", "memory", "redis"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a document of its own is, for each kind of store."""
    if request.param == "redis":
        return f"{request.getfixturevalue('redis_url')}?key={request.node.name}"
    if request.param == "files":
        return f"keyvalue+files://{tmp_path}/store?key=team"
    return "keyvalue+memory://"
