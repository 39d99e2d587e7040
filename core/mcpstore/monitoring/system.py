"""Metrics of the host: processors, memory, disk, network. Blocks: do not call it in an event loop."""

from __future__ import annotations

from typing import Final, TypedDict

from mcpstore.models.host import HostMetrics

__all__ = ["DiskUsage", "MemoryUsage", "NetworkStats", "SystemMetrics", "host_metrics"]

FIRST_SAMPLE_DURATION: Final = 0.1
"""Duration of the first measurement of processor use, in seconds; later ones cover the time since the last one."""


class MemoryUsage(TypedDict):
    """Memory of the host, in bytes and per cent."""

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
    """Traffic over all network interfaces since the host started."""

    bytes_sent: int
    bytes_recv: int
    packets_sent: int
    packets_recv: int


class SystemMetrics:
    """Metrics of the host, without a store; a store has `get_system_metrics`."""

    @staticmethod
    def get_cpu_usage() -> float:
        """Return the processor use since the last call in this thread, in per cent of all processors.

        The first call in a thread takes 0.1 s.
        """
        import psutil  # noqa: PLC0415 - not loaded without monitoring

        return psutil.cpu_percent(interval=None) or psutil.cpu_percent(interval=FIRST_SAMPLE_DURATION)

    @staticmethod
    def get_memory_usage() -> MemoryUsage:
        """Return the memory of the host: total, available and used."""
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
        """Return the space on the disk that holds a path: total, used and free."""
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
        """Return the traffic over all network interfaces since the host started."""
        import psutil  # noqa: PLC0415

        stats = psutil.net_io_counters()
        return {
            "bytes_sent": stats.bytes_sent,
            "bytes_recv": stats.bytes_recv,
            "packets_sent": stats.packets_sent,
            "packets_recv": stats.packets_recv,
        }


def host_metrics(timestamp: float, disk_path: str) -> HostMetrics:
    """Return the metrics of the host.

    Args:
        timestamp: Current time, as a POSIX timestamp in seconds.
        disk_path: A folder on the disk to measure.
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
