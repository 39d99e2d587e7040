"""Settings of monitoring and alerting, in their flat and their nested form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from mcpstore.errors import ConfigError
from mcpstore.models.alert import AlertLevel
from mcpstore.models.json_types import as_object
from mcpstore.models.validation_messages import validation_message

__all__ = [
    "AlertConfig",
    "AlertHandlerConfig",
    "AlertRuleConfig",
    "DataCollection",
    "MonitoringConfig",
    "PerformanceMonitoring",
    "ServiceMonitoring",
    "ToolMonitoring",
    "rule_error",
]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Percent = Annotated[float, Field(gt=0, le=100)]


class _Strict(BaseModel):
    """Settings that refuse unknown fields."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )


class ServiceMonitoring(_Strict):
    """Settings of health checks.

    Attributes:
        status_check_interval: Time between two health checks, in seconds.
        connection_timeout: Longest time to open a TCP connection, in seconds.
        max_consecutive_failures: Failed checks in a row after which the connection is reopened.
    """

    status_check_interval: Seconds = 30.0
    connection_timeout: Seconds = 5.0
    max_consecutive_failures: int = Field(default=3, ge=1)


class PerformanceMonitoring(_Strict):
    """Settings of performance metrics, with the thresholds of their alerts.

    Attributes:
        enabled: Whether calls, processes and the host are measured.
        response_time_threshold: Response time of a health check from which the service is in WARNING, in seconds.
        cpu_threshold: Threshold of processor use, in per cent: of all processors for the host, of one for a service.
        memory_threshold: Threshold of the host's memory use, in per cent.
        disk_threshold: Threshold of use of the disk that holds the state directory, in per cent.
    """

    enabled: bool = True
    response_time_threshold: Seconds = 1.0
    cpu_threshold: Percent = 80.0
    memory_threshold: Percent = 85.0
    disk_threshold: Percent = 90.0


class ToolMonitoring(_Strict):
    """Settings of tool calls.

    Attributes:
        call_timeout: Longest time without a result or progress, in seconds.
        error_rate_threshold: Failed calls per call from which an alert fires, 0 to 1.
        slow_call_threshold: Duration from which a call is slow, in seconds.
    """

    call_timeout: Seconds = 120.0
    error_rate_threshold: float = Field(default=0.1, ge=0, le=1)
    slow_call_threshold: Seconds = 5.0


class DataCollection(_Strict):
    """Settings of the recorded data.

    Attributes:
        metrics_buffer_size: Samples kept in memory for each service until they are written.
        log_level: Level of the logger `mcpstore`; None leaves it unchanged.
        export_format: Default format of an export.
    """

    metrics_buffer_size: int = Field(default=1000, ge=1, le=1_000_000)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] | None = None
    export_format: Literal["json", "csv", "parquet"] = "json"


def _expand_name(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class AlertHandlerConfig(BaseModel):
    """A channel for alerts: an alert handler of a plugin, with its settings.

    Attributes:
        type: Name of the alert handler.
        name: Name of the channel; the default is its type.
        min_level: Lowest level of the alerts that are sent.
        services: Patterns (as for file names) of the services whose alerts are sent; all if empty.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    type: str = Field(min_length=1)
    name: str = ""
    min_level: AlertLevel = AlertLevel.INFO
    services: tuple[str, ...] = ()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings for the plugin's model."""
        return dict(self.model_extra or {})


class AlertRuleConfig(_Strict):
    """An alert rule in a configuration.

    Attributes:
        name: Name of the rule; the name of a built-in rule changes that rule.
        when: Condition: a CEL expression over the metrics of a service, such as
            `error_rate > 0.2 && total_calls > 10`; None keeps the condition of the built-in rule.
        level: Level of its alerts.
        message: Text of its alerts; `{field}` is replaced by a field of the metrics, with a format after a colon.
        cooldown: Time after an alert in which the rule does not fire again for the same service, in seconds.
        wait: Time for which the condition must hold before the alert fires, in seconds (`for` in a file).
        keep: Evaluations in a row in which the condition must not hold before the alert is resolved.
        services: Patterns (as for file names) of the services that it applies to; all if empty.
        enabled: Whether it is evaluated.
    """

    name: str = Field(min_length=1)
    when: str | None = None
    level: AlertLevel | None = None
    message: str | None = None
    cooldown: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    wait: float | None = Field(default=None, ge=0, allow_inf_nan=False, alias="for")
    keep: int | None = Field(default=None, ge=1)
    services: tuple[str, ...] = ()
    enabled: bool = True


def rule_error(value: Any) -> str | None:
    """Return the problem with an alert rule in a configuration; None if it is valid."""
    try:
        AlertRuleConfig.model_validate(value)
    except ValidationError as error:
        name = (as_object(value) or {}).get("name")
        known = [field.alias or key for key, field in AlertRuleConfig.model_fields.items()]
        messages = [validation_message(problem, "", known, show=True) for problem in error.errors(include_url=False)]
        return f"rule {name!r}: {'; '.join(messages)}" if name else "; ".join(messages)
    return None


class AlertConfig(_Strict):
    """Settings of alerts.

    Attributes:
        handlers: Channels for alerts; the default is the console.
        rules: Rules besides the built-in ones, and changes of built-in rules.
        cooldown: Time after an alert in which its rule does not fire again for the same service, in seconds.
        reminders: Whether an alert that is not resolved is sent again after each cooldown.
        builtin: Whether the built-in rules are used.
    """

    handlers: tuple[Annotated[AlertHandlerConfig, BeforeValidator(_expand_name)], ...] = (
        AlertHandlerConfig(type="console"),
    )
    rules: tuple[AlertRuleConfig, ...] = ()
    cooldown: float = Field(default=300.0, ge=0, allow_inf_nan=False)
    reminders: bool = False
    builtin: bool = True


def _expand_switch(value: Any) -> Any:
    """Return the long form of `performance_monitoring=True`."""
    return {"enabled": value} if isinstance(value, bool) else value


class MonitoringConfig(_Strict):
    """Settings of monitoring and alerting, in the flat form, the nested form, or both.

    The flat fields are short for nested ones; if both are given, they must be equal.

    Attributes:
        enabled: Whether metrics are recorded and alerts are sent; services are checked and restarted in any case.
        check_interval: Time between two health checks, in seconds; short for
            `service_monitoring.status_check_interval`.
        health_check_timeout: Longest time for a health check, in seconds.
        health_check_retries: Failed checks in a row after which the connection is reopened; short for
            `service_monitoring.max_consecutive_failures`.
        metrics_retention_days: Time for which history is kept, in days.
        alerts_enabled: Whether alerts are sent.
        alert_cooldown: Short for `alerts.cooldown`, in seconds.
        service_monitoring: Settings of health checks.
        performance_monitoring: Settings of performance metrics; True and False enable and disable them.
        tool_monitoring: Settings of tool calls.
        data_collection: Settings of the recorded data.
        alerts: Settings of alerts.

    Raises:
        ConfigError: Settings are invalid; the message names every invalid field.
    """

    enabled: bool = True
    check_interval: Seconds | None = None
    health_check_timeout: Seconds | None = None
    health_check_retries: int | None = Field(default=None, ge=1)
    metrics_retention_days: float = Field(default=7, gt=0, allow_inf_nan=False)
    alerts_enabled: bool = True
    alert_cooldown: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    service_monitoring: ServiceMonitoring = ServiceMonitoring()
    performance_monitoring: Annotated[PerformanceMonitoring, BeforeValidator(_expand_switch)] = PerformanceMonitoring()
    tool_monitoring: ToolMonitoring = ToolMonitoring()
    data_collection: DataCollection = DataCollection()
    alerts: AlertConfig = AlertConfig()

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ConfigError("; ".join(_error_messages(error.errors(include_url=False)))) from None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for short, long, value in (
            ("check_interval", "status_check_interval", self.check_interval),
            ("health_check_retries", "max_consecutive_failures", self.health_check_retries),
        ):
            stated = getattr(self.service_monitoring, long)
            if value is not None and long in self.service_monitoring.model_fields_set and stated != value:
                raise ValueError(
                    f"{short} ({value:g}) contradicts service_monitoring.{long} ({stated:g}); remove one of them"
                )
        if (
            self.alert_cooldown is not None
            and "cooldown" in self.alerts.model_fields_set
            and self.alert_cooldown != self.alerts.cooldown
        ):
            raise ValueError(
                f"alert_cooldown ({self.alert_cooldown:g}) contradicts alerts.cooldown ({self.alerts.cooldown:g}); "
                "remove one of them"
            )
        if self.health_check_timeout is not None and self.has_interval and self.health_check_timeout > self.interval:
            raise ValueError(
                f"health_check_timeout ({self.health_check_timeout:g}) must not be above check_interval "
                f"({self.interval:g}); lower it"
            )
        return self

    @property
    def has_interval(self) -> bool:
        """Whether the check interval is given."""
        return self.check_interval is not None or "status_check_interval" in self.service_monitoring.model_fields_set

    @property
    def interval(self) -> float:
        """Time between two health checks, in seconds."""
        return self.service_monitoring.status_check_interval if self.check_interval is None else self.check_interval

    @property
    def retries(self) -> int:
        """Failed checks in a row after which the connection is reopened."""
        stated = self.health_check_retries
        return self.service_monitoring.max_consecutive_failures if stated is None else stated

    @property
    def cooldown(self) -> float:
        """Time after an alert in which its rule does not fire again for the same service, in seconds."""
        return self.alerts.cooldown if self.alert_cooldown is None else self.alert_cooldown


def _error_messages(problems: Iterable[Any]) -> list[str]:
    """Return the messages of validation errors; settings of handlers may be secrets and are never shown."""
    return [
        validation_message(problem, "", _known_keys(problem["loc"][:-1]), show="handlers" not in problem["loc"])
        for problem in problems
    ]


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """Return the known keys at a location in the settings."""
    model: Any = MonitoringConfig
    for part in loc:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    """Return the model in an annotation, such as `Model` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(model for part in get_args(annotation) if (model := _model_in(part)) is not None)
