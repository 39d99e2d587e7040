"""The settings of monitoring and alerting: both forms people write them in, validated field by field."""

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
    "wrong_rule",
]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Percent = Annotated[float, Field(gt=0, le=100)]


class _Strict(BaseModel):
    """Settings that know all their fields."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )


class ServiceMonitoring(_Strict):
    """How services are watched.

    Attributes:
        status_check_interval: Seconds between health checks.
        connection_timeout: Seconds until a TCP connection must be open.
        max_consecutive_failures: Failed checks in a row until a connection is given up.
    """

    status_check_interval: Seconds = 30.0
    connection_timeout: Seconds = 5.0
    max_consecutive_failures: int = Field(default=3, ge=1)


class PerformanceMonitoring(_Strict):
    """What of the performance is watched, and from where on it is worth an alert.

    Attributes:
        enabled: Whether calls, processes and this machine are measured at all.
        response_time_threshold: Seconds from which on a health check is slow: the service is WARNING.
        cpu_threshold: Per cent of this machine's processors, and of one processor for a service.
        memory_threshold: Per cent of this machine's memory.
        disk_threshold: Per cent of the disk that holds the state directory.
    """

    enabled: bool = True
    response_time_threshold: Seconds = 1.0
    cpu_threshold: Percent = 80.0
    memory_threshold: Percent = 85.0
    disk_threshold: Percent = 90.0


class ToolMonitoring(_Strict):
    """How calls of tools are watched.

    Attributes:
        call_timeout: Seconds a call may go without a result and without progress.
        error_rate_threshold: Failed calls per call from which on a service is worth an alert, 0 to 1.
        slow_call_threshold: Seconds from which on a call is slow.
    """

    call_timeout: Seconds = 120.0
    error_rate_threshold: float = Field(default=0.1, ge=0, le=1)
    slow_call_threshold: Seconds = 5.0


class DataCollection(_Strict):
    """What is kept of what was measured.

    Attributes:
        metrics_buffer_size: Samples kept in memory for each service until they are written.
        log_level: What the logger `mcpstore` lets through.
        export_format: The format of an export that does not say.
    """

    metrics_buffer_size: int = Field(default=1000, ge=1, le=1_000_000)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] | None = None
    export_format: Literal["json", "csv", "parquet"] = "json"


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class AlertHandlerConfig(BaseModel):
    """A channel to people: an alert handler plugin, and its settings.

    Attributes:
        type: Name of the alert handler that is offered by a plugin.
        name: What this channel is called; its type if it does not say.
        min_level: Alerts below this level do not go there.
        services: Patterns (as in file names) of the services whose alerts go there; all if there is none.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    type: str = Field(min_length=1)
    name: str = ""
    min_level: AlertLevel = AlertLevel.INFO
    services: tuple[str, ...] = ()

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the plugin's own model validates."""
        return dict(self.model_extra or {})


class AlertRuleConfig(_Strict):
    """A rule, as a configuration writes it.

    Attributes:
        name: Its name; the name of a built-in rule changes that rule.
        when: An expression in CEL over the metrics of a service, for example `error_rate > 0.2 && total_calls > 10`;
            None keeps the condition of the built-in rule.
        level: How bad it is.
        message: What to say; `{field}` stands for a field of the metrics, with a format after a colon.
        cooldown: Seconds after a notice in which no other of the same rule and service begins.
        wait: Seconds the condition must hold until people are told (`for` in a file).
        keep: Evaluations in a row in which it must not hold until they are told that it is over.
        services: Patterns (as in file names) of the services it looks at; all if there is none.
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


def wrong_rule(said: Any) -> str | None:
    """Return what is wrong with a rule as a configuration writes it; None if it is one."""
    try:
        AlertRuleConfig.model_validate(said)
    except ValidationError as error:
        name = (as_object(said) or {}).get("name")
        known = [field.alias or key for key, field in AlertRuleConfig.model_fields.items()]
        told = [validation_message(problem, "", known, show=True) for problem in error.errors(include_url=False)]
        return f"rule {name!r}: {'; '.join(told)}" if name else "; ".join(told)
    return None


class AlertConfig(_Strict):
    """Who is told about what, and how often.

    Attributes:
        handlers: The channels; the terminal if there is none.
        rules: Rules besides the built-in ones, and changes to those.
        cooldown: Seconds after a notice in which no other of the same rule and service begins.
        reminders: Whether a trouble that lasts is told again after each cooldown.
        builtin: Whether the built-in rules are used.
    """

    handlers: tuple[Annotated[AlertHandlerConfig, BeforeValidator(_named)], ...] = (AlertHandlerConfig(type="console"),)
    rules: tuple[AlertRuleConfig, ...] = ()
    cooldown: float = Field(default=300.0, ge=0, allow_inf_nan=False)
    reminders: bool = False
    builtin: bool = True


def _switch(value: Any) -> Any:
    """`performance_monitoring=True` is the short form."""
    return {"enabled": value} if isinstance(value, bool) else value


class MonitoringConfig(_Strict):
    """How services are watched and who is told: the flat form, the nested form, or both.

    The flat fields are short for nested ones; where both are given, they must not contradict each other.

    Attributes:
        enabled: Whether anything is measured and anybody is told; services are kept running in any case.
        check_interval: Seconds between health checks; short for `service_monitoring.status_check_interval`.
        health_check_timeout: Seconds a health check may take.
        health_check_retries: Short for `service_monitoring.max_consecutive_failures`.
        metrics_retention_days: Days history is kept.
        alerts_enabled: Whether people are told.
        alert_cooldown: Short for `alerts.cooldown`, in seconds.
        service_monitoring: How services are watched.
        performance_monitoring: What of the performance is watched; True and False switch it on and off.
        tool_monitoring: How calls of tools are watched.
        data_collection: What is kept of what was measured.
        alerts: Who is told about what.

    Raises:
        ConfigError: Some of it cannot be used; the text names every field concerned.
    """

    enabled: bool = True
    check_interval: Seconds | None = None
    health_check_timeout: Seconds | None = None
    health_check_retries: int | None = Field(default=None, ge=1)
    metrics_retention_days: float = Field(default=7, gt=0, allow_inf_nan=False)
    alerts_enabled: bool = True
    alert_cooldown: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    service_monitoring: ServiceMonitoring = ServiceMonitoring()
    performance_monitoring: Annotated[PerformanceMonitoring, BeforeValidator(_switch)] = PerformanceMonitoring()
    tool_monitoring: ToolMonitoring = ToolMonitoring()
    data_collection: DataCollection = DataCollection()
    alerts: AlertConfig = AlertConfig()

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ConfigError("; ".join(_complaints(error.errors(include_url=False)))) from None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for short, long, value in (
            ("check_interval", "status_check_interval", self.check_interval),
            ("health_check_retries", "max_consecutive_failures", self.health_check_retries),
        ):
            stated = getattr(self.service_monitoring, long)
            if value is not None and long in self.service_monitoring.model_fields_set and stated != value:
                raise ValueError(f"{short} ({value:g}) contradicts service_monitoring.{long} ({stated:g}); give one")
        if (
            self.alert_cooldown is not None
            and "cooldown" in self.alerts.model_fields_set
            and self.alert_cooldown != self.alerts.cooldown
        ):
            raise ValueError(
                f"alert_cooldown ({self.alert_cooldown:g}) contradicts alerts.cooldown ({self.alerts.cooldown:g}); "
                "give one"
            )
        if self.health_check_timeout is not None and self.states_interval and self.health_check_timeout > self.interval:
            raise ValueError(
                f"health_check_timeout ({self.health_check_timeout:g}) must not be above check_interval "
                f"({self.interval:g}); lower it"
            )
        return self

    @property
    def states_interval(self) -> bool:
        """Whether somebody said how often checks are made."""
        return self.check_interval is not None or "status_check_interval" in self.service_monitoring.model_fields_set

    @property
    def interval(self) -> float:
        """Seconds between health checks."""
        return self.service_monitoring.status_check_interval if self.check_interval is None else self.check_interval

    @property
    def retries(self) -> int:
        """Failed checks in a row until a connection is given up."""
        stated = self.health_check_retries
        return self.service_monitoring.max_consecutive_failures if stated is None else stated

    @property
    def cooldown(self) -> float:
        """Seconds after a notice in which no other of the same rule and service begins."""
        return self.alerts.cooldown if self.alert_cooldown is None else self.alert_cooldown


def _complaints(problems: Iterable[Any]) -> list[str]:
    """Return what is wrong in words; the settings of handlers may be secrets and are never shown."""
    return [
        validation_message(problem, "", _known(problem["loc"][:-1]), show="handlers" not in problem["loc"])
        for problem in problems
    ]


def _known(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known at a place."""
    model: Any = MonitoringConfig
    for part in loc:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    """Return the model that an annotation speaks of, directly or as the items of a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(found for part in get_args(annotation) if (found := _model_in(part)) is not None)
