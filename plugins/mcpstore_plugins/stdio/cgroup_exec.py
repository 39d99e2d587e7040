"""Start of a program inside a control group: the process enters the group before it executes the program.

A process that is moved after its start may already have forked. Running Python code between fork and exec is unsafe in
a program with threads. So a small interpreter is started first: it enters the group, then executes the program. This
costs a few milliseconds a start.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.environment import MARKER

__all__ = ["CgroupRefused", "start_in_cgroup"]

# Only built-in modules are imported, which halves the time. Python ignores SIGPIPE and SIGXFSZ; an executed program
# would inherit that.
_CODE: Final = """
import _signal, marshal, posix, sys
plan, procs, errors = map(int, sys.argv[1:])
posix.set_inheritable(procs, False)
posix.set_inheritable(errors, False)
program, arguments, variables = marshal.loads(posix.read(plan, posix.fstat(plan).st_size))
posix.close(plan)
step = b"enter"
try:
    posix.write(procs, b"0")
    step = b"exec"
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)
    posix.execve(program, arguments, variables)
except OSError as error:
    posix.write(errors, b"%s %d" % (step, error.errno))
posix._exit(127)
"""


class CgroupRefused(Exception):
    """The control group does not accept the process; start the program without it."""


def start_in_cgroup(
    cgroup: Cgroup, command: list[str], variables: Mapping[str, str], run: Callable[..., subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    """Start a program in a control group. Blocks until it runs.

    Args:
        cgroup: The control group.
        command: The program and its arguments.
        variables: Environment of the program.
        run: `Popen` with all other arguments bound.

    Raises:
        CgroupRefused: The process cannot enter this group.
        OSError: The program cannot be started.
    """
    descriptors: list[int] = []
    try:
        descriptors.append(plan := os.memfd_create("mcpstore", 0))
        with open(plan, "wb", closefd=False) as file:
            words = [os.fsencode(word) for word in command]
            marshal.dump((words[0], words, {os.fsencode(n): os.fsencode(v) for n, v in variables.items()}), file)
        os.lseek(plan, 0, os.SEEK_SET)
        try:
            descriptors.append(procs := os.open(cgroup.procs_file, os.O_WRONLY | os.O_CLOEXEC))
        except OSError as error:
            raise CgroupRefused from error
        reader, writer = os.pipe()
        descriptors += (reader, writer)
        process = run(
            [sys.executable, "-I", "-S", "-c", _CODE, *map(str, (plan, procs, writer))],
            env={MARKER: variables.get(MARKER, "")},
            pass_fds=(plan, procs, writer),
        )
        os.close(writer)
        descriptors.remove(writer)
        failure = _read_failure(reader)
    finally:
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)
    if not failure:
        return process
    process.wait()
    step, _, number = failure.partition(" ")
    if step == "enter":
        raise CgroupRefused(os.strerror(int(number)))
    raise OSError(int(number), os.strerror(int(number)))


def _read_failure(reader: int) -> str:
    """Return the step that failed and its errno; the empty string if the interpreter executed the program."""
    failure = b""
    while chunk := os.read(reader, 256):
        failure += chunk
    return failure.decode("ascii", "replace")
