"""The machine: processors, memory, disk, network. Asks the operating system, so call it outside an event loop."""

from __future__ import annotations

from typing import Final, TypedDict

from mcpstore.models.host import HostMetrics

__all__ = ["DiskUsage", "MemoryUsage", "NetworkStats", "SystemMetrics", "machine_metrics"]

GLANCE: Final = 0.1
"""Seconds a first look at the processors takes; any later one tells what happened since the one before."""


class MemoryUsage(TypedDict):
    """Memory, in bytes and per cent."""

    total: int
    available: int
    used: int
    percentage: float


class DiskUsage(TypedDict):
    """Space on a disk, in bytes and per cent."""

    total: int
    used: int
    free: int
    percentage: float


class NetworkStats(TypedDict):
    """Traffic over every network interface since the machine started."""

    bytes_sent: int
    bytes_recv: int
    packets_sent: int
    packets_recv: int


class SystemMetrics:
    """How busy and how full this machine is; for programs of their own, `get_system_metrics` is the verb of stores."""

    @staticmethod
    def get_cpu_usage() -> float:
        """Return the processor time in use since the last question of this thread, in per cent of all processors.

        The first question of a thread takes a tenth of a second, because there is nothing to compare with.
        """
        import psutil  # noqa: PLC0415 - a store that measures nothing must not load it

        return psutil.cpu_percent(interval=None) or psutil.cpu_percent(interval=GLANCE)

    @staticmethod
    def get_memory_usage() -> MemoryUsage:
        """Return how much memory there is, and how much of it is in use."""
        import psutil  # noqa: PLC0415

        memory = psutil.virtual_memory()
        return {
            "total": memory.total,
            "available": memory.available,
            "used": memory.used,
            "percentage": memory.percent,
        }

    @staticmethod
    def get_disk_usage(path: str = "/") -> DiskUsage:
        """Return how much space there is on the disk that holds a path, and how much of it is in use."""
        import psutil  # noqa: PLC0415

        disk = psutil.disk_usage(path)
        return {
            "total": disk.total,
            "used": disk.used,
            "free": disk.free,
            "percentage": 100.0 * disk.used / disk.total if disk.total else 0.0,
        }

    @staticmethod
    def get_network_stats() -> NetworkStats:
        """Return what went over the network since the machine started."""
        import psutil  # noqa: PLC0415

        stats = psutil.net_io_counters()
        return {
            "bytes_sent": stats.bytes_sent,
            "bytes_recv": stats.bytes_recv,
            "packets_sent": stats.packets_sent,
            "packets_recv": stats.packets_recv,
        }


def machine_metrics(timestamp: float, disk_path: str) -> HostMetrics:
    """Return what can be measured of this machine now.

    Args:
        timestamp: The time, as a POSIX timestamp in seconds.
        disk_path: A folder on the disk that is looked at.
    """
    import psutil  # noqa: PLC0415

    memory = SystemMetrics.get_memory_usage()
    disk = SystemMetrics.get_disk_usage(disk_path)
    network = SystemMetrics.get_network_stats()
    return HostMetrics(
        timestamp=timestamp,
        cpu_percent=SystemMetrics.get_cpu_usage(),
        memory_percent=memory["percentage"],
        memory_total=memory["total"],
        memory_used=memory["used"],
        memory_available=memory["available"],
        disk_path=disk_path,
        disk_percent=disk["percentage"],
        disk_total=disk["total"],
        disk_used=disk["used"],
        disk_free=disk["free"],
        bytes_sent=network["bytes_sent"],
        bytes_received=network["bytes_recv"],
        packets_sent=network["packets_sent"],
        packets_received=network["packets_recv"],
        manager_memory_bytes=psutil.Process().memory_info().rss,
    )
