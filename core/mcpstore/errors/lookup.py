"""Errors of unknown names, and of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcpstore.errors.base import MCPStoreError, known_names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AmbiguousTool",
    "NotFound",
    "PluginConflict",
    "PluginError",
    "ServiceNotFound",
    "ToolNotFound",
    "UnknownPlugin",
]


class NotFound(MCPStoreError, LookupError):
    """The name is unknown."""


class ServiceNotFound(NotFound):
    """No service has this name, or its entry is invalid.

    Attributes:
        name: Requested name.
    """

    def __init__(self, name: str, known: Sequence[str] = (), *, refused: Sequence[str] = ()) -> None:
        self.name: Final = name
        self.service: str | None = name
        if refused:
            self.remedy: str = "correct the entry; it is read again when the file is saved"
            super().__init__(f"entry of service {name!r} is invalid: {'; '.join(refused)}; {self.remedy}")
        else:
            self.remedy = known_names("services", known, name)
            super().__init__(f"no service is called {name!r}; {self.remedy}")


class ToolNotFound(NotFound):
    """No service of the store or context offers a tool (or prompt, or resource) of this name.

    Attributes:
        name: Requested name.
    """

    def __init__(self, name: str, *, kind: str = "tool", remedy: str = "") -> None:
        self.name: Final = name
        self.remedy: str = remedy
        super().__init__(f"no service offers a {kind} called {name!r}" + (f"; {remedy}" if remedy else ""))


class AmbiguousTool(NotFound):
    """Several services offer a tool (or prompt) of this name.

    Attributes:
        name: Requested name.
        candidates: Full names, such as `"files/search"`.
    """

    def __init__(self, name: str, candidates: Sequence[str], *, kind: str = "tool") -> None:
        self.name: Final = name
        self.candidates: Final = tuple(candidates)
        self.remedy: str = f"use the full name: {', '.join(self.candidates)}"
        super().__init__(f"{kind} {name!r} is offered by several services; {self.remedy}")


class PluginError(MCPStoreError):
    """The plugin cannot be used.

    Attributes:
        plugin: Name of the plugin.
    """

    def __init__(self, plugin: str, what: str) -> None:
        self.plugin: Final = plugin
        super().__init__(f"plugin {plugin!r} {what}")


class PluginConflict(PluginError):
    """Several plugins offer the same name; none of them is used for it."""


class UnknownPlugin(PluginError):
    """No plugin offers a transport, health strategy, backend or other object of this name.

    Attributes:
        kind: Kind of the object, such as "transport".
    """

    def __init__(self, kind: str, name: str, known: Sequence[str], hint: str = "") -> None:
        self.kind: Final = kind
        names = known_names("names", known, name, most=100)
        super().__init__(name, f"is unknown: no {kind} has this name; {names}{hint}")
