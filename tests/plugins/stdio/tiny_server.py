"""A small MCP server that misbehaves on request. It uses only the standard library, so it starts in milliseconds."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--children", default="", help="comma separated: group, session, daemon, obedient")
parser.add_argument("--ignore-eof", action="store_true")
parser.add_argument("--ignore-term", action="store_true")
parser.add_argument("--silent", action="store_true", help="never answer")
parser.add_argument("--refuse", default="", help="answer everything with this error")
parser.add_argument("--say", default="", help="a line for stderr, first of all")
parser.add_argument("--print", default="", help="a line for stdout, first of all")
parser.add_argument("--exit", type=int, help="exit with this code instead of serving")
parser.add_argument("--flood", type=int, default=0, help="MiB for stderr before the first answer")
parser.add_argument("--pidfile", default="", help="where to write the process ids of the whole tree")
parser.add_argument("--on-term", default="", help="file to create when SIGTERM comes")
options, rest = parser.parse_known_args()


def note(pid):
    if options.pidfile:
        with Path(options.pidfile).open("a") as file:
            file.write(f"{pid}\n")


def linger(kind):
    """Run as a child that keeps every inherited descriptor open."""
    note(os.getpid())
    os.write(ready, b".")
    if kind != "obedient":
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
    linger(kind)


def on_term(*_):
    if options.on_term:
        Path(options.on_term).touch()
    if not options.ignore_term:
        os._exit(0)


def answer(message):
    method, params = message["method"], message.get("params") or {}
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {},
            "serverInfo": {"name": "tiny", "version": "1"},
        }
    if method == "test/about":
        return {"argv": rest, "env": dict(os.environ), "cwd": str(Path.cwd())}
    if method == "test/close":
        os.close(params["fd"])
        if params["fd"] < 2:
            linger_here()
    if method == "test/die":
        os.kill(os.getpid(), params["signal"])
    if method == "test/exit":
        os.write(1, json.dumps({"jsonrpc": "2.0", "method": "notifications/last", "params": {}}).encode() + b"\n")
        os.write(2, params["say"].encode())
        os._exit(params["code"])
    return {}


def linger_here():
    while True:
        time.sleep(60)


signal.signal(signal.SIGTERM, on_term)
note(os.getpid())
if options.say:
    os.write(2, options.say.encode() + b"\n")
if options.print:
    os.write(1, options.print.encode() + b"\n")
heard, ready = os.pipe()
kinds = [kind for kind in options.children.split(",") if kind]
for kind in kinds:
    start(kind)
for _ in kinds:
    os.read(heard, 1)
if options.exit is not None:
    os._exit(options.exit)
block = (b"x" * 99 + b"\n") * 10486
for _ in range(options.flood):
    os.write(2, block)
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "id" in message and not options.silent:
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        if options.refuse:
            reply["error"] = {"code": -32603, "message": options.refuse}
        else:
            reply["result"] = answer(message)
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
if options.ignore_eof:
    linger_here()
