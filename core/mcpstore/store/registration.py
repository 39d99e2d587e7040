"""Taking in services: from what was handed over to specifications that can be opened."""

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
from mcpstore.store.manager import StoreManager

__all__ = ["edits_for", "handed_over", "unusable", "wrong_choices"]


async def handed_over(config: Any, name: str | None, fields: Mapping[str, Any], plugins: PluginManager) -> InputReport:
    """Return what was handed over to `add_service`, sorted into what can be used and what cannot.

    Args:
        config: An entry, a configuration, a list of them, or the path of a file that holds one.
        name: Name of the service, if it was given as a keyword.
        fields: Fields of its entry that were given as keywords.
        plugins: The plugins whose backends may read the file.

    Raises:
        ConfigError: It is nothing of this kind, or the file cannot be read.
    """
    if isinstance(config, str | os.PathLike) and name is None and not fields:
        document = open_document(config, plugins)
        reading = read(await document.read(), where=document.location)
        if not reading.specs and not reading.refused:
            told = "; ".join(map(str, reading.problems)) or f"{document.location}: there are no services in it"
            raise ConfigError(told)
        usable = tuple(
            ServiceInput(spec=spec, dialect=reading.places[spec.name].dialect) for spec in reading.specs.values()
        )
        return InputReport(usable=usable, refused=reading.refused)
    return examine(with_fields(config, name, fields))


async def unusable(spec: ServiceSpec, house: StoreManager) -> tuple[str, ...]:
    """Return why a service could never be opened: an unknown transport, settings its transport does not understand.

    Settings with variables are looked at when it is opened: the variables may have got their values by then.
    """
    plugins = house.plugins
    if wrong := await wrong_choices(spec, plugins):
        return tuple(wrong)
    try:
        transport: Transport[Any] = await plugins.obtain("transport", spec.transport)
        text = _as_text(spec.settings)
        if text is None and not house.keeps_objects:
            return ("it holds a Python object, which cannot be written to a file; name it as 'module:attribute'",)
        if text is None or not any(mark in text for mark in ("${", "{env:", "{file:")):
            prepared = await house.prepare(spec)
            validated(transport.config, prepared.settings, transport.name)
    except (ConfigError, PluginError) as error:
        return (str(error),)
    return ()


async def wrong_choices(spec: ServiceSpec, plugins: PluginManager) -> list[str]:
    """Return what is wrong with the health strategy and the recovery policy that an entry names."""
    wrong: list[str] = []
    for family, choice in (("health strategy", spec.health), ("recovery policy", spec.recovery)):
        try:
            offer = await plugins.obtain(family, choice.name)
            validated(offer.config, dict(choice.options), choice.name)
        except PluginError as error:
            wrong.append(str(error))
        except ConfigError as error:
            wrong.append(f"{family} {choice.name!r}: {error}")
    return wrong


def _as_text(settings: Mapping[str, Any]) -> str | None:
    """Return settings as JSON, or None if they hold something that is no JSON value."""
    try:
        return json.dumps(settings)
    except (TypeError, ValueError):
        return None


def edits_for(reading: ParsedConfig, given: Sequence[ServiceInput], agent: str | None) -> list[Edit]:
    """Return the edits that add services to a configuration, or change the ones of their names into them.

    Args:
        reading: The configuration as it stands.
        given: The services.
        agent: The agent they are given to, if any.
    """
    edits: list[Edit] = []
    appended: Counter[Path] = Counter()
    for one in given:
        for edit in _edits_for_one(reading, one, agent):
            above, last = edit.path[:-1], edit.path[-1]
            if isinstance(last, int) and edit.expect is MISSING:  # each further one goes behind the one before
                edits.append(attrs.evolve(edit, path=(*above, last + appended[above])))
                appended[above] += 1
            else:
                edits.append(edit)
    return edits


def _edits_for_one(reading: ParsedConfig, given: ServiceInput, agent: str | None) -> list[Edit]:
    known = reading.specs.get(given.name)
    agents = {*(known.agents if known else ()), *given.spec.agents, *((agent,) if agent else ())}
    wanted = attrs.evolve(given.spec, agents=tuple(sorted(agents)))
    if given.name not in reading.places:
        return add_edits(reading, wanted, given.dialect)
    return [] if known == wanted else replace_edits(reading, wanted)
