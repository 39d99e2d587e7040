"""Files that pages show: each block after a mark `<!-- shows PATH -->` is that file, to the letter."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["included"]

MARK = re.compile(r"^<!-- shows (\S+) -->\n```(\w+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def included(docs: Path) -> dict[Path, str]:
    """Return the pages that show files, with the files as they are now."""
    found: dict[Path, str] = {}
    for page in sorted(docs.rglob("*.md")):
        text = page.read_text("utf-8")
        if MARK.search(text):
            found[page] = MARK.sub(lambda mark: _block(docs.parent, mark[1], mark[2]), text)
    return found


def _block(root: Path, path: str, language: str) -> str:
    return f"<!-- shows {path} -->\n```{language}\n{(root / path).read_text('utf-8')}```"
