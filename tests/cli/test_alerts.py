"""`mcpstore alerts` with and without a running manager."""

from __future__ import annotations

import pytest

from .conftest import demo, eventually


def test_a_manager_shows_its_alerts_and_silences_them(shell, up):
    shell.config(a=demo("a"), b={"command": "no-such-command-at-all"})
    up()
    eventually(lambda: [alert["service"] for alert in shell("alerts", "--json").json] == ["b"])
    result = shell("alerts")
    assert result.code == 0
    assert "service_down" in result.out
    assert "service_down" in shell("alerts", "history").out
    assert shell("alerts", "history", "a", "--json").json == []
    silence = shell("alerts", "silence", "b", "--for", "2h", "-m", "known", "--json").json
    assert (silence["service"], silence["comment"]) == ("b", "known")
    assert silence["id"] in shell("alerts", "silences").out
    assert "1 silence active" in shell("alerts").err
    assert shell("alerts", "unsilence", silence["id"]).code == 0
    assert shell("alerts", "silences", "--json").json == []
    assert [handler["name"] for handler in shell("alerts", "handlers", "--json").json] == ["console"]
    assert "console" in shell("alerts", "handlers").out


def test_without_a_manager_the_alert_files_are_read_and_edited(shell):
    shell.config()
    assert "no alert is open" in shell("alerts").err
    assert "no alert was recorded" in shell("alerts", "history", "--since", "1d").err
    assert "no silence is active" in shell("alerts", "silences").err
    output = shell("alerts", "silence", "--all").out
    assert output.split()[1] in shell("alerts", "silences").out
    tried = shell("alerts", "test", "console")
    assert tried.code == 0
    assert "console: test alert delivered" in tried.out
    assert "this is a test" in tried.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("history", "--since", "yesterday"), 2, "must be a duration"),
        (("history", "-n", "0"), 2, "Invalid value"),
        (("silence", "--for", "-5"), 2, "must be a duration"),
        (("unsilence", "nope"), 4, "no silence has the id 'nope'"),
        (("test", "unknown"), 4, "known names: console"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_an_impossible_request_is_an_error_without_a_traceback(shell, arguments, code, message):
    shell.config()
    result = shell("alerts", *arguments)

    assert result.code == code
    assert message in " ".join(result.err.split())
    assert "Traceback" not in result.err
