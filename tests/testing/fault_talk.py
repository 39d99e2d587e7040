"""Talking to a fault server without a client: bytes in, bytes out."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcpstore.testing.faults import fault_command

PATIENCE = 20.0


class Talk:
    """A fault server on pipes."""

    def __init__(self, *flags: object) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            fault_command(*flags), stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )
        self.number = 0
        self.began = time.monotonic()

    def send(self, method: str, **params: Any) -> None:
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def call(self, tool: str, **arguments: Any) -> None:
        self.send("tools/call", name=tool, arguments=arguments)

    def line(self) -> bytes:
        data = b""
        while not data.endswith(b"\n"):
            piece = self.some(1)
            if not piece:
                break
            data += piece
        return data

    def answer(self) -> dict[str, Any]:
        return json.loads(self.line())

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.send(method, **params)
        return self.answer()

    def some(self, most: int = 1 << 20) -> bytes:
        """Return the next bytes; nothing at the end."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, "it said nothing"
        return os.read(self.process.stdout.fileno(), most)

    def rest(self) -> bytes:
        return b"".join(iter(self.some, b""))

    def is_silent(self, seconds: float = 0.2) -> bool:
        return not select.select([self.process.stdout], [], [], seconds)[0]

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def state(self) -> str:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()[0]

    def family(self) -> list[int]:
        """Return the other processes that write to its stderr: whatever it started."""
        mine = f"pipe:[{os.fstat(self.process.stderr.fileno()).st_ino}]"
        results = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if int(place.name) != self.process.pid and str((place / "fd/2").readlink()) == mine:
                    results.append(int(place.name))
            except OSError:
                continue
        return results


@contextmanager
def talking(*flags: object) -> Iterator[Talk]:
    talk = Talk(*flags)
    try:
        yield talk
    finally:
        for pid in (*talk.family(), talk.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        talk.process.wait(PATIENCE)
        for pipe in (talk.process.stdin, talk.process.stdout, talk.process.stderr):
            pipe.close()


class Web:
    """A client of HTTP that shows everything."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.session = ""
        self.socket: socket.socket | None = None

    def post(self, method: str, **params: Any) -> tuple[int, dict[str, str], bytes]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        body = json.dumps(message).encode()
        head = f"POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        if self.session:
            head += f"Mcp-Session-Id: {self.session}\r\n"
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.reading = self.socket.makefile("rb")
        self.socket.sendall(head.encode() + b"\r\n" + body)
        status = int(self.reading.readline().split()[1])
        headers = {}
        while line := self.reading.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        self.session = headers.get("mcp-session-id", self.session)
        if "content-length" in headers:
            return status, headers, self.reading.read(int(headers["content-length"]))
        return status, headers, b""

    def chunk(self) -> bytes:
        size = int(self.reading.readline(), 16)
        data = self.reading.read(size)
        self.reading.readline()
        return data

    def close(self) -> None:
        if self.socket is not None:
            self.reading.close()
            self.socket.close()
