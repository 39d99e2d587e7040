"""Tables of records, enumerations and interfaces: names, types, defaults, and what each is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

import attrs
from _reference.docstrings import entries, first_sentence, text_of
from _reference.signatures import literal, short, signature

__all__ = ["enum", "interface", "record", "typed"]

ALIASES: Final = {"C": "BaseModel", "Condition": "Callable[[Mapping[str, Any]], object]"}
"""Names of types that only their own module knows, and what the page prints instead."""


def record(cls: Any, shown: Iterator[str] | None = None) -> Iterator[str]:
    """Yield the table of a record: its fields and its properties.

    Args:
        cls: The record.
        shown: Only these, in this order; by default all that are public.
    """
    texts = {name: text for owner in reversed(cls.__mro__) for name, text in entries(owner, "Attributes").items()}
    rows: dict[str, tuple[str, str, str]] = {}
    for field in attrs.fields(cls):
        rows[field.name] = (typed(field.type), _default(field.default), texts.get(field.name, ""))
    for owner in reversed(cls.__mro__[:-1]):
        for name, member in vars(owner).items():
            if isinstance(member, property) and name not in rows and owner.__module__.startswith("mcpstore"):
                returned = inspect.signature(member.fget).return_annotation if member.fget else ""
                rows[name] = (typed(returned), "computed", texts.get(name) or first_sentence(member))
    yield "| field | type | default | |"
    yield "|---|---|---|---|"
    for name in rows if shown is None else shown:
        if not name.startswith("_"):
            kind, default, text = rows[name]
            yield f"| `{name}` | {kind} | {default} | {text} |"
    yield ""


def enum(cls: type[Enum]) -> Iterator[str]:
    """Yield the table of an enumeration."""
    source = inspect.getsource(cls)
    texts = {
        name: match[1]
        for name in cls.__members__
        if (match := re.search(rf"^    {name} = .*\n    \"\"\"(.*)\"\"\"", source, re.MULTILINE))
    }
    yield "| name | value | |" if texts else "| name | value |"
    yield "|---|---|---|" if texts else "|---|---|"
    for name, member in cls.__members__.items():
        yield f"| `{name}` | `{member.value}` |" + (f" {texts.get(name, '')} |" if texts else "")
    yield ""


def interface(cls: type) -> Iterator[str]:
    """Yield the methods and properties that an object of an interface must have."""
    for name, member in vars(cls).items():
        if name.startswith("_") and name not in ("__call__", "__aiter__"):
            continue
        if isinstance(member, property) and member.fget is not None:
            returned = typed(inspect.signature(member.fget).return_annotation)
            yield f"* `{name}`: {returned}. {first_sentence(member)}"
        elif inspect.isfunction(member):
            word = "async " if inspect.iscoroutinefunction(member) else ""
            yield f"* `{word}{signature(name, member, width=1000)}`. {' '.join(text_of(member).split())}"
    yield ""


def typed(annotation: Any) -> str:
    """Return a type as a table shows it."""
    name = getattr(annotation, "__name__", None) if not hasattr(annotation, "__args__") else None
    text = short(name or annotation)
    text = re.sub(rf"\b(?:{'|'.join(ALIASES)})\b", lambda match: ALIASES[match[0]], text)
    return f"`{text}`".replace("|", "\\|")


def _default(default: Any) -> str:
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # it is a class at run time
        value = default.factory()
        return f"`{type(value).__name__}()`" if value or attrs.has(type(value)) else f"`{value!r}`"
    if inspect.isroutine(default):
        return f"`{default(None)}`" if default.__name__ == "<lambda>" else "does nothing"
    if isinstance(default, Enum) and type(default).__name__ == "Special":
        return f"`{default.name}`"
    return f"`{literal(default)}`"
