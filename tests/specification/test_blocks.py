"""Every Python block of the documents that specify MCPStore runs unchanged.

They are not part of this repository; set MCPSTORE_SPECIFICATION to the folder that holds them.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .run_blocks import blocks_of

FOLDER = Path(os.environ.get("MCPSTORE_SPECIFICATION", "/nonexistent"))

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="MCPSTORE_SPECIFICATION names no folder")

HTTP_SERVER = """
import sys
from fastmcp import FastMCP
server = FastMCP("slow")
@server.tool
def wait() -> str:
    return "done"
server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False, log_level="ERROR")
"""


@pytest.fixture
def remote(tmp_path: Path, free_tcp_port: int) -> Iterator[str]:
    script = tmp_path / "remote.py"
    script.write_text(HTTP_SERVER)
    with subprocess.Popen([sys.executable, str(script), str(free_tcp_port)]) as process:
        wait_for_port(free_tcp_port)
        yield f"http://127.0.0.1:{free_tcp_port}/mcp"
        process.kill()


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise AssertionError(f"nothing listens on {port}")


def play(document: Path, url: str, folder: Path, **ours: str) -> str:
    """Run the blocks of a document where `npx` and `web_search_server` are small real servers.

    Args:
        document: The document.
        url: Address of a server that stands in for one on the internet.
        folder: An empty folder.
        ours: Modules of ours from which what the blocks define is taken instead, by name.
    """
    tools = folder / "bin"
    tools.mkdir()
    for name, arguments in (("npx", "-m mcpstore.demo.server filesystem"), ("python", '"$@"')):
        program = tools / name
        program.write_text(f"#!/bin/sh\nexec {sys.executable} {arguments}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "web_search_server.py").write_text("import sys\nsys.argv = ['x', 'web']" + MAIN)
    environment = {
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONIOENCODING": "utf-8",
        "MCPSTORE_CONFIG": str(folder / "mcp.json"),
    }
    done = subprocess.run(
        [
            sys.executable, str(Path(__file__).with_name("run_blocks.py")), str(document), url,
            *(f"{name}={module}" for name, module in ours.items()),
        ],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--- end" in done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


MAIN = """
from mcpstore.demo import server
server.TOOLS[:] = [{**server.TOOLS[0], "name": "search"}]
server.main()
"""


def find(number: str) -> Path:
    return next(FOLDER.glob(f"{number}_*"))


def test_the_lifecycle_examples_run(tmp_path, remote):
    output = play(find("000"), remote, tmp_path)
    assert "initializing" in output
    assert "healthy" in output
    assert "--- diagnose True" in output
    assert "--- recover True" in output
    assert "--- restart True" in output
    assert "🔄 服务 test_service 开始重连" in output
    assert "✅ 服务 test_service 恢复健康" in output


def test_the_service_management_examples_run(tmp_path, remote):
    output = play(find("001"), remote, tmp_path)
    assert "✅ filesystem: 启动成功" in output
    assert "✅ web_search: 启动成功" in output
    assert "filesystem: running (工具数: 2)" in output
    assert "🔧 工具调用示例: greet" in output
    assert "可用工具总数: 3" in output
    assert "✅ filesystem: running" in output
    assert "✅ web_search: 停止成功" in output
    assert "启动 database 失败" in output


def test_the_service_management_examples_run_with_classes_of_mcpstore(tmp_path, remote):
    output = play(
        find("001"), remote, tmp_path,
        ServiceDependencyManager="mcpstore.dependencies",
        ServicePerformanceMonitor="mcpstore.monitoring",
        ServiceAutoRecovery="mcpstore.recovery",
    )  # fmt: skip
    assert output.count("--- Service") == 3
    assert "✅ web_search: 停止成功" in output


def test_the_page_without_indentation_equals_the_indented_one():
    """Both pages have the same blocks, so one run covers both."""
    text = "".join(find("002").read_text("utf-8").split())
    blocks = blocks_of(find("001").read_text("utf-8"))
    assert len(blocks) == 5
    for block in blocks:
        assert "".join(block.split()) in text


def test_the_monitoring_examples_run(tmp_path, remote):
    (tmp_path / "mcp.json").write_text(
        json.dumps({"mcpServers": {"filesystem": {"command": "npx", "args": ["-y", "some-server"]}}})
    )
    output = play(find("004"), remote, tmp_path)
    assert "--- 7 blocks" in output
    assert "服务状态: " in output
    assert "错误率: 0.00%" in output
    assert "📊 系统资源监控:" in output
    assert "📊 监控仪表板已启动 (间隔: 10s)" in output
    assert output.count("📊 MCPStore 监控仪表板") == 6
    assert "   运行中: 1" in output
    assert "   工具总数: 2" in output
    assert "✅ filesystem\n   状态: running\n   工具数: 2" in output
    assert "监控循环中发生错误" not in output
    (exported,) = tmp_path.glob("monitoring_data_*.json")
    samples = json.loads(exported.read_text("utf-8"))["services"]["filesystem"]
    assert {sample["status"] for sample in samples} <= {"starting", "running"}
    (table,) = tmp_path.glob("metrics_filesystem_*.csv")
    assert len(list(csv.DictReader(table.read_text("utf-8").splitlines()))) == len(samples) > 1


def test_the_monitoring_examples_run_with_classes_of_mcpstore(tmp_path, remote):
    (tmp_path / "mcp.json").write_text(
        json.dumps({"mcpServers": {"filesystem": {"command": "npx", "args": ["-y", "some-server"]}}})
    )
    names = (
        "SystemMetrics", "AlertLevel", "AlertRule", "AlertManager", "console_alert_handler", "email_alert_handler",
        "MonitoringDashboard", "MonitoringExporter",
    )  # fmt: skip
    ours = dict.fromkeys(names, "mcpstore.monitoring")
    output = play(find("004"), remote, tmp_path, **ours)
    assert output.count(" of mcpstore.monitoring") == len(ours)
    assert "💾 内存使用率: " in output
    (exported,) = tmp_path.glob("monitoring_data_*.json")
    assert json.loads(exported.read_text("utf-8"))["services"]["filesystem"]


def test_no_thread_is_left():
    assert all("mcpstore" not in thread.name for thread in threading.enumerate() if not thread.daemon)
