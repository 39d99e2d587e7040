"""Start of a program with pipes, in a session of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from io import FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

import attrs

from mcpstore.errors import ConnectRefused
from mcpstore_plugins.stdio import command, environment
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.cgroup_exec import start_in_cgroup
from mcpstore_plugins.stdio.containers import with_label
from mcpstore_plugins.stdio.launchers import container_options_index

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["SpawnPlan", "plan", "spawn"]


@attrs.frozen(kw_only=True)
class SpawnPlan:
    """A program with everything that is needed to start it.

    Attributes:
        program: Absolute path of the program.
        args: Arguments of the program.
        variables: Complete environment.
        configured: The part of the environment that the configuration sets.
        cwd: Working directory.
        has_container: Whether the program runs a container.
    """

    program: str
    args: tuple[str, ...]
    variables: Mapping[str, str] = attrs.field(repr=False)
    configured: Mapping[str, str | None] = attrs.field(repr=False)
    cwd: str
    has_container: bool = False


def plan(settings: StdioSettings, marker: str) -> SpawnPlan:
    """Resolve the settings of a service into a program that can be started. Blocks.

    Raises:
        ConnectRefused: The folder or the program does not exist or cannot be used.
    """
    cwd = str(Path(settings.cwd or ".").absolute())
    if not Path(cwd).is_dir():
        problem = "is not a folder" if Path(cwd).exists() else "does not exist"
        raise ConnectRefused(f"cwd {cwd!r} {problem}; create it, or change cwd")
    configured = settings.env
    variables = environment.child_environment(settings, configured, parent=os.environ, marker=marker)
    return SpawnPlan(
        program=command.resolve(settings.command, path=environment.search_path(variables), cwd=cwd),
        args=with_label(settings.command, settings.args, marker),
        variables=variables,
        configured=configured,
        cwd=cwd,
        has_container=container_options_index(settings.command, settings.args) is not None,
    )


def spawn(launch: SpawnPlan, cgroup: Cgroup | None = None) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own. Blocks until it runs.

    Args:
        launch: The program.
        cgroup: Control group to start it in.

    Raises:
        ConnectError: The operating system cannot start the program.
        CgroupRefused: The process cannot enter this group.
    """
    with ExitStack() as ours, ExitStack() as its:
        try:
            # The pipes are created here, because some versions of Python leak the first ones if the last one fails.
            (stdin, to_it), (from_it, stdout), (errors, stderr) = (_pipe(ours, its, to_child=n == 0) for n in range(3))
            line = [launch.program, *launch.args]
            # No preexec_fn, so that Python can use vfork: forking a large manager would copy its page tables.
            popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
            run = partial(
                popen,
                bufsize=0,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=launch.cwd,
                start_new_session=True,
            )
            if cgroup is None:
                process = run(line, env=dict(launch.variables))
            else:
                process = start_in_cgroup(cgroup, line, launch.variables, run)
        except OSError as error:
            raise command.start_error(error, launch.program, launch.args) from error
        ours.pop_all()
    process.stdin, process.stdout, process.stderr = to_it, from_it, errors
    return process


def _pipe(ours: ExitStack, its: ExitStack, *, to_child: bool) -> tuple[IO[bytes], IO[bytes]]:
    """Create a pipe, and return its reading and its writing end; each is closed by the stack of its owner."""
    read, write = os.pipe()
    reader, writer = FileIO(read, "rb"), FileIO(write, "wb")
    its.callback((reader if to_child else writer).close)
    ours.callback((writer if to_child else reader).close)
    return reader, writer
