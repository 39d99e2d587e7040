"""Monitoring settings in both forms, and errors for invalid ones."""

from __future__ import annotations

import pytest

from mcpstore.errors import ConfigError
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.monitoring import AlertConfig, AlertLevel, MonitoringConfig
from mcpstore.monitoring.timing_overrides import apply_overrides


def test_empty_settings_change_nothing():
    assert apply_overrides(DEFAULT_TIMING, MonitoringConfig()) == DEFAULT_TIMING


def test_the_flat_and_the_nested_form_have_the_same_meaning():
    flat = MonitoringConfig(check_interval=15, health_check_retries=4, alert_cooldown=60, performance_monitoring=True)
    nested = MonitoringConfig(
        service_monitoring={"status_check_interval": 15, "max_consecutive_failures": 4},
        alerts={"cooldown": 60},
        performance_monitoring={"enabled": True},
    )
    for config in (flat, nested):
        assert (config.interval, config.retries, config.cooldown) == (15, 4, 60)
        assert config.performance_monitoring.enabled
    assert apply_overrides(DEFAULT_TIMING, flat) == apply_overrides(DEFAULT_TIMING, nested)
    assert not MonitoringConfig(performance_monitoring=False).performance_monitoring.enabled


def test_the_check_timeout_cannot_exceed_the_check_interval():
    timing = apply_overrides(DEFAULT_TIMING, MonitoringConfig(check_interval=3))
    assert (timing.check_interval, timing.check_timeout) == (3, 3)
    assert (timing.fast_interval, timing.check_interval_warning) == (3, 3)


def test_alert_rules_and_channels_are_configured():
    config = AlertConfig(
        handlers=["console", {"type": "email", "to": "me@example.org", "min_level": "error"}],
        rules=[{"name": "busy", "when": "throughput > 100.0", "level": "info", "for": 30}],
    )
    console, email = config.handlers
    assert (console.type, console.min_level, dict(console.settings)) == ("console", AlertLevel.INFO, {})
    assert (email.min_level, dict(email.settings)) == (AlertLevel.ERROR, {"to": "me@example.org"})
    assert config.rules[0].wait == 30


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"check_interval": -1}, "check_interval: must be greater than 0 (got -1)"),
        ({"check_interval": float("inf")}, "check_interval: must be a finite number (got inf)"),
        ({"check_intervall": 3}, "check_intervall: unknown key; did you mean 'check_interval'?"),
        ({"tool_monitoring": {"timeout": 3}}, "tool_monitoring.timeout: unknown key; did you mean 'call_timeout'?"),
        ({"data_collection": {"zzz": 3}}, "data_collection.zzz: unknown key; known: metrics_buffer_size, log_level"),
        ({"alerts": {"rules": [{"name": "a", "wen": "x"}]}}, "alerts.rules.0.wen: unknown key; did you mean 'when'?"),
        ({"performance_monitoring": "on"}, "performance_monitoring: must be a valid dictionary"),
        ({"metrics_retention_days": "x", "enabled": 7}, "metrics_retention_days: must be a valid number"),
        (
            {"check_interval": 3, "service_monitoring": {"status_check_interval": 4}},
            "check_interval (3) contradicts service_monitoring.status_check_interval (4); remove one of them",
        ),
        (
            {"health_check_retries": 3, "service_monitoring": {"max_consecutive_failures": 4}},
            "health_check_retries (3) contradicts service_monitoring.max_consecutive_failures (4); remove one of them",
        ),
        ({"alert_cooldown": 3, "alerts": {"cooldown": 4}}, "alert_cooldown (3) contradicts alerts.cooldown (4)"),
        (
            {"check_interval": 3, "health_check_timeout": 5},
            "health_check_timeout (5) must not be above check_interval (3); lower it",
        ),
    ],
)
def test_an_invalid_setting_is_named(settings, message):
    with pytest.raises(ConfigError) as raised:
        MonitoringConfig(**settings)
    assert message in str(raised.value)


def test_several_invalid_settings_are_named_at_once():
    with pytest.raises(ConfigError, match="check_interval: .*; metrics_retention_days: "):
        MonitoringConfig(check_interval=0, metrics_retention_days=0)


def test_the_settings_of_a_channel_are_never_shown():
    with pytest.raises(ConfigError) as raised:
        MonitoringConfig(alerts={"handlers": [{"type": "", "password": "hunter2", "min_level": "hunter2"}]})
    assert "hunter2" not in str(raised.value)
