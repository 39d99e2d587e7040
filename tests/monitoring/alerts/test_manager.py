"""Programs that measure for themselves check rules when they like, by the same machine."""

from __future__ import annotations

import threading

import pytest

from mcpstore.errors import ConfigError
from mcpstore.hooks import Inconclusive
from mcpstore.monitoring import AlertLevel, AlertManager, AlertRule, console_alert_handler, email_alert_handler


class Now:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def manager(now):
    made = AlertManager(clock=now)
    made.add_rule(
        AlertRule(
            name="high_error_rate",
            condition=lambda m: m.get("error_rate", 0) > 0.1,
            level=AlertLevel.WARNING,
            message="{service_name}: {error_rate:.2%}",
        )
    )
    return made


def bad(service="a"):
    return {"service_name": service, "error_rate": 0.25}


def good(service="a"):
    return {"service_name": service, "error_rate": 0.0}


def test_an_alert_is_read_as_a_mapping_and_its_message_is_formatted(manager, now):
    metrics = bad()
    manager.check_alerts(metrics)
    (alert,) = manager.alert_history

    assert alert["rule_name"] == "high_error_rate"
    assert alert["level"] is AlertLevel.WARNING
    assert alert["message"] == "a: 25.00%"
    assert alert["timestamp"] == now.time
    assert alert["metrics"] is metrics


def test_each_service_has_a_cooldown_of_its_own(manager, now):
    manager.check_alerts(bad("a"))
    manager.check_alerts(bad("b"))
    now.time += 299
    manager.check_alerts(bad("a"))
    assert [alert.service for alert in manager.alert_history] == ["a", "b"]

    now.time += 1
    manager.check_alerts(bad("a"))

    assert [alert.kind.value for alert in manager.alert_history] == ["fired", "fired", "reminded"]


def test_trouble_that_comes_back_within_the_cooldown_waits_for_its_end(manager, now):
    for metrics in (bad(), good(), bad()):
        manager.check_alerts(metrics)
        now.time += 10
    assert len(manager.alert_history) == 1

    now.time += 300
    assert [alert.kind.value for alert in manager.check_alerts(bad())] == ["fired"]


def test_the_end_is_told_to_those_who_want_it(now):
    manager = AlertManager(resolutions=True, clock=now)
    manager.add_rule(AlertRule("x", "error_rate > 0.1", message="{service_name}", wait=60))
    manager.check_alerts(bad())
    now.time += 59
    manager.check_alerts(bad())
    assert manager.alert_history == []
    now.time += 1
    manager.check_alerts(bad())
    manager.check_alerts(good())

    assert [alert.message for alert in manager.alert_history] == ["a", "over after 60 s: a"]
    assert len({alert.incident for alert in manager.alert_history}) == 1


def test_a_clock_that_is_set_back_does_not_keep_it_cool_for_ever(manager, now):
    manager.check_alerts(bad())
    now.time += 301
    assert manager.check_alerts(bad())


def test_what_raises_harms_nobody_else(manager, caplog):
    heard = []

    def broken(_alert):
        raise RuntimeError("no")

    manager.add_rule(AlertRule("broken", lambda m: m["nothing"]))
    manager.add_rule(AlertRule("open", lambda _m: (_ for _ in ()).throw(Inconclusive)))
    manager.add_rule(AlertRule("last", lambda _m: True))
    manager.add_handler(broken)
    manager.add_handler(heard.append)
    manager.check_alerts(bad())

    assert [alert.rule_name for alert in heard] == ["high_error_rate", "last"]
    assert "rule 'broken' raised KeyError: 'nothing'" in caplog.text
    assert "alert handler broken raised RuntimeError: no" in caplog.text


def test_a_rule_of_the_same_name_takes_the_place_of_the_other(manager):
    manager.add_rule(AlertRule("high_error_rate", lambda _m: False))

    assert manager.check_alerts(bad()) == []
    assert len(manager.rules) == 1


def test_what_cannot_be_a_rule_or_a_handler_is_refused(manager):
    with pytest.raises(ConfigError, match="rule 'x': when: line 1"):
        manager.add_rule(AlertRule("x", "1 +"))
    with pytest.raises(TypeError, match="condition of rule 'x' must be a function"):
        manager.add_rule(AlertRule("x", 1))
    with pytest.raises(TypeError, match="handler must be a function"):
        manager.add_handler("mail")


def test_ten_thousand_alerts_do_not_grow_without_bound(manager):
    for number in range(10_000):
        manager.check_alerts(bad(f"s{number}"))

    assert len(manager.alert_history) == 1000
    assert len(manager._kept) == 1000


def test_many_threads_may_check_at_once(manager):
    heard = []
    manager.add_handler(heard.append)
    threads = [
        threading.Thread(target=lambda: [manager.check_alerts(bad(f"s{n}")) for n in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(alert.service for alert in heard) == sorted(f"s{n}" for n in range(50))


def test_the_console_handler_prints_a_line(manager, capsys):
    manager.add_handler(console_alert_handler)
    manager.check_alerts(bad())

    assert "WARNING: a: 25.00%" in capsys.readouterr().out


def test_the_mail_handler_says_what_it_would_send_where_no_mail_is_set_up(manager, capsys, monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("MCPSTORE_EMAIL_")]:
        monkeypatch.delenv(name)
    manager.add_handler(email_alert_handler)
    manager.check_alerts(bad())

    assert "📧 a: 25.00% (not sent: MCPSTORE_EMAIL_TO and" in capsys.readouterr().out


def test_the_mail_handler_sends_mail_with_the_settings_of_the_environment(manager, monkeypatch):
    import asyncio

    from aiosmtpd.smtp import SMTP

    class Mailbox:
        def __init__(self):
            self.mails = []

        async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - as it is called
            self.mails.append(envelope)
            return "250 taken"

    async def scenario():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for name, value in {
            "TO": "ops@example.org, night@example.org", "SENDER": "store@example.org", "HOST": "127.0.0.1",
            "PORT": str(port), "SECURITY": "none",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"MCPSTORE_EMAIL_{name}", value)
        manager.add_handler(email_alert_handler)
        await asyncio.to_thread(manager.check_alerts, bad())
        server.close()
        await server.wait_closed()

    box = Mailbox()
    asyncio.run(scenario())
    (mail,) = box.mails
    assert mail.rcpt_tos == ["ops@example.org", "night@example.org"]
