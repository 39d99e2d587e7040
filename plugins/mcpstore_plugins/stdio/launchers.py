"""Programs that download a service before they start it: package launchers and container clients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["container_options_index", "fetches_images", "fetches_packages", "handshake_timeout"]

_HANDSHAKE: Final = 60.0
_FIRST_RUN: Final = 300.0
"""Handshake timeout of launchers whose first run downloads, in seconds; real servers took up to 75 s."""

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
    """Whether the program downloads from a package index, and so needs the settings of the index."""
    return _name(command) in _PACKAGES


def fetches_images(command: str) -> bool:
    """Whether the program runs containers, and so needs the settings of the container engine."""
    return _name(command) in _IMAGES


def handshake_timeout(settings: StdioSettings) -> float:
    """Return the handshake timeout in seconds: long enough for a download where there may be one."""
    known = _PACKAGES | _IMAGES
    verbs = known.get(_name(settings.command))
    # Options may stand before the verb, as in `uv --directory /srv run server.py`.
    may_download = verbs is not None and (not verbs or not verbs.isdisjoint(settings.args))
    return _FIRST_RUN if may_download else _HANDSHAKE


def container_options_index(command: str, args: Sequence[str]) -> int | None:
    """Return the index at which options of `docker run` can be inserted; None if the command runs no container."""
    if not fetches_images(command):
        return None
    if args[:1] == ["run"]:
        return 1
    return 2 if args[:2] == ["container", "run"] else None


def _name(command: str) -> str:
    path = PurePath(command)
    return path.stem if path.suffix.lower() in (".exe", ".cmd") else path.name
