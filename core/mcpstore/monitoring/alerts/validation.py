"""Validation of alert rules: conditions and messages are evaluated with sample values before they are used."""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from string import Formatter
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from mcpstore.errors import ConfigError
from mcpstore.models.host import HostMetrics
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.monitoring.alerts.expression import suggestion
from mcpstore.monitoring.alerts.fields import MORE_OF_A_SERVICE, MORE_OF_THE_MANAGER
from mcpstore.monitoring.alerts.templates import fits

__all__ = ["WORDS", "check_message", "check_truth", "samples_of"]

WORDS: Final = frozenset({"service_name", "rule_name", "level", "duration", "last_message"})
"""Fields of messages besides those of conditions."""

_NUMBERS: Final = ((0, 0.0), (3, 2.5), (10**9, 1e9))
_KINDS: Final[Mapping[type, str]] = {bool: "true or false", int: "a number", float: "a number", str: "a text"}


def samples_of(*, of_manager: bool) -> tuple[dict[str, Any], ...]:
    """Return sample values for each field: small, usual and large ones.

    Args:
        of_manager: Whether for the fields of the manager; else for those of a service.
    """
    record, more = (HostMetrics, MORE_OF_THE_MANAGER) if of_manager else (ServiceMetrics, MORE_OF_A_SERVICE)
    hints = {**_hints(record), **{name: kind for name, (kind, _) in more.items()}}
    return tuple(
        {name: _sample(hint, whole, real) for name, hint in hints.items() if not name.startswith("_")}
        for whole, real in _NUMBERS
    )


def check_truth(rule: str, source: str, known: Collection[str], samples: Collection[Mapping[str, Any]]) -> None:
    """Check that a CEL expression is true or false for every sample.

    Args:
        rule: Name of its rule, for messages.
        source: The expression; it was compiled before.
        known: Names of the fields.
        samples: Sample values.

    Raises:
        ConfigError: It has another result, or cannot be computed; the message says where.
    """
    for column, part in _truths(source, 1):
        _check_part(f"rule {rule!r}: when: column {column}: {part!r}", part, known, samples)


def check_message(rule: str, field: str, template: str, samples: Collection[Mapping[str, Any]]) -> None:
    """Check that a message template can be filled.

    Args:
        rule: Name of its rule, for messages.
        field: Name of the message in the rule.
        template: The template.
        samples: Sample values.

    Raises:
        ConfigError: It has an unknown field, a format that does not fit, or unbalanced braces.
    """
    fields = dict.fromkeys(WORDS, "text") | dict(list(samples)[1])
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"rule {rule!r}: {field}: {error}; write {{{{ and }}}} for braces") from None
    for _, name, form, _ in pieces:
        if name is None:
            continue
        where = f"rule {rule!r}: {field}: column {template.find('{' + name) + 1}: "
        if name not in fields:
            raise ConfigError(f"{where}there is no field {name!r}; {suggestion(name, fields)}")
        if form and not fits(fields[name], form):
            raise ConfigError(f"{where}the format {form!r} does not fit {name!r}, which is {_kind(fields[name])}")


# --- sample values -------------------------------------------------------------------------------------------


def _hints(record: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(record)
    return {field.name: hints[field.name] for field in attrs.fields(record)}


def _sample(hint: Any, whole: int, real: float) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(each for each in get_args(hint) if each is not type(None))
    if hint is list or get_origin(hint) is tuple:
        item = next(iter(get_args(hint)), str)
        return [_sample(item, whole, real)] if whole else []
    if attrs.has(hint):
        return {name: _sample(each, whole, real) for name, each in _hints(hint).items()}
    if issubclass(hint, Enum):
        return next(iter(hint)).value
    return {bool: bool(whole), int: whole, float: real, str: "text" if whole else ""}[hint]


# --- expressions ---------------------------------------------------------------------------------------------


def _check_part(where: str, part: str, known: Collection[str], samples: Collection[Mapping[str, Any]]) -> None:
    import cel  # noqa: PLC0415 - loaded only for expressions

    try:
        program: Any = cel.compile(part)
    except ValueError:  # the whole was compiled, so this part was cut at a wrong place
        return
    for sample in samples:
        try:
            answer = program.execute({name: sample[name] for name in program.variables() if name in sample})
        except TypeError as error:
            raise ConfigError(f"{where} can never be computed: {_type_problem(error, program, sample)}") from None
        except KeyError as error:
            _check_key(where, part, str(error.args[0]), sample)
        except Exception as error:  # noqa: BLE001 - it may depend on the values: a division by zero, an index
            match = re.match(r"Undefined variable or function: '(\w+)'", str(error))
            if match is not None and match[1] not in known:
                raise ConfigError(f"{where} can never be computed: {match[1]}() does not accept these types") from None
        else:
            if not isinstance(answer, bool):
                raise ConfigError(
                    f"{where} is {_kind(answer)}, and a condition is true or false; compare it with something, "
                    f"as in '{part} {_comparison(answer)}'"
                )


def _type_problem(error: TypeError, program: Any, sample: Mapping[str, Any]) -> str:
    first = str(error).partition(". ")[0]
    problem = first.partition(":")[2].strip() or first
    if "float" in problem and "int" in problem:
        return f"{problem}; CEL does not mix integers and floats: write 1.0, or double(x)"
    kinds = ", ".join(f"{name} is {_kind(sample[name])}" for name in sorted(program.variables()) if name in sample)
    return f"{problem} ({kinds})" if kinds else problem


def _check_key(where: str, part: str, key: str, sample: Mapping[str, Any]) -> None:
    """Reject a field that items of a list do not have; any other missing key may depend on the values."""
    lists = [as_array(value) or () for value in sample.values()]
    items = {name for some in lists for item in some for name in as_object(item) or {}}
    if key not in items and re.search(rf"\.\s*{re.escape(key)}\b", part):
        raise ConfigError(f"{where}: there is no field {key!r} there; {suggestion(key, items)}")


def _truths(source: str, column: int) -> Iterator[tuple[int, str]]:
    """Yield every part of an expression that must be true or false by itself, with its column."""
    text = source.strip()
    column += len(source) - len(source.lstrip())
    for separators in (("?", ":"), ("||",), ("&&",)):
        cuts = _cuts(text, separators)
        if cuts:
            begin = 0
            for at, separator in (*cuts, (len(text), "")):
                yield from _truths(text[begin:at], column + begin)
                begin = at + len(separator)
            return
    if text.startswith("!") and not text.startswith("!="):
        yield from _truths(text[1:], column + 1)
    elif text.startswith("(") and _closing(text) == len(text) - 1:
        yield from _truths(text[1:-1], column + 1)
    elif text:
        yield column, text


def _cuts(text: str, separators: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return the positions of separators outside of brackets and strings."""
    return [
        (at, separator)
        for at, depth in _open(text)
        if depth == 0
        for separator in separators
        if text.startswith(separator, at)
    ]


def _closing(text: str) -> int:
    """Return the position at which the first bracket of a text is closed."""
    return next((at for at, depth in _open(text) if depth == 0 and at > 0), len(text))


def _open(text: str) -> Iterator[tuple[int, int]]:
    """Yield each position outside of strings, with the number of open brackets before or at it."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        letter = text[at]
        if quote:
            if letter == "\\":
                at += 1
            elif text.startswith(quote, at):
                at += len(quote) - 1
                quote = ""
        elif letter in "\"'":
            quote = letter * 3 if text.startswith(letter * 3, at) else letter
            at += len(quote) - 1
        else:
            depth -= letter in ")]}"
            yield at, depth
            depth += letter in "([{"
        at += 1


# --- messages ------------------------------------------------------------------------------------------------


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if as_array(value) is not None:
        return "a list"
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "a text")


def _comparison(value: Any) -> str:
    return "!= ''" if isinstance(value, str) else "> 0" if isinstance(value, int | float) else "!= null"
