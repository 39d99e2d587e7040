"""Errors of configurations and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcpstore.errors.base import MCPStoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ConfigConflict",
    "ConfigError",
    "ConfigSyntaxError",
    "DependencyCycle",
    "InvalidArgument",
    "InvalidService",
    "UnsetVariable",
]


class ConfigError(MCPStoreError):
    """The configuration is invalid; nothing was changed."""


class ConfigSyntaxError(ConfigError):
    """The configuration file cannot be parsed.

    Attributes:
        where: Path of the file.
        line: Line of the error, counted from 1.
        column: Column of the error, in characters, counted from 1.
    """

    def __init__(self, where: str, what: str, *, line: int, column: int, remedy: str = "") -> None:
        self.where: Final = where
        self.line: Final = line
        self.column: Final = column
        self.remedy: str = remedy
        super().__init__(f"{where}:{line}:{column}: {what}" + (f"; {remedy}" if remedy else ""))


class InvalidService(ConfigError):
    """One or more service entries are invalid; none of them was stored.

    Attributes:
        problems: Messages about the invalid fields, by name of the service.
    """

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems: Final = {name: tuple(messages) for name, messages in problems.items()}
        self.service: str | None = next(iter(self.problems)) if len(self.problems) == 1 else None
        lines = (f"service {name!r}: {'; '.join(messages)}" for name, messages in self.problems.items())
        super().__init__("\n".join(lines))


class UnsetVariable(ConfigError):
    """The configuration refers to a variable that has no value and no default.

    Attributes:
        variable: Name of the variable as written, without the braces.
        field: Field of the entry that refers to it.
    """

    def __init__(self, variable: str, field: str, *, remedy: str = "") -> None:
        self.variable: Final = variable
        self.field: Final = field
        self.remedy: str = remedy or f"set {variable} in the environment, or give it a default: ${{{variable}:-value}}"
        super().__init__(f"{field}: variable {variable!r} has no value; {self.remedy}")


class DependencyCycle(ConfigError):
    """Services depend on each other.

    Attributes:
        cycle: Names of the services; each depends on the next one, the last on the first.
    """

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle: Final = tuple(cycle)
        self.remedy: str = "remove one of the dependencies"
        path = " -> ".join([*self.cycle, self.cycle[0]])
        super().__init__(f"services depend on each other: {path}; {self.remedy}")


class ConfigConflict(ConfigError):
    """Another program changed the entry between reading and writing; nothing was written.

    Attributes:
        entry: Name of the service whose entry was changed.
    """

    def __init__(self, where: str, entry: str) -> None:
        self.entry: Final = entry
        self.service: str | None = entry
        self.remedy: str = "read it again and repeat the edit"
        super().__init__(f"{where}: the entry of {entry!r} was changed by another program meanwhile; {self.remedy}")


class InvalidArgument(MCPStoreError, TypeError, ValueError):
    """An argument is invalid; nothing was done. The error is also a `TypeError` and a `ValueError`.

    Attributes:
        argument: Name of the argument.
    """

    def __init__(self, argument: str, what: str) -> None:
        self.argument: Final = argument
        super().__init__(f"{argument} {what}")
