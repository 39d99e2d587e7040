"""A small MCP server that misbehaves on request. It uses only the standard library and starts in milliseconds.

`server.py GATE [KIND …]`: it does not start while the file GATE exists, and starts children of the given kinds.
"""

import json
import os
import signal
import sys
import time

ANYTHING = {"type": "object"}
ENDS = ("exit", "half", "mute")
TOOLS = ("echo", "big", "hold", "refuse", "flood", "noise", "change", "spawn", "endless", *ENDS)
LIFETIME = 300


def linger():
    """Ignore SIGTERM for a limited time, so that a killed run leaves nothing on the machine."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(LIFETIME)
    os._exit(0)


def spawn(kind):
    """Start a child: in this process group, in its own session, or forked twice."""
    if os.fork():
        if kind == "daemon":
            os.wait()
        return
    if kind != "group":
        os.setsid()
    if kind == "daemon" and os.fork():
        os._exit(0)
    linger()


def say(message):
    write(json.dumps(message).encode() + b"\n")


def write(data, where=1):
    while data:
        data = data[os.write(where, data) :]


def call(number, tool, given):
    """Run a tool; returns the text of its result, or None for no result."""
    size = int(given.get("size", 1))
    if tool in ENDS:
        end(tool, size)
    if tool == "refuse":
        say({"jsonrpc": "2.0", "id": number, "error": {"code": -32050, "message": "refused"}})
    elif tool == "endless":
        write(b"x" * size)
    elif tool == "flood":
        write((b"x" * 99 + b"\n") * (size // 100), 2)
    elif tool == "noise":
        write(b"\x1b[32mready\x1b[0m {no json\n" * size)
    elif tool == "change":
        for _ in range(size):
            say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    elif tool == "spawn":
        spawn(given["kind"])
    if tool in ("hold", "refuse"):
        return None
    return "x" * size if tool == "big" else str(given.get("text", "done"))


def end(tool, code):
    """End this process, or close its output."""
    if tool == "half":
        write(b'{"jsonrpc": "2.0", "id": ')
    if tool == "mute":
        os.close(1)
        linger()
    os._exit(code)


def answer(message):
    method, params = message["method"], message.get("params") or {}
    if method == "initialize":
        capabilities = {"tools": {"listChanged": True}}
        info = {"name": "soaked", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": capabilities, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [{"name": tool, "inputSchema": ANYTHING} for tool in TOOLS]}
    if method == "tools/call":
        text = call(message["id"], params["name"], params.get("arguments") or {})
        return None if text is None else {"content": [{"type": "text", "text": text}]}
    return {}


def main(gate, *kinds):
    if os.path.exists(gate):  # noqa: PTH110 - pathlib takes longer to load than all the rest
        os.write(2, b"the gate is shut\n")
        os._exit(3)
    for kind in kinds:
        spawn(kind)
    for line in iter(sys.stdin.buffer.readline, b""):
        message = json.loads(line)
        if "id" in message and "method" in message and (result := answer(message)) is not None:
            say({"jsonrpc": "2.0", "id": message["id"], "result": result})


if __name__ == "__main__":
    main(*sys.argv[1:])
