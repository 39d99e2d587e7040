"""Cache of the hooks and offers of installed plugins, from their last import.

With it, a plugin is imported only when it is needed, so that many installed plugins do not slow down a start. A plugin
that is not in the cache, or has changed, is imported. If the cache file is deleted, the next start is slower.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import attrs

from mcpstore._version import __version__
from mcpstore.hooks.markers import API_VERSION
from mcpstore.models.json_types import as_array, as_object
from mcpstore.plugin_manager.discovery import Candidate
from mcpstore.storage.atomic import replace_file

__all__ = ["CachedPlugin", "PluginCache"]

MAX_PLUGINS: Final = 1000
"""Number of cached plugins above which those that are not installed any more are removed from the cache."""

_log = logging.getLogger("mcpstore.plugins")


@attrs.frozen(kw_only=True)
class CachedPlugin:
    """Cached data of a plugin.

    Attributes:
        hooks: Names of its hooks.
        offers: Kind and name of each offer.
    """

    hooks: tuple[str, ...] = ()
    offers: tuple[tuple[str, str], ...] = ()


class PluginCache:
    """Cache of the plugins of one Python environment, in one file. Blocks; call it in a thread.

    Args:
        path: Path of the file; None for one in the user's cache folder, for this environment and this version of
            MCPStore.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path: Final = path or _default_path()
        self._known: dict[str, Any] | None = None
        self._seen: set[str] = set()
        self._is_changed: bool = False

    def get(self, candidate: Candidate) -> CachedPlugin | None:
        """Return the cached data of a plugin; None if there is none or the plugin has changed."""
        if self._known is None:
            self._known = self._read()
        self._seen.add(_key(candidate))
        record = as_object(self._known.get(_key(candidate)))
        if record is None or record.get("stamp") != _stamp(candidate):
            return None
        hooks, offers = as_array(record.get("hooks")), as_array(record.get("offers"))
        pairs = [as_array(pair) for pair in offers or ()]
        if hooks is None or offers is None or not all(pair and len(pair) == 2 for pair in pairs):  # noqa: PLR2004
            return None
        return CachedPlugin(
            hooks=tuple(map(str, hooks)),
            offers=tuple((str(pair[0]), str(pair[1])) for pair in pairs if pair),
        )

    def put(self, candidate: Candidate, cached: CachedPlugin | None) -> None:
        """Set the data of an imported plugin; None if it must be imported at the next start, too."""
        known = self._known = self._read() if self._known is None else self._known
        key, stamp = _key(candidate), _stamp(candidate)
        self._seen.add(key)
        record = None
        if cached is not None and stamp is not None:
            record = {"stamp": stamp, "hooks": list(cached.hooks), "offers": [list(offer) for offer in cached.offers]}
        if record == known.get(key):
            return
        if record is None:
            known.pop(key)
        else:
            known[key] = record
        self._is_changed = True

    def save(self) -> None:
        """Write the changes to the file; if this fails, only the next start is slower."""
        if not self._is_changed or self._known is None:
            return
        self._is_changed = False
        if len(self._known) > MAX_PLUGINS:
            self._known = {key: record for key, record in self._known.items() if key in self._seen}
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(self._known).encode(), durable=False)
        except OSError as error:
            _log.debug("%s cannot be written: %s", self._path, error)

    def _read(self) -> dict[str, Any]:
        try:
            return dict(as_object(json.loads(self._path.read_text("utf-8"))) or {})
        except (OSError, ValueError):
            return {}


def _default_path() -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - not needed if a path is given

    environment = f"{sys.prefix} {sys.version} {__version__} {API_VERSION}"
    return user_cache_path("mcpstore") / f"plugins-{hashlib.sha256(environment.encode()).hexdigest()[:16]}.json"


def _key(candidate: Candidate) -> str:
    return f"{candidate.distribution} {candidate.version}: {candidate.name} = {candidate.entry_point.value}"


def _stamp(candidate: Candidate) -> list[Any] | None:
    """Return data that differ after each change of a plugin; None if unknown, as for an editable installation."""
    distribution = candidate.entry_point.dist
    if distribution is None:
        return None
    try:
        if '"editable": true' in (distribution.read_text("direct_url.json") or ""):
            return None
        top, *below = candidate.entry_point.module.split(".")
        spec = find_spec(top)  # of the top package only: finding a submodule would import the package
        if spec is None or spec.origin is None:
            return None
        file = Path(spec.origin)
        for part in below:
            package = file.parent / part / "__init__.py"
            file = package if package.exists() else file.parent / f"{part}.py"
        status = file.stat()
    except (OSError, ImportError, ValueError, AttributeError):
        return None
    return [str(file), status.st_mtime_ns, status.st_size]
