"""Settings of the stdio transport."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.redaction import MASK, masked

__all__ = ["Containment", "InheritEnv", "StdioSettings"]

InheritEnv = Literal["minimal", "default", "all"]
"""Set of variables that a service inherits from the manager; see `mcpstore_plugins.stdio.environment`."""

Containment = Literal["auto", "cgroup", "marker"]
"""How the processes of a service are found: by a control group, or by a marker in their environment."""


class StdioSettings(BaseModel):
    """Settings of a service that runs as a process on this machine.

    Attributes:
        command: Program to start: a name that is looked up on the service's PATH, or a path. No shell is involved.
        args: Arguments of the program, passed literally. Whole numbers become text.
        env: Environment variables of the service. Numbers and booleans become text; null removes a variable.
        cwd: Working directory; `~` is expanded. The default is the manager's working directory.
        inherit_env: Set of variables inherited from the manager: `minimal`, `default` or `all`.
        containment: How the processes of the service are found: `cgroup`, `marker`, or `auto` for the first that is
            possible.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    command: str
    args: list[str] = Field(default_factory=list[str])
    env: dict[str, str | None] = Field(default_factory=dict[str, str | None])
    cwd: str | None = None
    inherit_env: InheritEnv = "default"
    containment: Containment = "auto"

    @field_validator("command", mode="before")
    @classmethod
    def _command(cls, value: Any) -> str:
        text = _text(value)
        if not text.strip():
            raise _wrong("must not be empty; name the program to start")
        return text

    @field_validator("args", mode="before")
    @classmethod
    def _args(cls, value: Any) -> list[str]:
        items = as_array(value)
        if items is None:
            remedy = "; write one string per argument" if isinstance(value, str) else ""
            raise _wrong(f"must be a list of strings (got {_shown(value)}){remedy}")
        return [_text(str(item) if _is_whole(item) else item, f"item {n} ") for n, item in enumerate(items, 1)]

    @field_validator("env", mode="before")
    @classmethod
    def _env(cls, value: Any) -> dict[str, str | None]:
        fields = as_object(value)
        if fields is None:
            raise _wrong(f"must be a mapping of names to values (got {_kind(value)})")
        problems = [problem for name, item in fields.items() if (problem := _env_problem(name, item))]
        if problems:
            raise _wrong("; ".join(problems))
        return {name: _env_text(item) for name, item in fields.items()}

    @field_validator("cwd", mode="before")
    @classmethod
    def _place(cls, value: Any) -> str | None:
        if value is None:
            return None
        text = _text(value)
        if not text:
            raise _wrong("must not be empty; leave it out instead")
        return os.path.expanduser(text)  # noqa: PTH111 - leaves the ~ of an unknown user unchanged

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show all fields, with the values of variables and the credentials in URLs masked."""
        for name, value in super().__repr_args__():
            yield name, dict.fromkeys(self.env, MASK) if name == "env" else masked(value)


def _wrong(why: str) -> PydanticCustomError:
    return PydanticCustomError("stdio", "{why}", {"why": why})


def _text(value: Any, what: str = "") -> str:
    if not isinstance(value, str):
        raise _wrong(f"{what}must be a string (got {_shown(value)})")
    if (problem := _unpassable(value)) is not None:
        raise _wrong(f"{what}{problem}")
    return value


def _unpassable(text: str) -> str | None:
    """Return why a text cannot be passed to the operating system; None if it can."""
    if "\0" in text:
        return "must not contain a NUL character"
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return "must not contain half a character (a lone surrogate)"
    return None


def _env_problem(name: Any, value: Any) -> str | None:
    # Values are never shown, not even wrong ones: they may be secrets.
    if not isinstance(name, str) or not name or "=" in name or _unpassable(name):
        return f"{name!r} is not a valid name of a variable"
    if isinstance(value, str):
        problem = _unpassable(value)
        return f"{name} {problem}" if problem else None
    if value is None or isinstance(value, int | float):
        return None
    return f"{name} must be a string (got {_kind(value)})"


def _env_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    """Return the name of a value's type in JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if as_array(value) is not None else "a mapping"


def _shown(value: Any, most: int = 60) -> str:
    """Return a string or number as text, shortened and with credentials masked; the type of any other value."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return _kind(value)
    text = repr(masked(value))
    return text if len(text) <= most else f"{text[:most]}…"
