"""Records of what a connection starts on this machine, for the case that the manager is killed.

The next manager of the same configuration reads these records, and ends the processes that are left, before it starts
any service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

__all__ = ["Orphans", "OwnershipRecord"]


@attrs.frozen(kw_only=True)
class OwnershipRecord:
    """Record of what a connection started on this machine. It says where to look; it is no reason to end a process.

    Attributes:
        owner_tag: Identity of the connection.
        service: Name of the service.
        pid: Process id; None before the start.
        started: Start time of the process, in clock ticks since boot; distinguishes it from later processes with the
            same id.
        notes: Further data that the transport needs to find what it started. It is written to a file, so it must hold
            no secrets.
    """

    owner_tag: str
    service: str = ""
    pid: int | None = None
    started: int | None = None
    notes: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen(kw_only=True)
class Orphans:
    """What managers of this configuration that were killed may have left behind.

    Attributes:
        is_orphaned: Called with an owner tag; returns whether a manager that has exited created it. Only processes that
            carry such a tag may be ended.
        records: Ownership records of these managers.
        term: Seconds a process has to exit after SIGTERM.
        kill: Seconds to wait for the end of a process after SIGKILL.
    """

    is_orphaned: Callable[[str], bool]
    records: tuple[OwnershipRecord, ...] = ()
    term: float = 1.0
    kill: float = 5.0
