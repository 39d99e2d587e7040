"""Site policy: forbidden tools, files with secrets, services that are not restarted, and an alert rule.

The policy is a JSON file, named by `MCPSTORE_HOUSE_RULES`. Without that variable it is empty.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, Field

from mcpstore.hooks import AlertLevel, AlertRule, CallRequest, FailureContext, GiveUp, Refusal, hookimpl

__all__ = ["Rules", "rules"]

mcpstore_api = ">=1.0,<2"


class Rules(BaseModel, extra="forbid"):
    """The policy. Patterns are those of file names, such as `"files/*"`.

    Attributes:
        deny: Patterns of tools that must not be called, as `"service/tool"`.
        secrets: Folder with a file for each variable, as container platforms mount it.
        resting: Patterns of services that stay closed after a failure.
    """

    deny: list[str] = Field(default_factory=list)
    secrets: Path | None = None
    resting: list[str] = Field(default_factory=list)


def rules() -> Rules:
    """Return the present policy; the file is read at each call, so that a change takes effect at once."""
    path = os.environ.get("MCPSTORE_HOUSE_RULES")
    return Rules.model_validate_json(Path(path).read_bytes()) if path else Rules()


@hookimpl
def mcpstore_authorize_call(call: CallRequest) -> Refusal | None:
    """Refuse calls that the policy forbids."""
    name = f"{call.service}/{call.tool}"
    try:
        denied = any(fnmatchcase(name, pattern) for pattern in rules().deny)
    except (OSError, ValueError):  # an exception would allow the call
        return Refusal(why="the site policy cannot be read")
    return Refusal(why=f"the site policy forbids {name}") if denied else None


@hookimpl
def mcpstore_expand_variable(name: str) -> str | None:
    """Return the content of the file of a variable, or None if it has none."""
    folder = rules().secrets
    file = folder / name if folder is not None and name.isidentifier() else None
    return file.read_text("utf-8").strip() if file is not None and file.is_file() else None


@hookimpl
def mcpstore_choose_recovery(incident: FailureContext) -> GiveUp | None:
    """Give up services that must stay closed after a failure."""
    rests = any(fnmatchcase(incident.service, pattern) for pattern in rules().resting)
    return GiveUp(why="the site policy keeps it closed after a failure") if rests else None


@hookimpl
def mcpstore_alert_rules() -> Iterable[AlertRule]:
    """Return the rule for services without calls for a day."""
    condition = "uptime > 86400.0 && total_calls == 0"
    yield AlertRule("house_unused", condition, AlertLevel.INFO, "{service_name} has had no calls for a day")
