"""What a connection has on this machine, written down so that nothing of it outlives its manager for long.

A manager may be killed at any instant. What its services had running is then found and ended by the next manager of the
same configuration, before that starts anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

__all__ = ["Orphans", "OwnershipRecord"]


@attrs.frozen(kw_only=True)
class OwnershipRecord:
    """What a connection has on this machine. A hint where to look, never a reason to end something.

    Attributes:
        owner_tag: Identity of the connection.
        service: Name of the service.
        pid: Process id of what was started, once it was.
        started: When that began, in clock ticks since boot; tells it from later processes of the same number.
        notes: What else its transport needs to find it again. No secrets: it is written to a file.
    """

    owner_tag: str
    service: str = ""
    pid: int | None = None
    started: int | None = None
    notes: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen(kw_only=True)
class Orphans:
    """What may be left of managers of this configuration that were killed.

    Attributes:
        is_orphaned: Whether an owner tag was given by one of them. Only processes with such a tag may be ended.
        records: Ownership records of these managers.
        term: Seconds a process has to leave after SIGTERM.
        kill: Seconds a process may take to vanish after SIGKILL.
    """

    is_orphaned: Callable[[str], bool]
    records: tuple[OwnershipRecord, ...] = ()
    term: float = 1.0
    kill: float = 5.0
