"""What is known about programs that fetch a service before they start it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["fetches_images", "fetches_packages", "handshake_timeout", "runs_container"]

_HANDSHAKE: Final = 60.0
_FIRST_RUN: Final = 300.0
"""Seconds for launchers whose first run downloads: real servers took up to 75 s on a good line."""

_PACKAGES: Final[dict[str, frozenset[str]]] = {
    "npx": frozenset(),
    "pnpx": frozenset(),
    "bunx": frozenset(),
    "uvx": frozenset(),
    "npm": frozenset({"exec", "x"}),
    "pnpm": frozenset({"dlx"}),
    "yarn": frozenset({"dlx"}),
    "bun": frozenset({"x"}),
    "uv": frozenset({"run"}),
    "pipx": frozenset({"run"}),
}
_IMAGES: Final[dict[str, frozenset[str]]] = {name: frozenset({"run"}) for name in ("docker", "podman", "nerdctl")}


def fetches_packages(command: str) -> bool:
    """Whether the program gets what it runs from a package index, and so needs to know which one."""
    return _name(command) in _PACKAGES


def fetches_images(command: str) -> bool:
    """Whether the program runs containers, and so needs to know which engine to ask."""
    return _name(command) in _IMAGES


def handshake_timeout(settings: StdioSettings) -> float:
    """Return how long an opening may take, in seconds: long enough for a first run where there is a download."""
    known = _PACKAGES | _IMAGES
    verbs = known.get(_name(settings.command))
    # Options may stand before the verb, as in `uv --directory /srv run server.py`.
    slow = verbs is not None and (not verbs or not verbs.isdisjoint(settings.args))
    return _FIRST_RUN if slow else _HANDSHAKE


def runs_container(command: str, args: Sequence[str]) -> int | None:
    """Return after how many arguments the options of `docker run` begin, or None if it is something else."""
    if not fetches_images(command):
        return None
    if args[:1] == ["run"]:
        return 1
    return 2 if args[:2] == ["container", "run"] else None


def _name(command: str) -> str:
    path = PurePath(command)
    return path.stem if path.suffix.lower() in (".exe", ".cmd") else path.name
