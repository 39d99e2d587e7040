"""The rules of a house: which tools may be called, where secrets are, when services rest, and when people are told.

They are in a JSON file that `MCPSTORE_HOUSE_RULES` names; without it there are none.
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
    """The rules.

    Attributes:
        deny: Patterns (as in file names) of tools that nobody may call, as `"service/tool"`.
        secrets: Folder with a file for each variable, as container platforms mount them.
        resting: Patterns of services that are left closed once they fail.
    """

    deny: list[str] = Field(default_factory=list)
    secrets: Path | None = None
    resting: list[str] = Field(default_factory=list)


def rules() -> Rules:
    """Return the rules as they are now; reading a small file is cheap, and rules change."""
    path = os.environ.get("MCPSTORE_HOUSE_RULES")
    return Rules.model_validate_json(Path(path).read_bytes()) if path else Rules()


@hookimpl
def mcpstore_authorize_call(call: CallRequest) -> Refusal | None:
    """Refuse calls that the rules forbid."""
    name = f"{call.service}/{call.tool}"
    try:
        denied = any(fnmatchcase(name, pattern) for pattern in rules().deny)
    except (OSError, ValueError):  # a hook that fails has no opinion, and this one must have one
        return Refusal(why="the rules of the house cannot be read")
    return Refusal(why=f"the rules of the house forbid {name}") if denied else None


@hookimpl
def mcpstore_expand_variable(name: str) -> str | None:
    """Return what the file of a variable holds."""
    folder = rules().secrets
    file = folder / name if folder is not None and name.isidentifier() else None
    return file.read_text("utf-8").strip() if file is not None and file.is_file() else None


@hookimpl
def mcpstore_choose_recovery(incident: FailureContext) -> GiveUp | None:
    """Leave services alone that are to rest."""
    rests = any(fnmatchcase(incident.service, pattern) for pattern in rules().resting)
    return GiveUp(why="the rules of the house let it rest") if rests else None


@hookimpl
def mcpstore_alert_rules() -> Iterable[AlertRule]:
    """Tell people of services that nobody has used for a day."""
    condition = "uptime > 86400.0 && total_calls == 0"
    yield AlertRule("house_unused", condition, AlertLevel.INFO, "nobody has called {service_name} for a day")
