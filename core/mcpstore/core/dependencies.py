"""Order in which services are opened, by their dependencies; detection of cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mcpstore.errors import DependencyCycle

__all__ = ["dependents", "layers", "start_order"]


def layers(depends_on: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the services in layers: each service depends only on services of earlier layers.

    Within a layer the order of `depends_on` is kept. Dependencies that are not keys of `depends_on` are ignored,
    because these services do not exist.

    Raises:
        DependencyCycle: Services depend on each other.
    """
    waiting = {name: {d for d in needed if d in depends_on} for name, needed in depends_on.items()}
    done: set[str] = set()
    result: list[list[str]] = []
    while waiting:
        layer = [name for name, needed in waiting.items() if needed <= done]
        if not layer:
            raise DependencyCycle(_find_cycle(waiting, done))
        result.append(layer)
        done.update(layer)
        for name in layer:
            del waiting[name]
    return result


def start_order(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the services in an order in which each follows its dependencies.

    Raises:
        DependencyCycle: Services depend on each other.
    """
    return [name for layer in layers(depends_on) for name in layer]


def dependents(depends_on: Mapping[str, Iterable[str]], name: str) -> list[str]:
    """Return the services that depend on `name`, directly or indirectly, in the order of `depends_on`."""
    result = {name}
    grew = True
    while grew:
        more = {other for other, needed in depends_on.items() if result.intersection(needed)} - result
        result |= more
        grew = bool(more)
    return [other for other in depends_on if other in result and other != name]


def _find_cycle(waiting: Mapping[str, set[str]], done: set[str]) -> list[str]:
    path: list[str] = []
    name = next(iter(waiting))
    while name not in path:  # every service here waits for another one, so the path must reach a name twice
        path.append(name)
        name = min(waiting[name] - done)
    return path[path.index(name) :]
