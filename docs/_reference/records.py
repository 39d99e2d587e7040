"""Tables of records, enumerations and interfaces: what they hold, of which type, and what they hold by default."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

import attrs
from _reference.docstrings import entries, first_sentence, text_of

__all__ = ["enum", "interface", "record", "typed"]

ALIASES: Final = {"C": "BaseModel", "Condition": "Callable[[Mapping[str, Any]], object]"}
"""Names that say nothing outside of their module, by what is meant."""


def record(cls: Any, shown: Iterator[str] | None = None) -> Iterator[str]:
    """Yield the table of a record: its fields and its properties.

    Args:
        cls: The record.
        shown: Only these, in this order; by default all that are public.
    """
    told = {name: text for owner in reversed(cls.__mro__) for name, text in entries(owner, "Attributes").items()}
    found: dict[str, tuple[str, str, str]] = {}
    for field in attrs.fields(cls):
        found[field.name] = (typed(field.type), _default(field.default), told.get(field.name, ""))
    for owner in reversed(cls.__mro__[:-1]):
        for name, member in vars(owner).items():
            if isinstance(member, property) and name not in found and owner.__module__.startswith("mcpstore"):
                returned = inspect.signature(member.fget).return_annotation if member.fget else ""
                found[name] = (typed(returned), "computed", told.get(name) or first_sentence(member))
    yield "| field | type | default | |"
    yield "|---|---|---|---|"
    for name in found if shown is None else shown:
        if not name.startswith("_"):
            kind, default, text = found[name]
            yield f"| `{name}` | {kind} | {default} | {text} |"
    yield ""


def enum(cls: type[Enum]) -> Iterator[str]:
    """Yield the table of an enumeration."""
    source = inspect.getsource(cls)
    told = {
        name: found[1]
        for name in cls.__members__
        if (found := re.search(rf"^    {name} = .*\n    \"\"\"(.*)\"\"\"", source, re.MULTILINE))
    }
    yield "| name | value | |" if told else "| name | value |"
    yield "|---|---|---|" if told else "|---|---|"
    for name, member in cls.__members__.items():
        yield f"| `{name}` | `{member.value}` |" + (f" {told.get(name, '')} |" if told else "")
    yield ""


def interface(cls: type) -> Iterator[str]:
    """Yield what has to be there in an object of an interface: its methods and properties."""
    for name, member in vars(cls).items():
        if name.startswith("_") and name not in ("__call__", "__aiter__"):
            continue
        if isinstance(member, property) and member.fget is not None:
            returned = typed(inspect.signature(member.fget).return_annotation)
            yield f"* `{name}`: {returned}. {first_sentence(member)}"
        elif inspect.isfunction(member):
            word = "async " if inspect.iscoroutinefunction(member) else ""
            yield f"* `{word}{name}{_signature(member)}`. {' '.join(text_of(member).split())}"
    yield ""


def typed(annotation: Any) -> str:
    """Return a type as a table shows it."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    text = re.sub(r"\b(?:collections\.abc|typing|mcpstore\.[\w.]+)\.", "", text).strip("'\"")
    text = re.sub(rf"\b(?:{'|'.join(ALIASES)})\b", lambda found: ALIASES[found[0]], text)
    return f"`{text}`".replace("|", "\\|")


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    kept = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    return re.sub(r"(?:collections\.abc|typing)\.", "", str(signature.replace(parameters=kept)).replace("'", ""))


def _default(default: Any) -> str:
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # it is a class at run time
        made = default.factory()
        return f"`{type(made).__name__}()`" if made else "empty"
    if inspect.isroutine(default):
        return f"`{default(None)}`" if default.__name__ == "<lambda>" else "does nothing"
    if isinstance(default, Enum):
        owner = type(default).__name__
        return f"`{default.name}`" if owner == "Special" else f"`{owner}.{default.name}`"
    return "empty" if default in ("", ()) else f"`{default!r}`"
