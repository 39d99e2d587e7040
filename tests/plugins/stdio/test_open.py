"""Opening a connection: the environment of the process, the open connection, and errors."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import (
    CommandNotFound,
    ConnectRefused,
    ConnectTimeout,
    NotReady,
    UnsupportedProtocol,
)
from mcpstore.hooks import Closing, Connection
from mcpstore_plugins.stdio.connection import connect
from plugins.stdio.world import World, children, open_files

LITERAL = [
    "a b",
    "",
    "$HOME",
    "${PATH}",
    "$(id)",
    "`id`",
    ";",
    "&&",
    "|",
    ">x",
    "*",
    "~",
    "'",
    '"',
    "\\",
    "\n",
    "--",
    "é漢😀",
    "\udc80",
]


async def about(world: World, *args: str, **fields: object) -> dict[str, object]:
    async with connect(world.settings(*args, **fields), world.peer()) as connection:
        return await connection.request("test/about")


async def refused(world: World, error: type[Exception], **fields: object) -> str:
    with pytest.raises(error) as caught:
        async with connect(world.settings(**fields), world.peer()):
            pass
    assert type(caught.value) is error
    return str(caught.value)


async def test_an_open_connection_has_its_server_and_process(world: World):
    async with connect(world.settings(), world.peer()) as connection:
        assert isinstance(connection, Connection)
        assert connection.server.name == "tiny"
        assert connection.protocol_version == "2025-11-25"
        assert world.left() == [connection.pid]
        assert await connection.request("ping") == {}


async def test_arguments_arrive_literally(world: World):
    assert (await about(world, *LITERAL))["argv"] == LITERAL


async def test_only_the_given_variables_arrive_and_literally(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GITHUB_TOKEN", "never")
    monkeypatch.setenv("TZ", "UTC")
    env = {"A": "$HOME `id`", "C": 5, "TZ": None}
    seen = (await about(world, env=env))["env"]
    assert isinstance(seen, dict)
    assert {name: seen.get(name) for name in ("A", "C", "TZ", "GITHUB_TOKEN")} == {
        "A": "$HOME `id`",
        "C": "5",
        "TZ": None,
        "GITHUB_TOKEN": None,
    }
    assert seen["MCPSTORE_MARKER"] == world.marker


async def test_without_a_marker_of_the_manager_a_connection_has_a_new_one(world: World):
    markers = set()
    for _ in range(2):
        async with connect(world.settings(), world.peer(owner_tag="")) as connection:
            env = (await connection.request("test/about"))["env"]
            markers.add(env["MCPSTORE_MARKER"])
    assert len(markers) == 2
    assert all(markers)


async def test_a_service_runs_in_its_configured_folder(world: World, tmp_path: Path):
    assert (await about(world, cwd=str(tmp_path)))["cwd"] == str(tmp_path)
    assert (await about(world))["cwd"] == str(Path.cwd())


async def test_a_relative_command_is_resolved_in_the_folder_of_the_service(world: World, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert (await about(world, command="bin/python", cwd=str(tmp_path)))["cwd"] == str(tmp_path)


async def test_the_command_is_looked_up_in_the_path_of_the_service(world: World, tmp_path: Path):
    (tmp_path / "snake").symlink_to(sys.executable)
    assert (await about(world, command="snake", env={"PATH": str(tmp_path)}))["argv"] == []


async def test_a_missing_folder_is_reported(world: World, tmp_path: Path):
    place = tmp_path / "x"
    message = await refused(world, ConnectRefused, cwd=str(place))
    assert message == f"cwd {str(place)!r} does not exist; create it, or change cwd"
    place.touch()
    message = await refused(world, ConnectRefused, cwd=str(place))
    assert message == f"cwd {str(place)!r} is not a folder; create it, or change cwd"


async def test_a_missing_command_is_reported(world: World):
    message = await refused(world, CommandNotFound, command="no-such-command", env={"PATH": "/a:/b", "KEY": "s3cret"})
    assert message.startswith("command 'no-such-command' was not found in the 2 folders of PATH; ")


async def test_a_script_with_a_missing_interpreter_is_reported(world: World, tmp_path: Path):
    script = tmp_path / "x"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    assert "is not a program that this machine can run; begin the script with #!" in await refused(
        world, CommandNotFound, command=str(script)
    )
    script.write_text("#!/no/such/interpreter\n")
    assert "needs '/no/such/interpreter', which does not exist" in await refused(
        world, CommandNotFound, command=str(script)
    )


async def test_too_long_arguments_are_refused(world: World):
    message = await refused(world, ConnectRefused, args=["x" * 3_000_000])
    assert "are too long (got 3000000 characters)" in message


async def test_an_exit_before_the_handshake_is_reported_with_its_code_and_last_stderr_lines(world: World):
    settings = world.settings("--say", "the key is wrong: s3cret-value", "--exit", "3", env={"KEY": "s3cret-value"})
    with anyio.fail_after(20), pytest.raises(NotReady) as caught:
        async with connect(settings, world.peer()):
            pass
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        "service 'tiny' exited with code 3 before it was ready; its stderr ends: the key is wrong: ***"
    )
    assert world.stderr == ["the key is wrong: ***"]


async def test_a_signal_before_the_handshake_is_reported_by_name(world: World):
    settings = world.script("import os, signal; os.kill(os.getpid(), signal.SIGABRT)")
    with pytest.raises(NotReady, match="killed by SIGABRT before it was ready; it wrote nothing to stderr") as caught:
        async with connect(settings, world.peer()):
            pass
    assert caught.value.exit_code is None


async def test_the_output_of_a_program_that_is_no_server_explains_its_exit(world: World):
    settings = world.settings("--print", "usage: --key s3cret-value", "--exit", "2", env={"KEY": "s3cret-value"})
    with pytest.raises(NotReady, match=r"exited with code 2 .*; its stdout began: usage: --key \*\*\*$"):
        async with connect(settings, world.peer()):
            pass


async def test_many_last_stderr_lines_are_joined_and_cut(world: World):
    settings = world.script("import sys; sys.stderr.write('\\n'.join('x' * 99 for _ in range(50))); sys.exit(1)")
    with pytest.raises(NotReady) as caught:
        async with connect(settings, world.peer()):
            pass
    assert len(str(caught.value)) < 950
    assert str(caught.value).endswith(" | ".join(["x" * 99] * 5))


async def test_a_silent_service_is_reported_with_its_last_stderr_lines(world: World):
    settings = world.settings("--silent", "--say", "connecting to the database")
    with pytest.raises(ConnectTimeout, match=r"0\.5 s; last line of stderr: connecting to the database$"):
        async with connect(settings, world.peer(handshake_timeout=0.5)):
            pass


async def test_a_service_without_any_output_is_reported(world: World):
    with pytest.raises(ConnectTimeout, match=r"within 0\.5 s$"):
        async with connect(world.settings("--silent"), world.peer(handshake_timeout=0.5)):
            pass


async def test_a_refusal_of_the_service_is_reported_with_its_message(world: World):
    with pytest.raises(NotReady, match="refused the handshake: no licence"):
        async with connect(world.settings("--refuse", "no licence"), world.peer()):
            pass


async def test_a_program_that_is_no_server_is_reported(world: World):
    settings = world.script("while True: print('hello, human')")
    with pytest.raises(UnsupportedProtocol, match="hello, human"):
        async with connect(settings, world.peer(closing=Closing(polite=0.1))):
            pass


async def test_a_gigabyte_on_stderr_before_the_first_answer_is_drained(world: World):
    settings = world.settings("--flood", "1024", "--say", "begin")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    before = resident()
    with anyio.fail_after(100):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            async with connect(settings, world.peer(handshake_timeout=90.0)) as connection:
                assert await connection.request("ping") == {}
            tasks.cancel_scope.cancel()
    assert resident() - before < 32 << 20
    assert ticks > 50  # the event loop was not blocked
    assert world.stderr[0] == "begin"
    assert world.stderr[-1] == "x" * 99
    assert any(line.startswith("…") for line in world.stderr)


async def test_a_hundred_failed_openings_leave_nothing_behind(world: World):
    before = open_files(), children(), asyncio.all_tasks()
    ways = [
        (world.settings("--exit", "1"), NotReady, 20.0),
        (world.settings(command="no-such-command"), CommandNotFound, 20.0),
        (world.settings("--silent"), ConnectTimeout, 0.2),
        (world.script("print('x\\n' * 200)"), UnsupportedProtocol, 20.0),
    ]

    async def fail(number: int) -> None:
        settings, error, timeout = ways[number % len(ways)]
        with pytest.raises(error):
            async with connect(settings, world.another(handshake_timeout=timeout)):
                pass

    for start in range(0, 100, 10):
        async with anyio.create_task_group() as tasks:
            for number in range(start, start + 10):
                tasks.start_soon(fail, number)
    assert (open_files(), children(), asyncio.all_tasks()) == before
    assert world.left() == []


@pytest.mark.parametrize("spare", range(10))
async def test_a_lack_of_file_descriptors_is_a_local_error_and_leaves_nothing_behind(world: World, spare: int):
    settings = world.settings("--ignore-eof", "--children", "session")
    closing = Closing(polite=0.1, term=0.1, kill=15.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with anyio.fail_after(20):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (len(open_files()) + spare, hard))
            async with connect(settings, world.peer(closing=closing)) as connection:
                assert await connection.request("ping") == {}
        except NotReady as error:
            assert "Too many open files" in str(error)  # noqa: PT017 - it depends on what else is open
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_twenty_concurrent_openings_all_succeed(world: World):
    pids: set[int] = set()

    async def once() -> None:
        async with connect(world.settings(), world.another()) as connection:
            assert await connection.request("ping") == {}
            pids.add(connection.pid)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(once)
    assert len(pids) == 20


def resident() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
