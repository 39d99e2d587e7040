"""The step before a service is opened: the variables in its entry are replaced by their values."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from mcpstore.config.expansion import ExpansionContext, expand, workspace_of
from mcpstore.models.redaction import Redactor
from mcpstore.models.service import ServiceSpec
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.runner_services import Prepared
from mcpstore.store.config_store import ConfigStore

__all__ = ["ServicePreparation"]

EXPAND: Final = "mcpstore_expand_variable"

LOOKUP_LIMIT: Final = 10.0
"""Time limit for the plugins that expand one variable, in seconds."""


class ServicePreparation:
    """Expands the variables of entries.

    Args:
        plugins: May give variables their values.
        config_store: The configuration: its inputs, and the folder that relative values refer to.
    """

    def __init__(self, plugins: PluginManager, config_store: ConfigStore) -> None:
        self._plugins: Final = plugins
        self._config_store: Final = config_store

    async def prepare(self, spec: ServiceSpec) -> Prepared:
        """Return the settings of a service with the values of its variables.

        Files may have to be read, so the expansion runs in a thread.

        Raises:
            ConfigError: A variable has no value.
        """
        expanded = await asyncio.to_thread(expand, spec, self._surroundings(spec, asyncio.get_running_loop()))
        self._plugins.secrets.add_values(spec.name, expanded.secrets)
        return Prepared(settings=expanded.settings, redact=Redactor(expanded.secrets))

    def _surroundings(self, spec: ServiceSpec, loop: asyncio.AbstractEventLoop) -> ExpansionContext:
        def lookup(name: str) -> str | None:
            if not self._plugins.has_hook(EXPAND):
                return None
            decision = self._plugins.decide(EXPAND, name=name, service=spec.name)
            answer: Future[Any] = asyncio.run_coroutine_threadsafe(decision, loop)
            value = answer.result(LOOKUP_LIMIT)
            return value if isinstance(value, str) else None

        inputs = self._config_store.reading.inputs
        if self._config_store.is_in_memory:
            return ExpansionContext(inputs=inputs, lookup=lookup)
        location = Path(self._config_store.location).expanduser().absolute()
        return ExpansionContext(
            inputs=inputs, lookup=lookup, workspace=str(workspace_of(location)), folder=str(location.parent)
        )
