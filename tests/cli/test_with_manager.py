"""The command line with a manager in its own process, and real servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from pathlib import Path

from mcpstore.store.state_dir import socket_path

from .conftest import demo, eventually


def servers_of(shell) -> list[int]:
    """Return the processes that belong to the services of a shell's folder."""
    pids = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes()
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"XDG_STATE_HOME={shell.folder}".encode() in environment and b"MCPSTORE_MARKER=" in environment:
            assert state != "Z"
            pids.append(int(path.name))
    return pids


def status(shell, name: str) -> str:
    return shell("status", name, "--json").json["connection_state"]


def test_the_command_line_queries_and_controls_a_manager(shell, up):
    shell.config(a=demo("a"))
    up()
    eventually(lambda: status(shell, "a") == "healthy")
    assert shell("call", "greet", "who=you").out == "Hello, you!\n"
    assert shell("add", "b", "--wait", "60", "--", *[demo("b")["command"], *demo("b")["args"]]).code == 0
    assert status(shell, "b") == "healthy"
    assert shell("stop", "b").out == "b is stopped\n"
    assert status(shell, "b") == "disconnected"
    assert shell("start", "b").out == "b is running\n"
    before = shell("status", "a", "--json").json["pid"]
    assert shell("restart", "a", "--json").json == [{"name": "a", "done": True}]
    assert shell("status", "a", "--json").json["pid"] != before
    assert shell("check").code == 0
    assert shell("doctor", "--json").json["services"][0]["summary"] == "it is healthy"
    assert shell("remove", "b").out == "removed b\n"
    assert [s["name"] for s in shell("list", "--json").json] == ["a"]
    assert shell("call", "ghost").code == 4


def test_sigterm_leaves_no_process_behind(shell, up):
    shell.config(**{f"s{i}": demo(f"s{i}") for i in range(4)})
    manager = up()
    eventually(lambda: all(s["connection_state"] == "healthy" for s in shell("list", "--json").json))
    assert len(servers_of(shell)) == 4
    assert manager.stop() == 0
    assert servers_of(shell) == []
    assert shell("logs").code == 5


def test_state_changes_are_printed_until_the_manager_exits(shell, up):
    shell.config(a=demo("a"))
    manager = up()
    eventually(lambda: status(shell, "a") == "healthy")
    assert manager.stop() == 0
    before, stopping, after = manager.log.read_text().partition("stopping; press Ctrl-C again to stop by force")
    assert stopping
    assert "a: initializing → healthy" in before
    assert "a: healthy → disconnected" in after


def test_ctrl_c_twice_does_not_wait_for_stubborn_servers(shell, up):
    stubborn = (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "import threading\nthreading.Thread(target=lambda: time.sleep(600)).start()\n"
        "from mcpstore.demo import server\nserver.main()\n"
    )
    (shell.folder / "stubborn.py").write_text(stubborn)
    shell.config(a={"command": demo("a")["command"], "args": [str(shell.folder / "stubborn.py"), "a"]})
    manager = up()
    eventually(lambda: status(shell, "a") == "healthy")
    manager.process.send_signal(signal.SIGINT)
    eventually(lambda: "press Ctrl-C again" in manager.log.read_text())
    assert manager.stop(signal.SIGINT) == 0
    assert servers_of(shell) == []


def test_a_killed_server_is_detected_and_restarted_and_its_last_stderr_lines_are_kept(shell, up):
    shell.config(a=demo("a"), b=demo("b", "--lifetime", "2"))
    up()
    eventually(lambda: status(shell, "a") == "healthy")
    os.kill(shell("status", "a", "--json").json["pid"], signal.SIGKILL)
    eventually(lambda: shell("status", "a", "--json").json["state_metadata"]["last_failure_time"])
    eventually(lambda: status(shell, "a") == "healthy")
    eventually(lambda: "b: crash as configured by --lifetime" in shell("logs", "b").out)
    assert shell("logs", "b", "-n", "1", "--json").json[0]["text"] == "b: crash as configured by --lifetime"
    crash = "exited with code 3: b: crash as configured by --lifetime"
    eventually(lambda: crash in json.dumps(shell("status", "b", "--json").json))


def test_a_second_manager_runs_beside_the_first_and_reports_it(shell, up):
    shell.config(a=demo("a"))
    first = up()
    second = up()
    eventually(lambda: "another manager already runs for this configuration" in second.log.read_text())
    assert second.stop() == 0
    assert shell("list").code == 0
    assert first.stop() == 0


def test_a_corrupt_configuration_ends_the_manager_with_a_clear_error(shell, up):
    (shell.folder / "mcp.json").write_text("{")
    manager = up()
    assert manager.process.wait(60) == 3
    assert "mcp.json:1:" in manager.log.read_text()
    assert "Traceback" not in manager.log.read_text()


def test_the_control_socket_is_private_to_its_owner_and_survives_invalid_requests(shell, up):
    shell.config(a=demo("a"))
    up()
    (owner,) = (shell.folder / "state").rglob("owner")
    path = socket_path(owner.parent)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for nonsense in (b"", b"\x00\xff\n", b"[]\n", b'{"verb": "no"}\n', b'{"verb": "list", "arguments": {"x": 1}}\n'):
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(str(path))
            talk.sendall(nonsense)
            talk.shutdown(socket.SHUT_WR)
            talk.settimeout(60)
            answer = talk.makefile().read()
            assert answer == "" or "error" in json.loads(answer)
    assert shell("list").code == 0


def test_a_socket_left_by_a_killed_manager_is_replaced(shell, up):
    shell.config(a=demo("a"))
    manager = up()
    manager.stop(signal.SIGKILL)
    assert shell("logs").code == 5
    up()
    eventually(lambda: status(shell, "a") == "healthy")
