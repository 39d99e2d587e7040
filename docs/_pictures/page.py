"""The picture of the HTML report: a browser looks at that of the day that was played."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from _pictures.fleet import play

from mcpstore import AsyncMCPStore

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SIZE = (1160, 1330)


async def _write(store: AsyncMCPStore) -> str:
    return await store.report("html")


def page(path: Path) -> bool:
    """Take the picture; returns whether there is a browser to take it with."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(play(_write), encoding="utf-8")
        subprocess.run(
            [
                browser, "--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars",
                f"--user-data-dir={folder}/profile", f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={path}",
                file.as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    return True
