"""Measure how many real configuration files are parsed correctly: `python tests/config/measure_corpus.py FOLDER`.

FOLDER holds configuration files and an `expected.json`: by file name, the path the file had and its servers as
`mcpstore config show` should show them. Prints a line per file and the share of files that are understood entirely.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from mcpstore.config.description import describe
from mcpstore.config.reader import read
from mcpstore.hooks.persistence import Content
from mcpstore_plugins.mcp_json import mcpstore_persistence_backends

FIELDS = ("dialect", "transport", "enabled", "command", "args", "env_keys", "url", "extra_keys")


def content_of(path: Path) -> Content:
    (backend,) = mcpstore_persistence_backends()
    return asyncio.run(backend.open(str(path)).read())


def differences(expected: dict[str, Any], shown: dict[str, Any]) -> list[str]:
    wanted = {server["name"]: server for server in expected["servers"]}
    got = {server["name"]: server for server in shown["servers"]}
    problems = [f"missing: {name!r}" for name in wanted.keys() - got.keys()]
    problems += [f"not expected: {name!r}" for name in got.keys() - wanted.keys()]
    for name in sorted(wanted.keys() & got.keys()):
        for field in FIELDS:
            if wanted[name][field] != got[name][field]:
                problems.append(f"{name!r}.{field}: expected {wanted[name][field]!r}, read {got[name][field]!r}")
    if not problems and list(wanted) != list(got):
        problems.append("another order")
    return problems


def main(folder: Path) -> int:
    corpus = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    agreed = 0
    for file, expected in sorted(corpus.items()):
        shown = describe(read(content_of(folder / file), where=expected["path"]))
        problems = differences(expected, shown)
        agreed += not problems
        print(f"{file} {'agree' if not problems else 'differ'} {expected['path']}")
        for line in problems + [f"  problem: {p['where']}: {p['what']}" for p in shown["problems"]]:
            print(f"    {line}")
    print(f"{agreed} of {len(corpus)} files are understood ({agreed / len(corpus):.1%})")
    return 0 if agreed == len(corpus) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
