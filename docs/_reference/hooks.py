"""The reference of hooks: signatures, records, enumerations, fields, interfaces."""

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
    for line in source.splitlines():
        if match := re.match(r"# --- (\w+) -", line):
            yield f"## {match[1].capitalize()}"
            yield ""
        elif match := re.match(r"def (mcpstore_\w+)(\(.*\)) -> (.*):", line):
            name, arguments, returned = match.groups()
            text = text_of(getattr(specs, name))
            yield f"### `{name}{arguments}`"
            yield ""
            yield text if returned == "None" else f"{text} Returns `{returned}`."
            yield ""
    yield from _part(
        "Records",
        "What hooks return and receive. Other records are in the [Python API](../reference/python.md).",
        lambda thing: inspect.isclass(thing) and attrs.has(thing),
        records.record,
    )
    yield from _part(
        "Enumerations",
        'Each member is also a string: `AlertLevel.ERROR == "error"`.',
        lambda thing: inspect.isclass(thing) and issubclass(thing, Enum),
        records.enum,
    )
    yield from _fields()
    yield from _part(
        "Interfaces",
        "Methods and properties of the objects that a plugin returns or receives.",
        lambda thing: inspect.isclass(thing) and getattr(thing, "_is_protocol", False),
        records.interface,
    )


def _fields() -> Iterator[str]:
    yield "## Fields of alert rules"
    yield ""
    yield "Names that the conditions and messages of alert rules can use. A value that was not measured is None; in CEL"
    yield "it is `null`."
    yield ""
    for title, record, more in (
        ("Service", ServiceMetrics, fields.MORE_OF_A_SERVICE),
        ("Manager", HostMetrics, fields.MORE_OF_THE_MANAGER),
    ):
        yield f"### {title}"
        yield ""
        yield "| field | type | |"
        yield "|---|---|---|"
        texts = entries(record, "Attributes")
        for field in attrs.fields(record):
            yield f"| `{field.name}` | {records.typed(field.type)} | {texts[field.name]} |"
        for name, (kind, text) in more.items():
            yield f"| `{name}` | {records.typed(kind)} | {text} |"
        yield ""
    yield "A message can also use `rule_name`, `level` and `duration` (how long the alert has lasted, in words). The"
    yield "message at the end of an alert can use `said`: the last message that was sent."
    yield ""


def _part(
    title: str, text: str, belongs: Callable[[Any], bool], shown: Callable[[Any], Iterator[str]]
) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield text
    yield ""
    for name in hooks.__all__:
        thing = getattr(hooks, name)
        if belongs(thing):
            yield f"### `{name}`"
            yield ""
            yield first_sentence(thing)
            yield ""
            yield from shown(thing)
