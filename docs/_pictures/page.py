"""Pictures of HTML pages, made with an installed browser."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from _pictures.fleet import play

from mcpstore import AsyncMCPStore

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


async def _report(store: AsyncMCPStore) -> str:
    return await store.report("html")


def report() -> str:
    """Return the report of the simulated day."""
    return play(_report)


def photograph(page: str, path: Path, width: int, height: int) -> bool:
    """Save a screenshot of a page; returns whether a browser is installed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                browser, "--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars",
                f"--user-data-dir={folder}/profile", f"--window-size={width},{height}", f"--screenshot={path}",
                file.as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    return True
