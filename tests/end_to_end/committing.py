"""A server whose tool takes effect and then fails: `committing.py FILE HOW`.

Each call adds a line to FILE. HOW selects the answer to the first call; all others are answered normally.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

FILE, HOW = Path(sys.argv[1]), sys.argv[2]
HINTS = {"readOnlyHint": True, "idempotentHint": True}
"""The manager does not repeat calls of idempotent tools either: the annotation is only a claim of the server."""


def say(number: Any, result: Any) -> None:
    print(json.dumps({"jsonrpc": "2.0", "id": number, "result": result}), flush=True)


def call(number: Any) -> None:
    with FILE.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if len(FILE.read_text().splitlines()) > 1:
        say(number, {"content": []})
    elif HOW == "exit":
        os._exit(3)
    elif HOW == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif HOW == "hang up":
        os.close(1)
    elif HOW == "half":
        os.write(1, b'{"jsonrpc": "2.0", "id": ')
        os._exit(0)
    elif HOW == "garbage":
        print(f'{{"jsonrpc": "2.0", "id": {json.dumps(number)}, "result": ', flush=True)
    elif HOW == "sleep":
        time.sleep(600)


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        number = message.get("id")
        if message["method"] == "initialize":
            version = message["params"]["protocolVersion"]
            who = {"name": "committing", "version": "1"}
            say(number, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": who})
        elif message["method"] == "tools/list":
            say(number, {"tools": [{"name": "pay", "inputSchema": {"type": "object"}, "annotations": HINTS}]})
        elif message["method"] == "tools/call":
            call(number)
        elif number is not None:
            say(number, {})


if __name__ == "__main__":
    main()
