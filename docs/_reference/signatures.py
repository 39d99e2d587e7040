"""Signatures as the reference prints them: short types, and defaults as they are written in code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from inspect import Parameter
from typing import Any, Final

import attrs

__all__ = ["literal", "short", "signature"]

WIDTH: Final = 100
"""Longest signature that is printed in one line, in characters."""
MODULES: Final = re.compile(r"\b(?:collections\.abc|typing|mcpstore(?:\.\w+)*)\.(?=\w)")
STARS: Final = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}


def signature(name: str, function: Callable[..., Any], width: int = WIDTH) -> str:
    """Return the signature of a function, or of a class as it is constructed.

    Args:
        name: What stands before the parenthesis.
        function: The function, method or class; `self` and `cls` are left out.
        width: Longest line; a longer signature has one parameter a line.
    """
    whole = inspect.signature(function)
    parts = list(_parts(list(whole.parameters.values())))
    returns = "" if inspect.isclass(function) else _returns(whole.return_annotation)
    line = f"{name}({', '.join(parts)}){returns}"
    if len(line) <= width or not parts:
        return line
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){returns}"])


def short(annotation: Any) -> str:
    """Return a type without the modules that its names come from."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return MODULES.sub("", text).strip("'\"")


def literal(value: object) -> str:
    """Return a default as code: a text in quotes, a member by its name, a record that has only defaults as a call."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if attrs.has(type(value)):
        name = type(value).__name__
        return f"{name}()" if value == type(value)() else f"{name}(…)"
    return repr(value)


def _parts(parameters: list[Parameter]) -> Iterator[str]:
    starred = False
    for index, parameter in enumerate(parameters):
        following = parameters[index + 1].kind if index + 1 < len(parameters) else None
        if parameter.kind is Parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred |= parameter.kind is Parameter.VAR_POSITIONAL
        if parameter.name not in ("self", "cls"):
            yield _parameter(parameter)
            if parameter.kind is Parameter.POSITIONAL_ONLY is not following:
                yield "/"


def _parameter(parameter: Parameter) -> str:
    text = STARS.get(parameter.kind, "") + parameter.name
    if parameter.annotation is not Parameter.empty:
        text += f": {short(parameter.annotation)}"
    if parameter.default is not Parameter.empty:
        text += f" = {literal(parameter.default)}" if ":" in text else f"={literal(parameter.default)}"
    return text


def _returns(annotation: Any) -> str:
    return "" if annotation is inspect.Signature.empty else f" -> {short(annotation)}"
