"""Our own settings of a service: what stands under `"mcpstore"` in its entry, validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mcpstore.models.json_types import as_object, as_text
from mcpstore.models.service import Choice, RestartOption, ServiceSpec, ToolPinning
from mcpstore.models.timing import Timeouts
from mcpstore.models.validation_messages import validation_message
from mcpstore.wire.http.addresses import read_addresses

__all__ = ["KEY", "OWN_FIELDS", "OwnSettings", "read_own", "written_own"]

KEY: Final = "mcpstore"

_PLAIN: Final = ServiceSpec(name="", transport="")  # holds the defaults

Duration = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


def _choice(value: Any) -> Any:
    if value is None or isinstance(value, Choice):
        return value
    if (name := as_text(value)) is not None:
        options: dict[str, Any] = {}
    elif (found := as_object(value)) is not None:
        name = as_text(found.get("type"))
        options = {str(key): item for key, item in found.items() if key != "type"}
    else:
        raise ValueError("must be a name or an object with a 'type'")
    if not name:
        raise ValueError("does not say which: its 'type' is missing")
    return Choice(name, options)


ChoiceField = Annotated[Choice | None, BeforeValidator(_choice)]


class OwnTimeouts(BaseModel):
    """Deadlines of one service, in seconds.

    Attributes:
        connect: From the start of an attempt to an open channel (TCP connect).
        handshake: From the open channel to the end of the handshake and the first list of tools.
        check: One health check.
        call: A call without a result and without progress.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    connect: Duration | None = None
    handshake: Duration | None = None
    check: Duration | None = None
    call: Duration | None = None


class OwnSettings(BaseModel):
    """What MCPStore wants to know about a service that other clients do not.

    Attributes:
        depends_on: Names of services that are opened before it.
        health: The health strategy: its name, or an object with `type` and options.
        recovery: The recovery policy, likewise.
        restart: Whether it is opened again after it ended by itself.
        tool_pinning: What a tool that is not what it was leads to: `off` to nothing, `warn` tells people, `block` also
            withholds it until somebody approves it.
        timeouts: Its deadlines, in seconds.
        inherit_env: Which variables a local service inherits from us.
        containment: What keeps the processes of a local service together; by default the best that is possible.
        addresses: Where a service reached by HTTP may be: `any`, `public`, or a list of `public` and networks.
        agents: The agents it was given to.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    depends_on: list[Annotated[str, Field(min_length=1)]] = []
    health: ChoiceField = None
    recovery: ChoiceField = None
    restart: RestartOption = RestartOption.ALWAYS
    tool_pinning: ToolPinning = ToolPinning.WARN
    timeouts: OwnTimeouts = OwnTimeouts()
    inherit_env: Literal["minimal", "default", "all"] | None = None
    containment: Literal["auto", "cgroup", "marker"] | None = None
    addresses: Annotated[tuple[str, ...] | None, BeforeValidator(read_addresses)] = None
    agents: list[Annotated[str, Field(min_length=1)]] = []


_NONE: Final = OwnSettings()  # thousands of services say nothing, and making one of these is dear

OWN_FIELDS: Final = tuple(OwnSettings.model_fields)
"""The names of our own settings, as they stand under `"mcpstore"`."""


def read_own(value: Any, name: str = "") -> tuple[OwnSettings, list[str]]:
    """Return the settings and what is wrong with them; settings that are wrong are at their defaults.

    Args:
        value: What stands under `"mcpstore"`.
        name: Name of the service, which cannot depend on itself.
    """
    if value is None:
        return _NONE, []
    found = as_object(value)
    if found is None:
        return _NONE, [f"{KEY}: must be an object"]
    try:
        own = OwnSettings.model_validate(dict(found))
    except ValidationError as error:
        return _NONE, [_complaint(problem) for problem in error.errors(include_url=False)]
    if name in own.depends_on:
        return own, [f"{KEY}.depends_on: a service cannot depend on itself"]
    return own, []


def written_own(own: Mapping[str, Any], timeouts: Timeouts) -> dict[str, Any]:
    """Return settings as they are written: only what differs from the defaults.

    Args:
        own: The fields of a `ServiceSpec` that are settings of ours, `inherit_env`, `containment`, `addresses`.
        timeouts: Its deadlines.
    """
    written: dict[str, Any] = {}
    for field in OWN_FIELDS:
        if field == "timeouts":
            stated = {key: value for key in OwnTimeouts.model_fields if (value := getattr(timeouts, key)) is not None}
            if stated:
                written[field] = stated
        elif (value := own.get(field)) and value != getattr(_PLAIN, field, None):
            written[field] = _written(value)
    return written


def _written(value: Any) -> Any:
    if isinstance(value, Choice):
        return {"type": value.name, **value.options} if value.options else value.name
    return str(value) if isinstance(value, str) else list(value)


def _complaint(problem: Any) -> str:
    above = problem["loc"][:-1]
    return validation_message(problem, KEY, list(OwnTimeouts.model_fields) if above else list(OWN_FIELDS))
