"""MCPStore's own settings of a service: the object under `"mcpstore"` in its entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mcpstore.models.json_types import as_object, as_text
from mcpstore.models.service import Choice, RestartOption, ServiceSpec, ToolPinning
from mcpstore.models.timing import Timeouts
from mcpstore.models.validation_messages import validation_message
from mcpstore.wire.http.addresses import read_addresses

__all__ = ["EXTENSION_FIELDS", "KEY", "ServiceExtension", "read_extension", "write_extension"]

KEY: Final = "mcpstore"

_DEFAULT_SPEC: Final = ServiceSpec(name="", transport="")  # its fields are the defaults

Duration = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


def _choice(value: Any) -> Any:
    if value is None or isinstance(value, Choice):
        return value
    if (name := as_text(value)) is not None:
        options: dict[str, Any] = {}
    elif (choice := as_object(value)) is not None:
        name = as_text(choice.get("type"))
        options = {str(key): item for key, item in choice.items() if key != "type"}
    else:
        raise ValueError("must be a name or an object with a 'type'")
    if not name:
        raise ValueError("must have a 'type'")
    return Choice(name, options)


ChoiceField = Annotated[Choice | None, BeforeValidator(_choice)]


class ExtensionTimeouts(BaseModel):
    """Deadlines of one service, in seconds.

    Attributes:
        connect: Time to open the channel (TCP connect), in seconds.
        handshake: Time from the open channel to the end of the handshake and the first list of tools, in seconds.
        check: Time for one health check, in seconds.
        call: Time for a call without a result or progress, in seconds.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    connect: Duration | None = None
    handshake: Duration | None = None
    check: Duration | None = None
    call: Duration | None = None


class ServiceExtension(BaseModel):
    """Settings of a service that only MCPStore has.

    Attributes:
        depends_on: Names of services that start before it.
        health: Health strategy: its name, or an object with `type` and options.
        recovery: Recovery policy: its name, or an object with `type` and options.
        restart: Whether the service is restarted after it has exited.
        tool_pinning: Reaction to a changed tool: `off` ignores it, `warn` sends an alert, `block` also blocks the tool
            until it is approved.
        timeouts: Deadlines of the service, in seconds.
        inherit_env: Environment variables that a local service inherits from the manager.
        containment: Isolation of a local service's processes; by default the best that the system offers.
        addresses: Addresses at which an HTTP service may be: `any`, `public`, or a list of `public` and networks.
        agents: Names of the agents that may use the service.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    depends_on: list[Annotated[str, Field(min_length=1)]] = []
    health: ChoiceField = None
    recovery: ChoiceField = None
    restart: RestartOption = RestartOption.ALWAYS
    tool_pinning: ToolPinning = ToolPinning.WARN
    timeouts: ExtensionTimeouts = ExtensionTimeouts()
    inherit_env: Literal["minimal", "default", "all"] | None = None
    containment: Literal["auto", "cgroup", "marker"] | None = None
    addresses: Annotated[tuple[str, ...] | None, BeforeValidator(read_addresses)] = None
    agents: list[Annotated[str, Field(min_length=1)]] = []


_DEFAULTS: Final = ServiceExtension()  # shared: it is expensive to create, and most services have no settings

EXTENSION_FIELDS: Final = tuple(ServiceExtension.model_fields)
"""Names of the settings under `"mcpstore"`."""


def read_extension(value: Any, name: str = "") -> tuple[ServiceExtension, list[str]]:
    """Return the settings and their errors; with errors, all settings have their defaults.

    Args:
        value: The value under `"mcpstore"`.
        name: Name of the service, which cannot depend on itself.
    """
    if value is None:
        return _DEFAULTS, []
    content = as_object(value)
    if content is None:
        return _DEFAULTS, [f"{KEY}: must be an object"]
    try:
        own = ServiceExtension.model_validate(dict(content))
    except ValidationError as error:
        return _DEFAULTS, [_error_message(problem) for problem in error.errors(include_url=False)]
    if name in own.depends_on:
        return own, [f"{KEY}.depends_on: a service cannot depend on itself"]
    return own, []


def write_extension(own: Mapping[str, Any], timeouts: Timeouts) -> dict[str, Any]:
    """Return the object to write under `"mcpstore"`: only values that differ from the defaults.

    Args:
        own: Fields of a `ServiceSpec` that are MCPStore's own, and `inherit_env`, `containment` and `addresses`.
        timeouts: Deadlines of the service.
    """
    written: dict[str, Any] = {}
    for field in EXTENSION_FIELDS:
        if field == "timeouts":
            stated = {
                key: value for key in ExtensionTimeouts.model_fields if (value := getattr(timeouts, key)) is not None
            }
            if stated:
                written[field] = stated
        elif (value := own.get(field)) and value != getattr(_DEFAULT_SPEC, field, None):
            written[field] = _plain_value(value)
    return written


def _plain_value(value: Any) -> Any:
    if isinstance(value, Choice):
        return {"type": value.name, **value.options} if value.options else value.name
    return str(value) if isinstance(value, str) else list(value)


def _error_message(problem: Any) -> str:
    above = problem["loc"][:-1]
    return validation_message(problem, KEY, list(ExtensionTimeouts.model_fields) if above else list(EXTENSION_FIELDS))
