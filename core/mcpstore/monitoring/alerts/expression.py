"""Conditions written in configurations: expressions in CEL, which can compute and nothing else."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from mcpstore.errors import ConfigError
from mcpstore.models.record import plain

__all__ = ["Expression", "meant"]

LONGEST: Final = 1000
"""Characters of an expression."""

FUNCTIONS: Final = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string"}
)
"""What an expression may call."""

_PLACE: Final = re.compile(r"<input>:(\d+):(\d+): (.*)")
_BOUND: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
"""Names that stand for the items of a list: `tools.exists(t, t.error_rate > 0.5)`."""


class Expression:
    """A condition written in CEL.

    Args:
        rule: The rule it belongs to, for messages.
        source: What is written.

    Attributes:
        fields: The fields of what was measured that it looks at.

    Raises:
        ConfigError: It is no expression; says where it goes wrong.
    """

    def __init__(self, rule: str, source: str) -> None:
        self._rule = rule
        self._source = source
        self._program = _compiled(rule, source)
        unknown = [name for name in self._program.functions() if name.isidentifier() and name not in FUNCTIONS]
        if unknown:
            raise ConfigError(
                f"rule {rule!r}: when: column {source.find(unknown[0]) + 1}: there is no function {unknown[0]!r}; "
                f"there is {', '.join(sorted(FUNCTIONS))}"
            )
        bound = set(_BOUND.findall(source))
        self.fields: frozenset[str] = frozenset(self._program.variables()) - bound

    def __call__(self, metrics: Mapping[str, Any]) -> bool:
        """Return whether it holds; it does not while something it looks at was not measured.

        Raises:
            TypeError: It gives something else than true or false.
            RuntimeError: It cannot be computed.
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
        """Make sure that it looks only at fields there are.

        Raises:
            ConfigError: It looks at others.
        """
        for field in sorted(self.fields - set(known)):
            column = re.search(rf"\b{re.escape(field)}\b", self._source)
            where = f"column {column.start() + 1}: " if column else ""
            told = f"nothing called {field!r} is measured; {meant(field, known)}"
            raise ConfigError(f"rule {self._rule!r}: when: {where}{told}")


def meant(name: str, known: Collection[str]) -> str:
    """Return what may have been meant by the name of a field that nobody knows, or else what there is."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(known))}"


def _compiled(rule: str, source: str) -> Any:
    import cel  # noqa: PLC0415 - who writes no expression loads no compiler for them

    if len(source) > LONGEST:
        raise ConfigError(f"rule {rule!r}: when: must not be longer than {LONGEST} characters (got {len(source)})")
    try:
        return cel.compile(source)
    except ValueError as error:
        found = _PLACE.search(str(error))
        told = f"line {found[1]}, column {found[2]}: {_plainly(found[3])}" if found else "cannot be understood"
        raise ConfigError(f"rule {rule!r}: when: {told} (got {source[:200]!r}); see https://cel.dev") from None


def _plainly(message: str) -> str:
    """Leave out the list of everything that would have been fine."""
    message = message.removeprefix("Syntax error: ").split(" expecting ", 1)[0]
    return message.replace("'<EOF>'", "its end")
