"""Discovery of installed plugins, and import of one plugin.

Stevedore loads the plugins. This module avoids five of its properties:

* It caches entry points on disk and per process, so it does not find a plugin that was just installed. Here the entry
  points are read each time.
* Its cached entry points have no distribution, so errors could not name the version of a plugin. The entry points read
  here have one.
* Its check whether a plugin is enabled runs after the import. Here each plugin is loaded by itself, so a blocked plugin
  is never imported.
* It does not catch `AssertionError` and `SystemExit`; `SystemExit` would end the host program. The caller catches both.
* Of two entry points with the same name, it silently uses the last one. Here none of them is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

import attrs
from stevedore.named import NamedExtensionManager

from mcpstore.hooks.markers import ENTRY_POINT_GROUP

__all__ = ["Candidate", "find", "load"]


@attrs.frozen(kw_only=True)
class Candidate:
    """Installed plugin that is not imported yet.

    Attributes:
        name: Name of its entry point.
        distribution: Name of its distribution.
        version: Version of its distribution.
        entry_point: Its entry point.
        twins: Distributions (with version) that have a plugin of the same name, including its own.
    """

    name: str
    distribution: str
    version: str
    entry_point: metadata.EntryPoint
    duplicates: tuple[str, ...] = ()


class _OneEntryPoint(NamedExtensionManager[Any]):
    """Stevedore manager of a single entry point."""

    def __init__(self, entry_point: metadata.EntryPoint) -> None:
        self._entry_point = entry_point
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # stevedore is partly untyped
            ENTRY_POINT_GROUP, [entry_point.name], on_load_failure_callback=_reraise
        )

    def list_entry_points(self) -> list[metadata.EntryPoint]:
        return [self._entry_point]


def find(
    entry_points: Callable[[], Iterable[metadata.EntryPoint]] = lambda: metadata.entry_points(group=ENTRY_POINT_GROUP),
) -> list[Candidate]:
    """Return the plugins that are installed now, sorted by name."""
    by_name: defaultdict[str, list[Candidate]] = defaultdict(list)
    for entry_point in entry_points():
        distribution = entry_point.dist
        candidate = Candidate(
            name=entry_point.name,
            distribution=distribution.name if distribution else "",
            version=distribution.version if distribution else "",
            entry_point=entry_point,
        )
        # A distribution can be on the path twice (an editable installation and a build); this is no conflict.
        if all(_origin(candidate) != _origin(known) for known in by_name[candidate.name]):
            by_name[candidate.name].append(candidate)
    result: list[Candidate] = []
    for name in sorted(by_name):
        claimants = by_name[name]
        if len(claimants) == 1:
            result += claimants
        else:
            duplicates = tuple(sorted(f"{c.distribution} {c.version}" for c in claimants))
            result += [attrs.evolve(c, duplicates=duplicates) for c in claimants]
    return result


def load(candidate: Candidate) -> object:
    """Import a plugin and return the object that its entry point names.

    Raises:
        BaseException: Any exception of the import, including `SystemExit`; the caller catches it.
    """
    plugin: object = _OneEntryPoint(candidate.entry_point).extensions[0].plugin
    return plugin


def _origin(candidate: Candidate) -> tuple[str, str, str]:
    return (candidate.distribution, candidate.version, candidate.entry_point.value)


def _reraise(_manager: object, _entry_point: metadata.EntryPoint, error: BaseException) -> None:
    raise error
