"""Every error MCPStore raises on purpose.

::

    MCPStoreError
    ├── ConfigError                   your configuration; nothing was changed
    │   ├── ConfigSyntaxError         a file that cannot be read; knows line and column
    │   ├── InvalidService            entries that say something impossible; lists every bad field
    │   ├── UnsetVariable             ${NAME} without a value and without a default
    │   ├── DependencyCycle           services that wait for each other; names the cycle
    │   └── ConfigConflict            somebody else changed the same entry meanwhile
    ├── InvalidArgument               a verb was given something it cannot use; names the argument
    ├── NotFound
    │   ├── ServiceNotFound
    │   ├── ToolNotFound
    │   └── AmbiguousTool             several services offer the name; lists them
    ├── PluginError                   a plugin, or the choice of one
    │   ├── PluginConflict            two plugins offer the same name
    │   └── UnknownPlugin             nobody offers the name; lists who is there
    ├── ConnectError                  a service could not be opened
    │   ├── NotReady                  try again later
    │   ├── ConnectTimeout            it did not answer in time
    │   └── ConnectRefused            trying again changes nothing
    │       ├── CommandNotFound
    │       ├── AuthRequired
    │       └── UnsupportedProtocol
    ├── CloseFailed                   something survived the close of a service
    ├── CallError                     a request to a service did not end well
    │   ├── ServiceError              the service answered with an error; carries its code
    │   ├── ServiceBusy               the service answers, but asks to be left alone for a while
    │   ├── CheckFailed               a health check found something wrong
    │   ├── ToolError                 the tool ran and reported failure
    │   ├── CallTimeout               no result and no progress in time
    │   ├── ConnectionLost            the peer went away; the outcome is unknown
    │   └── ServiceUnavailable        the service cannot be called now; says why and until when
    ├── ManagerError                  the manager process, seen from the command line
    │   └── ManagerNotRunning
    ├── TransitionRefused             a change of state that nothing leads to; names those that can be asked for
    └── StoreClosed

`ConfigError`, `InvalidArgument`, `NotFound` and `PluginError` are yours to mend. `ConnectError` and `CallError` come
from a service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

__all__ = [
    "AmbiguousTool",
    "AuthRequired",
    "CallError",
    "CallTimeout",
    "CheckFailed",
    "CloseFailed",
    "CommandNotFound",
    "ConfigConflict",
    "ConfigError",
    "ConfigSyntaxError",
    "ConnectError",
    "ConnectRefused",
    "ConnectTimeout",
    "ConnectionLost",
    "DependencyCycle",
    "InvalidArgument",
    "InvalidService",
    "MCPStoreError",
    "ManagerError",
    "ManagerNotRunning",
    "NotFound",
    "NotReady",
    "PluginConflict",
    "PluginError",
    "ServiceBusy",
    "ServiceError",
    "ServiceNotFound",
    "ServiceUnavailable",
    "StoreClosed",
    "ToolError",
    "ToolNotFound",
    "TransitionRefused",
    "UnknownPlugin",
    "UnsetVariable",
    "UnsupportedProtocol",
]


class MCPStoreError(Exception):
    """The root of the tree; catch it to catch whatever MCPStore raises on purpose.

    Attributes:
        remedy: What helps, where that is known; the message holds it, too.
        service: The service concerned; None if it is none, or more than one.
    """

    remedy: str = ""
    service: str | None = None


# --- your configuration ------------------------------------------------------------------------------------


class ConfigError(MCPStoreError):
    """A configuration says something that cannot be done; nothing was changed."""


class ConfigSyntaxError(ConfigError):
    """A configuration file that cannot be read.

    Attributes:
        where: The file.
        line: Line of the trouble, counted from 1.
        column: Column of the trouble in characters, counted from 1.
    """

    def __init__(self, where: str, what: str, *, line: int, column: int, remedy: str = "") -> None:
        self.where: Final = where
        self.line: Final = line
        self.column: Final = column
        self.remedy = remedy
        super().__init__(f"{where}:{line}:{column}: {what}" + (f"; {remedy}" if remedy else ""))


class InvalidService(ConfigError):
    """One or more service entries are unusable; none of them was stored.

    Attributes:
        problems: Per service name, what is wrong with each bad field.
    """

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems: Final = {name: tuple(found) for name, found in problems.items()}
        self.service = next(iter(self.problems)) if len(self.problems) == 1 else None
        told = (f"service {name!r}: {'; '.join(found)}" for name, found in self.problems.items())
        super().__init__("\n".join(told))


class UnsetVariable(ConfigError):
    """A configuration refers to a variable that has no value and no default.

    Attributes:
        variable: The name as it is written, without its braces.
        field: The field of the entry that refers to it.
    """

    def __init__(self, variable: str, field: str, *, remedy: str = "") -> None:
        self.variable: Final = variable
        self.field: Final = field
        self.remedy = remedy or f"set {variable} in the environment, or give it a default: ${{{variable}:-value}}"
        super().__init__(f"{field}: variable {variable!r} has no value; {self.remedy}")


class DependencyCycle(ConfigError):
    """Services that wait for each other.

    Attributes:
        cycle: The names in order; the first one depends on the second, the last on the first.
    """

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle: Final = tuple(cycle)
        self.remedy = "remove one of the dependencies"
        path = " -> ".join([*self.cycle, self.cycle[0]])
        super().__init__(f"services depend on each other: {path}; {self.remedy}")


class ConfigConflict(ConfigError):
    """An entry was changed by somebody else between reading and writing; nothing was written.

    Attributes:
        entry: Name of the service whose entry differs.
    """

    def __init__(self, where: str, entry: str) -> None:
        self.entry: Final = entry
        self.service = entry
        self.remedy = "read it again and repeat the edit"
        super().__init__(f"{where}: the entry of {entry!r} was changed by another program meanwhile; {self.remedy}")


# --- what a verb was given ---------------------------------------------------------------------------------


class InvalidArgument(MCPStoreError, TypeError, ValueError):
    """A verb was given something it cannot use; nothing was done. It is a `TypeError` and a `ValueError`, too.

    Attributes:
        argument: Name of the argument.
    """

    def __init__(self, argument: str, what: str) -> None:
        self.argument: Final = argument
        super().__init__(f"{argument} {what}")


# --- names nobody knows ------------------------------------------------------------------------------------


class NotFound(MCPStoreError, LookupError):
    """A name that stands for nothing here."""


class ServiceNotFound(NotFound):
    """No service of this name.

    Attributes:
        name: The name asked for.
    """

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        self.name: Final = name
        self.service = name
        self.remedy = _known("services", known, name)
        super().__init__(f"no service is called {name!r}; {self.remedy}")


class ToolNotFound(NotFound):
    """No service in reach offers a tool (or prompt, or resource) of this name.

    Attributes:
        name: The name asked for.
    """

    def __init__(self, name: str, *, kind: str = "tool", remedy: str = "") -> None:
        self.name: Final = name
        self.remedy = remedy
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
        self.remedy = f"say which: {', '.join(self.candidates)}"
        super().__init__(f"{kind} {name!r} is offered more than once; {self.remedy}")


# --- plugins -----------------------------------------------------------------------------------------------


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
        told = f"is not there: no {kind} of this name is offered; {_known('names', known, name, most=100)}"
        super().__init__(name, told + hint)


# --- opening a service -------------------------------------------------------------------------------------


class ConnectError(MCPStoreError):
    """A service could not be opened."""


class NotReady(ConnectError):
    """The service is not there yet; trying again may help.

    Attributes:
        retry_after: Seconds the service asked to be left alone, if it said so.
        exit_code: Exit code of its process, if it ended.
    """

    def __init__(self, what: str, *, retry_after: float | None = None, exit_code: int | None = None) -> None:
        self.retry_after: Final = retry_after
        self.exit_code: Final = exit_code
        super().__init__(what)


class ConnectTimeout(ConnectError):
    """The service did not finish the handshake in time."""


class ConnectRefused(ConnectError):
    """Trying again changes nothing until somebody changes something."""


class CommandNotFound(ConnectRefused):
    """The command of a stdio service does not exist or may not be executed."""


class AuthRequired(ConnectRefused):
    """The service wants credentials that it was not given (HTTP 401 or 403)."""


class UnsupportedProtocol(ConnectRefused):
    """The peer answers, but not in a protocol version this client speaks."""


class CloseFailed(MCPStoreError):
    """Something of a service survived its close.

    Attributes:
        survivors: Process ids that are still there.
        reap: Tries again; raises `CloseFailed` if it does not succeed either.
    """

    def __init__(self, what: str, survivors: Sequence[int], reap: Callable[[], Awaitable[None]]) -> None:
        self.survivors: Final = tuple(survivors)
        self.reap: Final = reap
        super().__init__(what)


# --- calling a service -------------------------------------------------------------------------------------


class CallError(MCPStoreError):
    """A request to a service did not end well."""


class ServiceError(CallError):
    """The service answered with a JSON-RPC error.

    Attributes:
        code: The JSON-RPC error code.
        message: The message of the service.
        data: Whatever the service attached, usually None.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code: Final = code
        self.message: Final = message
        self.data: Final = data
        super().__init__(f"{message} (code {code})")


class ServiceBusy(CallError):
    """The service answers, but asks to be left alone for a while (HTTP 429, or 503 with Retry-After).

    Attributes:
        retry_after: Seconds it asked for, if it said so.
    """

    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        self.retry_after: Final = retry_after
        super().__init__(what)


class CheckFailed(CallError):
    """A health check got an answer, and something is wrong with it."""


class ToolError(CallError):
    """The tool ran and reported failure.

    Attributes:
        result: The whole result, for those who want more than its text.
    """

    def __init__(self, tool: str, text: str, result: Any = None) -> None:
        self.tool: Final = tool
        self.result: Final = result
        super().__init__(f"tool {tool!r} failed: {text}")


class CallTimeout(CallError, TimeoutError):
    """No result and no progress in time; the service was told to stop."""


class ConnectionLost(CallError, ConnectionError):
    """The peer went away while a request was under way: whether it took effect is unknown."""


class ServiceUnavailable(CallError):
    """The service cannot be called at the moment.

    Attributes:
        state: Its connection state.
    """

    def __init__(self, service: str, state: str, why: str = "", *, remedy: str = "") -> None:
        self.service = service
        self.state: Final = state
        self.remedy = remedy
        super().__init__(
            f"service {service!r} is {state}" + (f": {why}" if why else "") + (f"; {remedy}" if remedy else "")
        )


# --- the manager -------------------------------------------------------------------------------------------


class ManagerError(MCPStoreError):
    """A running manager refused or failed what the command line asked of it."""


class ManagerNotRunning(ManagerError):
    """No manager is running for this configuration."""

    remedy: str = "start one: mcpstore up"


class TransitionRefused(MCPStoreError):
    """A change of state that nothing leads to; `allowed` has the states that can be asked for."""

    def __init__(self, service: str, state: str, wanted: str, allowed: Sequence[str]) -> None:
        self.allowed: Final = tuple(allowed)
        self.service = service
        told = f"from there one can ask for {', '.join(allowed) or 'nothing'}"
        super().__init__(f"service {service!r} is {state} and cannot be made {wanted}; {told}")


class StoreClosed(MCPStoreError):
    """The store has been closed; open a new one."""


def _known(what: str, names: Sequence[str], asked: str, most: int = 12) -> str:
    import difflib  # noqa: PLC0415 - only for those who err

    if not names:
        return f"there are no {what}"
    near = difflib.get_close_matches(asked, names, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    shown, more = ", ".join(sorted(names)[:most]), len(names) - most
    return f"{meant}known {what}: {shown}" + (f" and {more} more" if more > 0 else "")
