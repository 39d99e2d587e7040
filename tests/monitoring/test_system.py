"""Metrics of the machine."""

from __future__ import annotations

import subprocess
import sys

from mcpstore.monitoring import SystemMetrics


def test_the_machine_is_described_with_the_keys_of_the_specification():
    assert 0 <= SystemMetrics.get_cpu_usage() <= 100
    memory = SystemMetrics.get_memory_usage()
    assert set(memory) == {"total", "available", "used", "percentage"}
    assert 0 < memory["used"] < memory["total"]
    disk = SystemMetrics.get_disk_usage()
    assert set(disk) == {"total", "used", "free", "percentage"}
    assert 0 < disk["percentage"] <= 100
    assert SystemMetrics.get_disk_usage("/tmp")["total"] > 0
    assert set(SystemMetrics.get_network_stats()) == {"bytes_sent", "bytes_recv", "packets_sent", "packets_recv"}


def test_the_first_query_has_a_value():
    code = """
import threading
threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()
from mcpstore.monitoring import SystemMetrics
print(SystemMetrics.get_cpu_usage())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 0


def test_a_store_without_system_metrics_does_not_load_psutil():
    code = """
import sys
from mcpstore import MCPStore
with MCPStore({"mcpServers": {}}) as store:
    store.list_services()
    store.get_service_metrics("a")
print("psutil" in sys.modules, "sqlite3" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 2
