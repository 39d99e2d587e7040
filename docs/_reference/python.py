"""The Python reference: stores, verbs, records, enumerations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
from _reference import records
from _reference.docstrings import entries, first_sentence, prose, text_of
from _reference.signatures import signature

from mcpstore.models import alert, catalog, host, metrics, service, state_history
from mcpstore.models.record import NamedList, Record
from mcpstore.runtime.alerting import ChannelStatus
from mcpstore.store import AsyncMCPStore, AsyncServiceContext, CallResult, CheckResult, Diagnosis

RECORDS = (
    service.ServiceSnapshot,
    service.ServiceInfo,
    service.StateMetadata,
    catalog.Tool,
    catalog.Resource,
    catalog.Prompt,
    CallResult,
    CheckResult,
    Diagnosis,
    metrics.ServiceMetrics,
    metrics.ToolMetrics,
    metrics.MetricsSample,
    host.HostMetrics,
    state_history.StateInterval,
    alert.Alert,
    alert.Silence,
    ChannelStatus,
)
ENUMS = (
    service.ServiceConnectionState,
    service.ServiceStatus,
    service.Reason,
    service.RestartOption,
    alert.AlertLevel,
    alert.AlertKind,
)
TIMING: Final = "settings.md#timing"


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Python API"
    yield ""
    yield "`MCPStore` and `AsyncMCPStore` have the same verbs. The verbs of `AsyncMCPStore` are awaited."
    yield "`for_store()` and `for_agent(…)` return contexts. A context has the verbs of services and tools."
    yield ""
    yield "## Opening a store"
    yield ""
    yield from _class(AsyncMCPStore)
    for name in ("setup_store", "close", "for_store", "for_agent", "list_plugins", "config_problems", "lint_config"):
        yield from _verb(name, getattr(AsyncMCPStore, name))
    yield "## Verbs"
    yield ""
    for name, verb in _verbs(AsyncServiceContext):
        yield from _verb(name, verb)
    yield "## Records"
    yield ""
    yield f"{first_sentence(Record)} {first_sentence(NamedList)}"
    yield ""
    for record in RECORDS:
        yield from _record(record)
    yield "## Enumerations"
    yield ""
    for enum in ENUMS:
        yield from _enum(enum)


def _verbs(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for owner in reversed(cls.__mro__):
        for name, member in vars(owner).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                yield name, member


def _class(cls: type) -> Iterator[str]:
    yield f"```text\n{signature('MCPStore', cls)}\n```"
    yield ""
    yield text_of(cls)
    yield ""
    yield from _table("Args", "argument", cls)
    yield f"[`Timing`]({TIMING}) holds every duration of the lifecycle; the table lists its fields and their defaults."
    yield ""
    yield from _table("Raises", "raises", cls)


def _verb(name: str, verb: Callable[..., Any]) -> Iterator[str]:
    yield f"### `{name}`"
    yield ""
    yield f"```text\n{signature(name, verb)}\n```"
    yield ""
    yield text_of(verb)
    yield ""
    yield from _table("Args", "argument", verb)
    if returns := prose(verb, "Returns"):
        yield f"Returns: {returns}"
        yield ""
    yield from _table("Raises", "raises", verb)


def _record(record: type) -> Iterator[str]:
    yield f"### `{record.__name__}`"
    yield ""
    yield text_of(record)
    yield ""
    shown = record.SHOWN or [field.name for field in attrs.fields(record)]
    shown = [*shown, *(name for name, member in vars(record).items() if isinstance(member, property))]
    yield from records.record(record, iter(dict.fromkeys(shown)))


def _enum(enum: type) -> Iterator[str]:
    yield f"### `{enum.__name__}`"
    yield ""
    yield text_of(enum)
    yield ""
    yield from records.enum(enum)


def _table(section: str, title: str, thing: object) -> Iterator[str]:
    texts = entries(thing, section)
    if texts:
        yield f"| {title} | |"
        yield "|---|---|"
        for name, text in texts.items():
            yield f"| `{name}` | {text} |"
        yield ""
