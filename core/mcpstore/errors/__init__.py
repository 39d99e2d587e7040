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
    │   ├── ServiceUnavailable        the service cannot be called now; says why and until when
    │   └── ToolNotApproved              the tool is not what it was, and nobody has approved it
    ├── ManagerError                  the manager process, seen from the command line
    │   └── ManagerNotRunning
    ├── TransitionRefused             a change of state that nothing leads to; names those that can be asked for
    └── StoreClosed

`ConfigError`, `InvalidArgument`, `NotFound` and `PluginError` are yours to mend. `ConnectError` and `CallError` come
from a service.
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
