"""Which plugins are installed, and loading one of them.

Stevedore finds and loads. Five things it does would surprise us, and are met here:

* It caches entry points on disk and per process, so a plugin installed a moment ago is not seen. We read them afresh.
* Its cached entry points have lost their distribution, so nobody could say which version is broken. Ours have not.
* Its enabling check runs after the import. We load one name at a time, so a blocked plugin is never imported.
* It lets `AssertionError` and `SystemExit` through, and the second one would end the host. We catch both.
* Of two entry points with one name the last wins silently. We count the names and refuse every claimant.
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
    """An installed plugin, not yet loaded.

    Attributes:
        name: Name of its entry point.
        distribution: The distribution that brings it.
        version: Version of that distribution.
        entry_point: What to load.
        twins: Distributions (with version) that bring another plugin of the same name.
    """

    name: str
    distribution: str
    version: str
    entry_point: metadata.EntryPoint
    duplicates: tuple[str, ...] = ()


class _OneEntryPoint(NamedExtensionManager[Any]):
    """A stevedore manager of a single entry point."""

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
    """Return the installed plugins in the order of their names, as they are on disk now."""
    by_name: defaultdict[str, list[Candidate]] = defaultdict(list)
    for entry_point in entry_points():
        distribution = entry_point.dist
        candidate = Candidate(
            name=entry_point.name,
            distribution=distribution.name if distribution else "",
            version=distribution.version if distribution else "",
            entry_point=entry_point,
        )
        # One distribution can be on the path twice (an editable install beside a build); that is no conflict.
        if all(_origin(candidate) != _origin(known) for known in by_name[candidate.name]):
            by_name[candidate.name].append(candidate)
    found: list[Candidate] = []
    for name in sorted(by_name):
        claimants = by_name[name]
        if len(claimants) == 1:
            found += claimants
        else:
            told = tuple(sorted(f"{c.distribution} {c.version}" for c in claimants))
            found += [attrs.evolve(c, duplicates=told) for c in claimants]
    return found


def load(candidate: Candidate) -> object:
    """Import a plugin and return the object its entry point names.

    Raises:
        BaseException: Whatever the import raised, `SystemExit` included; the caller contains it.
    """
    plugin: object = _OneEntryPoint(candidate.entry_point).extensions[0].plugin
    return plugin


def _origin(candidate: Candidate) -> tuple[str, str, str]:
    return (candidate.distribution, candidate.version, candidate.entry_point.value)


def _reraise(_manager: object, _entry_point: metadata.EntryPoint, error: BaseException) -> None:
    raise error
