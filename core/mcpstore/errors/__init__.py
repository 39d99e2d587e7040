"""All errors that MCPStore raises.

::

    MCPStoreError
    ├── ConfigError                   invalid configuration; nothing was changed
    │   ├── ConfigSyntaxError         file that cannot be parsed; has line and column
    │   ├── InvalidService            invalid service entries; lists every invalid field
    │   ├── UnsetVariable             ${NAME} without a value and without a default
    │   ├── DependencyCycle           services that depend on each other; lists the cycle
    │   └── ConfigConflict            another program changed the same entry
    ├── InvalidArgument               invalid argument of a method or command
    ├── NotFound
    │   ├── ServiceNotFound
    │   ├── ToolNotFound
    │   └── AmbiguousTool             several services offer the name; lists them
    ├── PluginError                   plugin that cannot be used
    │   ├── PluginConflict            several plugins offer the same name
    │   └── UnknownPlugin             no plugin offers the name; lists the known names
    ├── ConnectError                  failure to open a service
    │   ├── NotReady                  temporary failure; another attempt can succeed
    │   ├── ConnectTimeout            handshake that was not finished in time
    │   └── ConnectRefused            permanent failure; another attempt fails, too
    │       ├── CommandNotFound
    │       ├── AuthRequired
    │       └── UnsupportedProtocol
    ├── CloseFailed                   processes that are left after the close of a service
    ├── CallError                     failure of a request to a service
    │   ├── ServiceError              JSON-RPC error from the service; has its code
    │   ├── ServiceBusy               HTTP 429 or 503: the service asks for a pause
    │   ├── CheckFailed               failed health check
    │   ├── ToolError                 tool result that reports an error
    │   ├── CallTimeout               neither a result nor progress in time
    │   ├── ConnectionLost            connection that ended before the result; the outcome is unknown
    │   ├── ServiceUnavailable        service without a connection; says why and until when
    │   └── ToolNotApproved           changed or new tool of a pinned service, not approved yet
    ├── ManagerError                  failure of a request to the running manager
    │   └── ManagerNotRunning
    ├── TransitionRefused             state change that is not possible; lists the possible ones
    └── StoreClosed

For `ConfigError`, `InvalidArgument`, `NotFound` and `PluginError`, the configuration or the call must be corrected.
`ConnectError` and `CallError` report failures of a service.
"""

from __future__ import annotations

from mcpstore.errors.base import MCPStoreError
from mcpstore.errors.call import (
    CallError,
    CallTimeout,
    CheckFailed,
    ConnectionLost,
    ServiceBusy,
    ServiceError,
    ServiceUnavailable,
    ToolError,
    ToolNotApproved,
)
from mcpstore.errors.config import (
    ConfigConflict,
    ConfigError,
    ConfigSyntaxError,
    DependencyCycle,
    InvalidArgument,
    InvalidService,
    UnsetVariable,
)
from mcpstore.errors.connect import (
    AuthRequired,
    CloseFailed,
    CommandNotFound,
    ConnectError,
    ConnectRefused,
    ConnectTimeout,
    NotReady,
    UnsupportedProtocol,
)
from mcpstore.errors.lookup import (
    AmbiguousTool,
    NotFound,
    PluginConflict,
    PluginError,
    ServiceNotFound,
    ToolNotFound,
    UnknownPlugin,
)
from mcpstore.errors.manager import ManagerError, ManagerNotRunning, StoreClosed, TransitionRefused

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
    "ToolNotApproved",
    "ToolNotFound",
    "TransitionRefused",
    "UnknownPlugin",
    "UnsetVariable",
    "UnsupportedProtocol",
]
