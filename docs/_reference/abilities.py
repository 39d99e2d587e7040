"""The abilities of each test suite, written between the marks in docs/plugins/testing.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mcpstore.testing import suites

__all__ = ["abilities"]

PAGE: Final = "plugins/testing.md"
SUITES: Final = (
    "TransportSuite",
    "PersistenceSuite",
    "AlertHandlerSuite",
    "HealthStrategySuite",
    "RecoveryPolicySuite",
)
MARKED: Final = re.compile(r"(?<=<!-- abilities: from the code -->\n).*?(?=<!-- end of abilities -->)", re.DOTALL)


def abilities(docs: Path) -> dict[Path, str]:
    """Return the page with the current abilities."""
    page = docs / PAGE
    return {page: MARKED.sub(lambda _mark: "\n".join(_tables()) + "\n", page.read_text("utf-8"))}


def _tables() -> Iterator[str]:
    yield ""
    for name in SUITES:
        suite = getattr(suites, name)
        yield f"| ability in `{name}` | what a plugin with it can do |"
        yield "|---|---|"
        for ability, text in sorted(suite.capabilities.items()):
            yield f"| `{ability}` | {text} |"
        yield ""
