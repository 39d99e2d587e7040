"""The reference of hooks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import attrs
from _reference import records
from _reference.docstrings import entries, first_sentence, text_of

from mcpstore import hooks
from mcpstore.hooks import specs
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.monitoring.alerts import fields


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
    yield from _part(
        "Records",
        "What hooks return and are given. What is not here is in the [Python reference](../reference/python.md).",
        lambda thing: inspect.isclass(thing) and attrs.has(thing),
        records.record,
    )
    yield from _part(
        "Words",
        'Members are texts, too: `AlertLevel.ERROR == "error"`.',
        lambda thing: inspect.isclass(thing) and issubclass(thing, Enum),
        records.enum,
    )
    yield from _figures()
    yield from _part(
        "Interfaces",
        "What an object must have that a plugin hands over or is given.",
        lambda thing: inspect.isclass(thing) and getattr(thing, "_is_protocol", False),
        records.interface,
    )


def _figures() -> Iterator[str]:
    yield "## Figures"
    yield ""
    yield "What the conditions and messages of rules look at. What was not measured is None, and in CEL `null`."
    yield ""
    for title, record, more in (
        ("Of a service", ServiceMetrics, fields.MORE_OF_A_SERVICE),
        ("Of the manager", HostMetrics, fields.MORE_OF_THE_MANAGER),
    ):
        yield f"### {title}"
        yield ""
        yield "| field | type | |"
        yield "|---|---|---|"
        told = entries(record, "Attributes")
        for field in attrs.fields(record):
            yield f"| `{field.name}` | {records.typed(field.type)} | {told[field.name]} |"
        for name, (kind, what) in more.items():
            yield f"| `{name}` | {records.typed(kind)} | {what} |"
        yield ""
    yield "A message knows `rule_name`, `level` and `duration` (how long it has gone on, in words), too; what is"
    yield "said at the end knows `said`: what was said last."
    yield ""


def _part(
    title: str, told: str, belongs: Callable[[Any], bool], shown: Callable[[Any], Iterator[str]]
) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield told
    yield ""
    for name in hooks.__all__:
        thing = getattr(hooks, name)
        if belongs(thing):
            yield f"### `{name}`"
            yield ""
            yield first_sentence(thing)
            yield ""
            yield from shown(thing)
