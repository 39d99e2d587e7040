"""The reference of errors: the tree, and the attributes of each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from _reference.docstrings import entries, text_of

from mcpstore import errors


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    whole = inspect.getdoc(errors) or ""
    tree = whole.split("::\n\n")[1].split("\n\n")[0]
    rest = whole.rsplit("\n\n", 1)[1]
    yield "# Errors"
    yield ""
    yield "Every error that MCPStore raises deliberately is an `MCPStoreError`."
    yield "A message names the thing, the problem, the value that was given, and the remedy."
    yield ""
    yield "```text"
    yield inspect.cleandoc(tree)
    yield "```"
    yield ""
    yield rest
    yield ""
    for name in errors.__all__:
        error = getattr(errors, name)
        yield f"## `{name}`"
        yield ""
        yield text_of(error)
        yield ""
        if attributes := entries(error, "Attributes"):
            yield "| attribute | |"
            yield "|---|---|"
            for attribute, text in attributes.items():
                yield f"| `{attribute}` | {text} |"
            yield ""
