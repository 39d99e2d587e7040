"""Runs the Python blocks of a document in order in one namespace.

Usage: python run_blocks.py DOCUMENT URL [NAME=MODULE …]. Pauses are shortened, questions are answered, and the address
of a service on the internet is replaced by that of a server on this machine; nothing else of the blocks is changed.
With NAME=MODULE, the definition of that name in a block is replaced by an import from a module.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHORTEST = 0.02
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
INTERNET = re.compile(r"https://httpbin\.org/[\w/]*")


def blocks_of(text: str) -> list[str]:
    """Return the Python blocks of a document, with or without block marks."""
    return BLOCK.findall(text) or list(stretches(text))


def stretches(text: str) -> Iterator[str]:
    """Yield the Python code between the headings of a page without block marks.

    Headings and paragraphs of these pages begin in Chinese or with a picture; no line of their code does.
    """
    stretch: list[str] = []
    for line in [*text.splitlines(), "…"]:
        if line[:1].isascii():
            stretch.append(line)
            continue
        source = "\n".join(stretch)
        stretch = []
        if source.strip() and is_python(source):
            yield source


def is_python(source: str) -> bool:
    try:
        compile(source, "stretch", "exec")
    except SyntaxError:
        return False
    return True


def main() -> None:
    document, url = Path(sys.argv[1]), sys.argv[2]
    ours = dict(argument.split("=") for argument in sys.argv[3:])
    pause = time.sleep
    time.sleep = lambda seconds: pause(min(seconds / 50, 0.5) if seconds > 1 else min(seconds, SHORTEST))
    builtins.input = lambda _prompt="": "y"
    os.system = lambda _command: 0
    namespace: dict[str, Any] = {"__name__": "__main__"}
    blocks = blocks_of(document.read_text("utf-8"))
    for number, block in enumerate(blocks, 1):
        print(f"--- block {number}", flush=True)
        tree = taken_from(ours, ast.parse(INTERNET.sub(url, block)))
        exec(compile(tree, f"{document.name} block {number}", "exec"), namespace)
    print(f"--- {len(blocks)} blocks", flush=True)
    for name in ("play_more",):
        more = globals().get(name)
        if more is not None:
            more(namespace, time, pause)
    print("--- end", flush=True)


def taken_from(ours: dict[str, str], tree: ast.Module) -> ast.Module:
    """Return a block in which definitions of the given names are replaced by imports."""
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in ours:
            result = ast.ImportFrom(ours[node.name], [ast.alias(node.name)], 0)
            tree.body[number] = ast.copy_location(result, node)
            print(f"--- {node.name} of {ours[node.name]}", flush=True)
    return ast.fix_missing_locations(tree)


def play_more(namespace: dict[str, Any], clock: Any, pause: Any) -> None:
    """Call the functions that the blocks define and do not call."""
    if "lifecycle_event_handler" in namespace:
        store = namespace["MCPStore"].setup_store()
        store.on_state_change(namespace["handler"])
        store.wait_service("test_service", timeout=60)
        print("--- restart", store.restart_service("test_service"))
        store.close()  # callbacks receive every event before the store is closed
    if "toolkit" in namespace:
        toolkit = namespace["toolkit"]
        print("--- diagnose", toolkit["diagnose"]("test_service"))
        print("--- recover", toolkit["recover"]("test_service"))
        toolkit["batch_recovery"]()
    if "generate_lifecycle_report" in namespace:
        print("--- report", namespace["generate_lifecycle_report"]())
    if "performance_dashboard" in namespace:
        rounds = iter(range(3))

        def interrupt(_seconds: float) -> None:
            pause(SHORTEST)
            if threading.current_thread() is threading.main_thread() and next(rounds, None) is None:
                raise KeyboardInterrupt

        clock.sleep = interrupt
        namespace["performance_dashboard"]()


if __name__ == "__main__":
    main()
