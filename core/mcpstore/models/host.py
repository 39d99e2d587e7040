"""What was measured of the machine a manager runs on."""

from __future__ import annotations

import attrs

from mcpstore.models.record import Record

__all__ = ["HostMetrics"]


@attrs.frozen(kw_only=True)
class HostMetrics(Record):
    """How busy and how full this machine is, and what the manager itself uses of it.

    Attributes:
        timestamp: When this was measured, as a POSIX timestamp in seconds.
        cpu_percent: Processor time in use since it was measured last, in per cent of all processors.
        memory_percent: Memory in use, in per cent.
        memory_total: Memory there is, in bytes.
        memory_used: Memory in use, in bytes.
        memory_available: Memory that can still be had without swapping, in bytes.
        disk_path: Where the disk was looked at: the state directory.
        disk_percent: Space in use, in per cent.
        disk_total: Size of the disk, in bytes.
        disk_used: Space in use, in bytes.
        disk_free: Space left, in bytes.
        bytes_sent: Bytes sent over every network interface since the machine started.
        bytes_received: Bytes received since the machine started.
        packets_sent: Packets sent since the machine started.
        packets_received: Packets received since the machine started.
        manager_memory_bytes: Memory the manager itself occupies, in bytes.
    """

    timestamp: float
    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    memory_total: int = 0
    memory_used: int = 0
    memory_available: int = 0
    disk_path: str = "/"
    disk_percent: float = 0.0
    disk_total: int = 0
    disk_used: int = 0
    disk_free: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    packets_sent: int = 0
    packets_received: int = 0
    manager_memory_bytes: int = 0
