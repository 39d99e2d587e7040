"""Errors of names that nobody knows, and of plugins."""

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
    """A name that stands for nothing here."""


class ServiceNotFound(NotFound):
    """No service of this name, or only an entry that cannot be used.

    Attributes:
        name: The name asked for.
    """

    def __init__(self, name: str, known: Sequence[str] = (), *, refused: Sequence[str] = ()) -> None:
        self.name: Final = name
        self.service: str | None = name
        if refused:
            self.remedy: str = "mend its entry; it is read again as soon as it is written"
            super().__init__(f"service {name!r} is left out: {'; '.join(refused)}; {self.remedy}")
        else:
            self.remedy = known_names("services", known, name)
            super().__init__(f"no service is called {name!r}; {self.remedy}")


class ToolNotFound(NotFound):
    """No service in reach offers a tool (or prompt, or resource) of this name.

    Attributes:
        name: The name asked for.
    """

    def __init__(self, name: str, *, kind: str = "tool", remedy: str = "") -> None:
        self.name: Final = name
        self.remedy: str = remedy
        super().__init__(f"no service offers a {kind} called {name!r}" + (f"; {remedy}" if remedy else ""))


class AmbiguousTool(NotFound):
    """Several services offer a tool of this name.

    Attributes:
        name: The name asked for.
        candidates: Names that are not ambiguous, such as `"files/search"`.
    """

    def __init__(self, name: str, candidates: Sequence[str], *, kind: str = "tool") -> None:
        self.name: Final = name
        self.candidates: Final = tuple(candidates)
        self.remedy: str = f"say which: {', '.join(self.candidates)}"
        super().__init__(f"{kind} {name!r} is offered more than once; {self.remedy}")


class PluginError(MCPStoreError):
    """A plugin cannot be used.

    Attributes:
        plugin: Name of the plugin.
    """

    def __init__(self, plugin: str, what: str) -> None:
        self.plugin: Final = plugin
        super().__init__(f"plugin {plugin!r} {what}")


class PluginConflict(PluginError):
    """Two plugins claim one name; neither gets it."""


class UnknownPlugin(PluginError):
    """A configuration names a transport, strategy, backend or policy that nobody offers."""

    def __init__(self, kind: str, name: str, known: Sequence[str], hint: str = "") -> None:
        self.kind: Final = kind
        told = f"is not there: no {kind} of this name is offered; {known_names('names', known, name, most=100)}"
        super().__init__(name, told + hint)
