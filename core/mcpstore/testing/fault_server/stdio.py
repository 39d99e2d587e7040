"""The fault server on stdin and stdout."""

from __future__ import annotations

import json
import os
import signal
import sys

from mcpstore.testing.fault_server.faulty import FaultyServer, LineFaults
from mcpstore.testing.fault_server.options import Options
from mcpstore.testing.fault_server.process import linger, misbehave

__all__ = ["serve"]


def serve(options: Options) -> None:
    """Serve until stdin ends."""
    misbehave(options)

    def after_reply(number: int) -> None:
        if number == options.stop_itself:
            os.kill(os.getpid(), signal.SIGSTOP)
        if number == options.close_stdout:
            os.close(1)
            linger()
        if number == options.close_stdin:
            os.close(0)
            linger()

    lines = LineFaults(options, _write, after_reply)
    server = FaultyServer(options, lines.say)
    try:
        for line in iter(sys.stdin.buffer.readline, b""):
            server.take(json.loads(line))
    except BrokenPipeError:
        pass
    if options.ignore_eof:
        linger()
    os._exit(0)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
