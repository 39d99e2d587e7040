"""Conditions as CEL expressions. An expression can only compute: it has no access to files, modules or attributes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from mcpstore.errors import ConfigError
from mcpstore.models.record import plain

__all__ = ["Expression", "suggestion"]

MAX_LENGTH: Final = 1000
"""Maximum length of an expression, in characters."""

FUNCTIONS: Final = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string"}
)
"""Functions that an expression may call."""

_POSITION: Final = re.compile(r"<input>:(\d+):(\d+): (.*)")
_BOUND: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
"""Names bound to the items of a list, as in `tools.exists(t, t.error_rate > 0.5)`."""


class Expression:
    """A condition written in CEL.

    Args:
        rule: Name of its rule, for messages.
        source: The expression.

    Attributes:
        fields: Names of the fields that it uses.

    Raises:
        ConfigError: It is no valid expression; the message says where the error is.
    """

    def __init__(self, rule: str, source: str) -> None:
        self._rule = rule
        self._source = source
        self._program = _compiled(rule, source)
        unknown = [name for name in self._program.functions() if name.isidentifier() and name not in FUNCTIONS]
        if unknown:
            raise ConfigError(
                f"rule {rule!r}: when: column {source.find(unknown[0]) + 1}: there is no function {unknown[0]!r}; "
                f"known: {', '.join(sorted(FUNCTIONS))}"
            )
        bound = set(_BOUND.findall(source))
        self.fields: frozenset[str] = frozenset(self._program.variables()) - bound

    def __call__(self, metrics: Mapping[str, Any]) -> bool:
        """Return whether the condition holds; it does not while a field that it needs is not measured.

        Raises:
            TypeError: The result is neither true nor false.
            RuntimeError: The expression cannot be computed.
        """
        values = {field: plain(metrics.get(field)) for field in self.fields}
        try:
            answer = self._program.execute(values)
        except Exception:
            if None in values.values():
                return False
            raise
        if not isinstance(answer, bool):
            raise TypeError(f"rule {self._rule!r}: {self._source!r} gives {answer!r}; a condition is true or false")
        return answer

    def check(self, known: Collection[str]) -> None:
        """Check that every field exists.

        Raises:
            ConfigError: A field does not exist.
        """
        for field in sorted(self.fields - set(known)):
            column = re.search(rf"\b{re.escape(field)}\b", self._source)
            where = f"column {column.start() + 1}: " if column else ""
            problem = f"there is no field {field!r}; {suggestion(field, known)}"
            raise ConfigError(f"rule {self._rule!r}: when: {where}{problem}")


def suggestion(name: str, known: Collection[str]) -> str:
    """Return a remedy for an unknown name: the most similar known name, or all known names."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"


def _compiled(rule: str, source: str) -> Any:
    import cel  # noqa: PLC0415 - loaded only for expressions

    if len(source) > MAX_LENGTH:
        raise ConfigError(f"rule {rule!r}: when: must not be longer than {MAX_LENGTH} characters (got {len(source)})")
    try:
        return cel.compile(source)
    except ValueError as error:
        match = _POSITION.search(str(error))
        problem = f"line {match[1]}, column {match[2]}: {_shortened(match[3])}" if match else "is no valid expression"
        raise ConfigError(f"rule {rule!r}: when: {problem} (got {source[:200]!r}); see https://cel.dev") from None


def _shortened(message: str) -> str:
    """Return a message without the list of expected tokens."""
    message = message.removeprefix("Syntax error: ").split(" expecting ", 1)[0]
    return message.replace("'<EOF>'", "its end")
