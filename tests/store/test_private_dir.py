"""Folders and sockets of MCPStore are private to their owner."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.errors import ManagerError
from mcpstore.store.commands import CommandHandler
from mcpstore.store.control_socket import ControlClient, ControlServer
from mcpstore.store.private_dir import ForeignFolder, ensure_private_dir
from mcpstore.store.state_dir import StateDir

OTHER_USER = 65534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user for a moment")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_state_directory_is_created_private_to_its_owner(tmp_path: Path):
    before = os.umask(0)
    try:
        ensure_private_dir(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o700


@pytest.mark.parametrize("bits", [0o702, 0o777, 0o703])
def test_a_world_writable_folder_is_refused_with_a_remedy(tmp_path: Path, bits: int):
    tmp_path.chmod(bits)
    with pytest.raises(ForeignFolder, match="all users may write to it .* chmod 700 it, or use another folder"):
        ensure_private_dir(tmp_path)
    assert mode(tmp_path) == bits


def test_group_members_lose_access(tmp_path: Path):
    tmp_path.chmod(0o775)
    ensure_private_dir(tmp_path)
    assert mode(tmp_path) == 0o700


@needs_root
def test_a_folder_of_another_user_is_refused_with_a_remedy(tmp_path: Path):
    os.chown(tmp_path, OTHER_USER, OTHER_USER)
    with pytest.raises(ForeignFolder, match=f"belongs to user {OTHER_USER}, and you are 0; remove it, or use another"):
        ensure_private_dir(tmp_path)


@needs_root
def test_a_link_of_another_user_is_refused_and_an_own_link_is_accepted(tmp_path: Path):
    (tmp_path / "real").mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    ensure_private_dir(link)
    os.lchown(link, OTHER_USER, OTHER_USER)
    with pytest.raises(ForeignFolder, match=f"a link of user {OTHER_USER}"):
        ensure_private_dir(link)


async def test_a_store_continues_without_an_untrusted_state_directory(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    (tmp_path / "mcp.json").write_text("{}")
    async with AsyncMCPStore(tmp_path / "mcp.json", state_dir=tmp_path / "state") as store:
        assert len(await store.list_services()) == 0
    assert "all users may write to it" in caplog.text
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.parametrize("name", ["owner"])
def test_a_link_in_place_of_the_lock_file_is_not_followed(tmp_path: Path, name: str):
    victim = tmp_path / "victim"
    victim.write_text("keep")
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / name).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        StateDir(state).open()
    assert victim.read_text() == "keep"


def test_only_the_folder_of_a_killed_second_store_is_removed(tmp_path: Path):
    state = tmp_path / "state"
    first = StateDir(state)
    first.open()
    second = StateDir(state)
    second.open()
    left, mine = tmp_path / "state-123-abc", tmp_path / "state-1-2"
    for folder, owner in ((left, "123\n"), (mine, "77\n"), (tmp_path / "state-backup-old", "88\n")):
        folder.mkdir()
        (folder / "owner").write_text(owner)
    first.close()
    third = StateDir(state)
    third.open()
    assert third.is_owner
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["state", second.path.name, "state-1-2", "state-backup-old"]
    )
    second.close()
    third.close()
    assert not second.path.exists()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[CommandHandler]:
    async with AsyncMCPStore({"mcpServers": {}}, state_dir=tmp_path / "state") as store:
        yield CommandHandler(store)


async def ask(path: Path, verb: str = "list", **arguments: Any) -> Any:
    client = ControlClient(path)
    await client.open()
    try:
        return await client.ask(verb, arguments)
    finally:
        await client.close()


async def test_a_control_socket_is_private_to_its_owner(desk: CommandHandler, short_path: Path):
    before = os.umask(0)
    server = ControlServer(desk, short_path / "run" / "control.sock")
    try:
        assert await server.start()
        assert mode(short_path / "run" / "control.sock") == 0o600
        assert mode(short_path / "run") == 0o700
        assert await ask(short_path / "run" / "control.sock") == []
    finally:
        os.umask(before)
        await server.stop()


async def test_no_control_socket_is_created_in_a_world_writable_folder(desk: CommandHandler, short_path: Path):
    (short_path / "run").mkdir()
    (short_path / "run").chmod(0o777)
    with pytest.raises(ManagerError, match="cannot be created: all users may write to it"):
        await ControlServer(desk, short_path / "run" / "control.sock").start()
    assert list((short_path / "run").iterdir()) == []


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that all users can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def as_somebody(code: str, place: Path) -> list[str]:
    script = f"import os, socket, sys\nos.setresuid({OTHER_USER}, {OTHER_USER}, {OTHER_USER})\n{code}"
    return [sys.executable, "-S", "-E", "-c", script, str(place)]


@needs_root
async def test_a_manager_of_another_user_is_not_trusted(public: Path):
    code = """
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print(".", flush=True)
sys.stdin.read()
"""
    public.chmod(0o777)  # noqa: ASYNC240
    place = public / "control.sock"
    other = await asyncio.create_subprocess_exec(*as_somebody(code, place), stdin=PIPE, stdout=PIPE)
    try:
        assert other.stdout is not None
        assert await other.stdout.readline() == b".\n"
        with pytest.raises(ManagerError, match="another user listens there; remove it, or use another --state-dir"):
            await ask(place)
    finally:
        other.kill()
        await other.communicate()


@needs_root
async def test_a_connection_of_another_user_to_the_socket_is_not_answered(desk: CommandHandler, public: Path):
    code = """
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
try:
    client.sendall(b'{"verb": "list"}\\n')
    print(client.recv(100))
except ConnectionError:
    print(b"")
"""
    place = public / "run" / "control.sock"
    server = ControlServer(desk, place)
    assert await server.start()
    try:
        place.parent.chmod(0o711)
        place.chmod(0o777)
        other = await asyncio.create_subprocess_exec(*as_somebody(code, place), stdout=PIPE, stderr=PIPE)
        output, wrong = await other.communicate()
        assert output == b"b''\n", wrong
    finally:
        await server.stop()
