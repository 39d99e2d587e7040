"""A small MCP server that ignores every request to exit. Standard library only: it starts in milliseconds."""

import json
import os
import signal
import sys
import time


def linger():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def start(kind):
    if os.fork():
        if kind == "daemon":
            os.wait()
        return
    if kind != "group":
        os.setsid()
    if kind == "daemon" and os.fork():
        os._exit(0)
    linger()


manners = sys.argv[1:]
for each in ("group", "session", "daemon"):
    if each in manners:
        start(each)
if "ignore-term" in manners:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
TOOL = {"name": "echo", "inputSchema": {"type": "object"}}
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "id" not in message:
        continue
    method, params = message["method"], message.get("params") or {}
    result = {}
    if method == "initialize":
        result = {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stubborn", "version": "1"},
        }
    elif method == "tools/list":
        result = {"tools": [TOOL]}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": json.dumps(params.get("arguments"))}]}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) + "\n")
    sys.stdout.flush()
if "ignore-eof" in manners:
    while True:
        time.sleep(60)
