"""`mcpstore recover` with real processes."""

from __future__ import annotations

import os
import signal

from .conftest import demo, eventually


def status(shell, name):
    return shell("status", name, "--json").json


def test_services_are_recovered_and_the_actions_are_printed(shell, up):
    shell.config(
        a={**demo("a"), "mcpstore": {"recovery": "manual"}},
        b={"command": "there-is-no-such-command"},
        well=demo("well"),
    )
    up()
    eventually(lambda: status(shell, "a")["connection_state"] == status(shell, "well")["connection_state"] == "healthy")
    os.kill(status(shell, "a")["pid"], signal.SIGKILL)
    eventually(lambda: status(shell, "a")["connection_state"] == "disconnected")
    result = shell("recover", "a")
    assert (result.code, result.out) == (0, "a is running again: restarted\n")
    assert status(shell, "a")["run_status"] == "running"
    result = shell("recover")
    assert result.code == 1
    assert result.out.startswith("b has not recovered (restarted, then recreated from its stored entry): command ")
    assert "diagnosis: mcpstore doctor b" in result.err
    (outcome,) = shell("recover", "--json").json
    assert (outcome["name"], outcome["recovered"], outcome["run_status"]) == ("b", False, "error")
    assert shell("remove", "b").code == 0
    result = shell("recover")
    assert (result.code, result.out) == (0, "")
    assert "no service is in error" in result.err
    before = status(shell, "well")["pid"]
    assert shell("recover", "well", "ghost").code == 4
    assert status(shell, "well")["pid"] == before  # nothing was done


def test_without_a_manager_there_is_nothing_to_recover(shell):
    shell.config(a=demo("a"))
    result = shell("recover")
    assert result.code == 5
    assert "no manager is running" in result.err
