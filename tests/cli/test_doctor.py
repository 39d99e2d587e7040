"""Diagnoses and remedies of `mcpstore doctor` for common mistakes, with real servers."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

from .conftest import demo


@pytest.fixture
def website():
    """URL of a web server that is not an MCP server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/mcp"
    server.shutdown()
    serving.join()
    server.server_close()


def examined(shell, *names: str) -> dict:
    result = shell("doctor", *names, "--wait", "60", "--json")
    assert result.code == 1
    return {one["name"]: one for one in result.json["services"]}


def test_a_program_that_echoes_its_input_is_not_a_server(shell):
    shell.config(echo={"command": "cat"})
    diagnosis = examined(shell)["echo"]
    assert "repeats its input; it is no MCP server" in " ".join(diagnosis["evidence"])
    assert diagnosis["summary"].endswith("the program is not an MCP server")
    assert diagnosis["remedy"] == "correct command and args in its entry"
    assert "1 failed attempt in this round" in diagnosis["evidence"]


def test_the_remedy_for_a_wrong_url_is_the_url_and_not_a_log(shell, website):
    shell.config(page={"url": website}, unreachable={"url": "http://127.0.0.1:9/mcp"})
    diagnoses = examined(shell)
    assert "answered 501" in " ".join(diagnoses["page"]["evidence"])
    assert diagnoses["page"]["summary"].endswith("the server at its url is not an MCP server")
    assert diagnoses["page"]["remedy"] == "correct url in its entry; many end in /mcp or /sse"
    assert diagnoses["unreachable"]["summary"].endswith("nothing listens at the address")
    assert not any("mcpstore logs" in one["remedy"] for one in diagnoses.values())


def test_an_invalid_entry_is_explained_by_the_name_of_its_service(shell):
    shell.config(bad={"command": 5}, a=demo("a"))
    result = shell("doctor", "bad")
    assert result.code == 1
    assert "✗ bad: its entry in the configuration cannot be used" in result.out
    assert "command: must be a string (got a number)" in result.out
    assert "✗ a" not in result.out
    for verb in (("status", "bad"), ("check", "bad"), ("start", "bad"), ("tools", "bad")):
        result = shell(*verb)
        assert result.code == 4
        assert (
            "entry of service 'bad' is invalid: command: must be a string (got a number); correct the entry"
            in result.err
        )
    assert "did you mean" not in shell("doctor", "bad").err
    assert shell("doctor", "ghost").code == 4


def test_a_disabled_service_stays_disabled_when_it_is_examined(shell):
    path = shell.config(off={**demo("off"), "disabled": True})
    before = path.read_text()
    result = shell("doctor", "off", "--json")
    (diagnosis,) = result.json["services"]
    assert (result.code, diagnosis["summary"]) == (0, "it is switched off in its entry")
    assert diagnosis["remedy"] == "start it: mcpstore start off"
    assert shell("check", "off").code == 1
    result = shell("call", "off/greet", "who=you")
    assert result.code == 1
    assert "service 'off' is disconnected: it is switched off in its entry; start it: mcpstore start off" in result.err
    assert path.read_text() == before
    report = shell("report", "--json").json
    assert [service["advice"]["remedy"] for service in report["services"]] == ["start it: mcpstore start off"]


def test_the_error_of_a_call_to_a_stopped_service_says_when_it_was_stopped_and_how_to_start_it(shell, up):
    shell.config(a=demo("a"))
    up()
    assert shell("start", "a").code == 0
    assert shell("stop", "--no-persist", "a").code == 0
    result = shell("call", "a/greet", "who=you", "--json")
    error = json.loads(result.err)["error"]
    assert (result.code, error["kind"], error["service"]) == (1, "ServiceUnavailable", "a")
    assert error["message"].startswith("service 'a' is disconnected: it was stopped on request at 2")
    assert error["message"].endswith("; start it: mcpstore start a")
    assert error["remedy"] == "start it: mcpstore start a"
    assert "operator" not in error["message"]
