"""Containers: labelled when they are started, removed when the connection is closed."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import CloseFailed, NotReady
from mcpstore.hooks import Closing
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.containers import with_label
from mcpstore_plugins.stdio.settings import StdioSettings
from plugins.stdio.world import SERVER, World

# Client of a fake engine: each container is a file that is named by its id and contains its label. Like the real one
# it forwards its input, and its container survives its exit.
CLIENT = f"""#!{sys.executable}
import os, sys
from pathlib import Path
engine = Path(os.environ["ENGINE"])
verb, *args = sys.argv[1:]
with open(engine / "log", "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if (engine / "down").exists():
    sys.exit(1)
if verb == "run":
    (engine / ("c0ffee" * 5)).write_text(args[args.index("--label") + 1])
    os.execv(sys.executable, [sys.executable, "-S", "-E", {str(SERVER)!r}])
if verb == "ps":
    wanted = args[args.index("--filter") + 1].removeprefix("label=")
    for container in engine.iterdir():
        if container.name != "log" and container.read_text() == wanted:
            print(container.name)
if verb == "rm":
    if (engine / "stuck").exists():
        sys.exit(1)
    for container in args:
        if not container.startswith("-"):
            (engine / container).unlink()
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(CLIENT)
    client.chmod(0o755)
    engine = tmp_path / "engine"
    engine.mkdir()
    return engine


def settings(engine: Path, *args: str) -> StdioSettings:
    env = {"ENGINE": str(engine), "PATH": f"{engine.parent}/bin:{os.environ['PATH']}"}
    return StdioSettings(command="docker", args=["run", "-i", "image", *args], env=env)


def verbs(engine: Path) -> list[str]:
    return [line.split()[0] for line in (engine / "log").read_text().splitlines()]


def contents(engine: Path) -> list[str]:
    return sorted(path.name for path in engine.iterdir())


def test_the_label_precedes_the_options_of_the_configuration():
    assert with_label("docker", ["run", "-i", "image", "run"], "m") == (
        *("run", "--label", "mcpstore.marker=m", "-i", "image", "run"),
    )
    assert with_label("docker", ["container", "run", "image"], "m") == (
        *("container", "run", "--label", "mcpstore.marker=m", "image"),
    )


@pytest.mark.parametrize(
    ("command", "args"), [("docker", ["exec", "x", "run"]), ("docker", ["--context", "run"]), ("npx", ["run"])]
)
def test_the_arguments_of_other_commands_are_not_changed(command: str, args: list[str]):
    assert with_label(command, args, "m") == tuple(args)


async def test_a_container_that_outlives_its_client_is_removed(world: World, engine: Path):
    (engine / "unrelated").write_text("mcpstore.marker=another")
    with anyio.fail_after(20):
        async with connect(settings(engine), world.peer()):
            assert (engine / ("c0ffee" * 5)).read_text() == f"mcpstore.marker={world.marker}"
    assert contents(engine) == ["log", "unrelated"]
    assert verbs(engine) == ["run", "ps", "rm"]


async def test_a_container_that_has_exited_needs_no_removal(world: World, engine: Path):
    with anyio.fail_after(20):
        async with connect(settings(engine), world.peer()):
            (engine / ("c0ffee" * 5)).unlink()
    assert verbs(engine) == ["run", "ps"]


async def test_an_unavailable_engine_does_not_prevent_the_close_of_a_service(
    world: World, engine: Path, caplog: pytest.LogCaptureFixture
):
    (engine / "down").touch()
    with anyio.fail_after(20), caplog.at_level(logging.WARNING), pytest.raises(NotReady):
        async with connect(settings(engine), world.peer()):
            pass
    assert "did not answer: containers of a closed service may be left" in caplog.text


async def test_a_container_that_cannot_be_removed_is_reported_and_can_be_retried(world: World, engine: Path):
    (engine / "stuck").touch()
    with anyio.fail_after(20):
        with pytest.raises(CloseFailed, match="container c0ffeec0ffee cannot be removed") as caught:
            async with connect(settings(engine), world.peer(closing=Closing(polite=15.0))):
                pass
        assert caught.value.survivors == ()
        (engine / "stuck").unlink()
        await caught.value.reap()
    assert contents(engine) == ["log"]
