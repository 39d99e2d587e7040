"""A program that saves one thing, so that any system call of it can be made to fail.

Run as `saving_child.py KIND FOLDER`: forks a child per byte of input, which tells its process id and saves when it gets
SIGUSR1; then tells how the child ended: 0 if it was said to be done, 1 if it was said not to be.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from kinds import KINDS, Kind, said  # it is run as a program, so its folder is on the path


def serve(kind: Kind, folder: Path) -> None:
    kind.prepare()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    while os.read(0, 1):
        pid = os.fork()
        if pid == 0:
            code = 3
            try:
                os.write(1, b"%d\n" % os.getpid())
                signal.sigwait([signal.SIGUSR1])
                code = said(kind.save, folder)
            finally:
                os._exit(code)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    serve(KINDS[sys.argv[1]], Path(sys.argv[2]))
