"""Starting a program inside a control group: it enters before it is what it will be, so nothing can escape before.

Moving a process after its start would leave a moment in which it may already have forked. Running Python between fork
and exec is not safe in a program with threads. So a small interpreter is started first: it enters the group, and then
becomes the program. That costs some milliseconds a start.
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

__all__ = ["NoEntry", "start_inside"]

# Only what is built into the interpreter is imported, which halves the time. Python ignores SIGPIPE and SIGXFSZ, and
# what is ignored stays so in the next program.
_CODE: Final = """
import _signal, marshal, posix, sys
orders, entrance, complaint = map(int, sys.argv[1:])
posix.set_inheritable(entrance, False)
posix.set_inheritable(complaint, False)
program, arguments, variables = marshal.loads(posix.read(orders, posix.fstat(orders).st_size))
posix.close(orders)
what = b"enter"
try:
    posix.write(entrance, b"0")
    what = b"start"
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)
    posix.execve(program, arguments, variables)
except OSError as error:
    posix.write(complaint, b"%s %d" % (what, error.errno))
posix._exit(127)
"""


class NoEntry(Exception):
    """The group does not take the process: it is to be started without."""


def start_inside(
    cgroup: Cgroup, command: list[str], variables: Mapping[str, str], run: Callable[..., subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    """Start a program in a group. Blocks until it runs.

    Args:
        cgroup: The group.
        command: The program and its arguments.
        variables: Its environment.
        run: `Popen`, told everything else.

    Raises:
        NoEntry: It cannot be in this group.
        OSError: It cannot be started.
    """
    files: list[int] = []
    try:
        files.append(orders := os.memfd_create("mcpstore", 0))
        with open(orders, "wb", closefd=False) as file:
            words = [os.fsencode(word) for word in command]
            marshal.dump((words[0], words, {os.fsencode(n): os.fsencode(v) for n, v in variables.items()}), file)
        os.lseek(orders, 0, os.SEEK_SET)
        try:
            files.append(entrance := os.open(cgroup.entrance, os.O_WRONLY | os.O_CLOEXEC))
        except OSError as error:
            raise NoEntry from error
        heard, complaint = os.pipe()
        files += (heard, complaint)
        process = run(
            [sys.executable, "-I", "-S", "-c", _CODE, *map(str, (orders, entrance, complaint))],
            env={MARKER: variables.get(MARKER, "")},
            pass_fds=(orders, entrance, complaint),
        )
        os.close(complaint)
        files.remove(complaint)
        told = _read(heard)
    finally:
        for each in files:
            with suppress(OSError):
                os.close(each)
    if not told:
        return process
    process.wait()
    what, _, number = told.partition(" ")
    if what == "enter":
        raise NoEntry(os.strerror(int(number)))
    raise OSError(int(number), os.strerror(int(number)))


def _read(heard: int) -> str:
    """Return what the interpreter complained about; nothing if it became the program."""
    told = b""
    while piece := os.read(heard, 256):
        told += piece
    return told.decode("ascii", "replace")
