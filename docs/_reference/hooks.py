"""The reference of hooks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import attrs
from _reference.docstrings import entries, first_sentence, text_of

from mcpstore import hooks
from mcpstore.hooks import specs


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Hooks"
    yield ""
    yield text_of(specs).partition("\n\n")[2]
    yield ""
    source = inspect.getsource(specs)
    banner = ""
    for line in source.splitlines():
        if found := re.match(r"# --- (\w+) -", line):
            banner = found[1].capitalize()
            yield f"## {banner}"
            yield ""
        elif found := re.match(r"def (mcpstore_\w+)(\(.*\)) -> (.*):", line):
            hook = getattr(specs, found[1])
            yield f"### `{found[1]}{found[2]}`"
            yield ""
            yield f"{text_of(hook)} Returns `{found[3]}`." if banner != "Notices" else text_of(hook)
            yield ""
    yield "## Records"
    yield ""
    for name in hooks.__all__:
        record = getattr(hooks, name)
        if inspect.isclass(record) and attrs.has(record):
            yield f"### `{name}`"
            yield ""
            yield first_sentence(record)
            yield ""
            yield "| field | |"
            yield "|---|---|"
            told = entries(record, "Attributes")
            for field in attrs.fields(record):
                yield f"| `{field.name}` | {told.get(field.name, '')} |"
            yield ""
