"""Starting the process of a service: everything that happens off the event loop, in one go."""

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
from mcpstore_plugins.stdio.cgroup_exec import start_inside
from mcpstore_plugins.stdio.containers import labelled
from mcpstore_plugins.stdio.launchers import runs_container

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["SpawnPlan", "plan", "spawn"]


@attrs.frozen(kw_only=True)
class SpawnPlan:
    """A program ready to be started.

    Attributes:
        program: Its absolute path.
        args: Its arguments.
        variables: Its whole environment.
        configured: The part of it that its configuration says.
        cwd: The folder it runs in.
        has_container: Whether it is the client of a container.
    """

    program: str
    args: tuple[str, ...]
    variables: Mapping[str, str] = attrs.field(repr=False)
    configured: Mapping[str, str | None] = attrs.field(repr=False)
    cwd: str
    has_container: bool = False


def plan(settings: StdioSettings, marker: str) -> SpawnPlan:
    """Find out what is to be started. Reads files: to be called in a thread.

    Raises:
        ConnectRefused: The folder or the program is not there, or of no use.
    """
    cwd = str(Path(settings.cwd or ".").absolute())
    if not Path(cwd).is_dir():
        what = "is not a folder" if Path(cwd).exists() else "does not exist"
        raise ConnectRefused(f"cwd {cwd!r} {what}; create it, or change cwd")
    configured = settings.env
    variables = environment.child_environment(settings, configured, parent=os.environ, marker=marker)
    return SpawnPlan(
        program=command.resolve(settings.command, path=environment.search_path(variables), cwd=cwd),
        args=labelled(settings.command, settings.args, marker),
        variables=variables,
        configured=configured,
        cwd=cwd,
        has_container=runs_container(settings.command, settings.args) is not None,
    )


def spawn(launch: SpawnPlan, cgroup: Cgroup | None = None) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own. Blocks until it runs: to be called in a thread.

    Args:
        launch: The program.
        cgroup: The control group it is to be in.

    Raises:
        ConnectError: The operating system refuses.
        NoEntry: It cannot be in this group.
    """
    with ExitStack() as ours, ExitStack() as its:
        try:
            # The pipes are made here: some versions of Python leave the first ones open if there is no room for all.
            (stdin, to_it), (from_it, stdout), (errors, stderr) = (_pipe(ours, its, to_child=n == 0) for n in range(3))
            line = [launch.program, *launch.args]
            # No preexec_fn, so that Python can use vfork: forking a big manager would copy its page tables.
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
                process = start_inside(cgroup, line, launch.variables, run)
        except OSError as error:
            raise command.refusal(error, launch.program, launch.args) from error
        ours.pop_all()
    process.stdin, process.stdout, process.stderr = to_it, from_it, errors
    return process


def _pipe(ours: ExitStack, its: ExitStack, *, to_child: bool) -> tuple[IO[bytes], IO[bytes]]:
    """Return both ends of a pipe, the one that is read first; each is closed with what it belongs to."""
    read, write = os.pipe()
    reader, writer = FileIO(read, "rb"), FileIO(write, "wb")
    its.callback((reader if to_child else writer).close)
    ours.callback((writer if to_child else reader).close)
    return reader, writer
