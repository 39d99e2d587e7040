"""Registration of services: input in any accepted form becomes specifications that can be opened."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from mcpstore.config.editing import add_edits, replace_edits
from mcpstore.config.reader import ParsedConfig, read
from mcpstore.config.service_input import InputReport, ServiceInput, examine, with_fields
from mcpstore.errors import ConfigError, PluginError
from mcpstore.hooks.persistence import MISSING, Edit, Path
from mcpstore.hooks.transport import Transport
from mcpstore.models.service import ServiceSpec
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.validation import validated
from mcpstore.store.config_source import open_document
from mcpstore.store.parts import StoreParts

__all__ = ["choice_problems", "edits_for", "read_input", "unusable"]


async def read_input(config: Any, name: str | None, fields: Mapping[str, Any], plugins: PluginManager) -> InputReport:
    """Return the services in the input of `add_service`: the usable ones, and the refused ones with the reasons.

    Args:
        config: An entry, a configuration, a list of these, or the path of a file that holds one.
        name: Name of the service, if it was given as a keyword.
        fields: Fields of its entry that were given as keywords.
        plugins: The plugins whose persistence backends may read the file.

    Raises:
        ConfigError: The input has none of these forms, or the file cannot be read.
    """
    if isinstance(config, str | os.PathLike) and name is None and not fields:
        document = open_document(config, plugins)
        reading = read(await document.read(), where=document.location)
        if not reading.specs and not reading.refused:
            raise ConfigError("; ".join(map(str, reading.problems)) or f"{document.location} contains no services")
        usable = tuple(
            ServiceInput(spec=spec, dialect=reading.locations[spec.name].dialect) for spec in reading.specs.values()
        )
        return InputReport(usable=usable, refused=reading.refused)
    return examine(with_fields(config, name, fields))


async def unusable(spec: ServiceSpec, parts: StoreParts) -> tuple[str, ...]:
    """Return why a service can never be opened: an unknown plugin, or settings that its plugin refuses.

    Settings with variables are validated when the service is opened, because the variables may have values by then.
    """
    plugins = parts.plugins
    if problems := await choice_problems(spec, plugins):
        return tuple(problems)
    try:
        transport: Transport[Any] = await plugins.get_offer_async("transport", spec.transport)
        text = _as_text(spec.settings)
        if text is None and not parts.config_store.is_in_memory:
            return ("the entry holds a Python object, which cannot be written to a file; name it 'module:attribute'",)
        if text is None or not any(mark in text for mark in ("${", "{env:", "{file:")):
            prepared = await parts.preparation.prepare(spec)
            validated(transport.config, prepared.settings, transport.name)
    except (ConfigError, PluginError) as error:
        return (str(error),)
    return ()


async def choice_problems(spec: ServiceSpec, plugins: PluginManager) -> list[str]:
    """Return the problems with the health strategy and the recovery policy that an entry names."""
    problems: list[str] = []
    for kind, choice in (("health strategy", spec.health), ("recovery policy", spec.recovery)):
        try:
            offer = await plugins.get_offer_async(kind, choice.name)
            validated(offer.config, dict(choice.options), choice.name)
        except PluginError as error:
            problems.append(str(error))
        except ConfigError as error:
            problems.append(f"{kind} {choice.name!r}: {error}")
    return problems


def _as_text(settings: Mapping[str, Any]) -> str | None:
    """Return settings as JSON, or None if they hold a value that JSON has no form for."""
    try:
        return json.dumps(settings)
    except (TypeError, ValueError):
        return None


def edits_for(reading: ParsedConfig, entries: Sequence[ServiceInput], agent: str | None) -> list[Edit]:
    """Return the edits that add services to a configuration, or replace the entries that have their names.

    Args:
        reading: The configuration as it is now.
        entries: The services.
        agent: The agent they are assigned to, if any.
    """
    edits: list[Edit] = []
    appended: Counter[Path] = Counter()
    for entry in entries:
        for edit in _edits_for_one(reading, entry, agent):
            parent, last = edit.path[:-1], edit.path[-1]
            if isinstance(last, int) and edit.expect is MISSING:  # several additions to one list: one after the other
                edits.append(attrs.evolve(edit, path=(*parent, last + appended[parent])))
                appended[parent] += 1
            else:
                edits.append(edit)
    return edits


def _edits_for_one(reading: ParsedConfig, entry: ServiceInput, agent: str | None) -> list[Edit]:
    known = reading.specs.get(entry.name)
    agents = {*(known.agents if known else ()), *entry.spec.agents, *((agent,) if agent else ())}
    wanted = attrs.evolve(entry.spec, agents=tuple(sorted(agents)))
    if entry.name not in reading.locations:
        return add_edits(reading, wanted, entry.dialect)
    return [] if known == wanted else replace_edits(reading, wanted)
