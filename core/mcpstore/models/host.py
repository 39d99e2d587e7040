"""Metrics of the host on which the manager runs."""

from __future__ import annotations

import attrs

from mcpstore.models.record import Record

__all__ = ["HostMetrics"]


@attrs.frozen(kw_only=True)
class HostMetrics(Record):
    """Use of processors, memory, disk and network of the host, and the memory of the manager.

    Attributes:
        timestamp: Time of the measurement, as a POSIX timestamp in seconds.
        cpu_percent: CPU time used since the previous measurement, in per cent of all processors.
        memory_percent: Memory in use, in per cent.
        memory_total: Size of the memory, in bytes.
        memory_used: Memory in use, in bytes.
        memory_available: Memory available without swapping, in bytes.
        disk_path: Path whose file system is measured: the state directory.
        disk_percent: Disk space in use, in per cent.
        disk_total: Size of the file system, in bytes.
        disk_used: Disk space in use, in bytes.
        disk_free: Free disk space, in bytes.
        bytes_sent: Bytes sent over all network interfaces since the host started.
        bytes_received: Bytes received over all network interfaces since the host started.
        packets_sent: Packets sent over all network interfaces since the host started.
        packets_received: Packets received over all network interfaces since the host started.
        manager_memory_bytes: Resident memory of the manager, in bytes.
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
