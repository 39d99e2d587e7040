"""Recreate the pictures of the documentation: `python docs/pictures.py`, or only some: `… demo top report mail`.

The demo runs in real time; its picture is the last frame before everything is stopped. The other pictures show the end
of a simulated day in virtual time, with the same random numbers every time.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import sys
import time
from pathlib import Path

from _pictures.mail import mail
from _pictures.page import photograph, report
from _pictures.screen import screen
from rich.console import Console
from rich.panel import Panel

from mcpstore.demo.scenario import run_demo

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 96, 33
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # it would be loaded from a third-party server


async def demo() -> str:
    """Run the demo and return its last frame as SVG."""
    frames: list[Panel] = []
    screen = Console(file=io.StringIO(), width=WIDTH, height=HEIGHT, force_terminal=True)
    if not await run_demo(screen, live=True, on_frame=frames.append):
        raise SystemExit("the demo failed; its picture is not changed")
    camera = Console(file=io.StringIO(), width=WIDTH, height=HEIGHT, record=True, force_terminal=True)
    camera.print(frames[-1])
    return camera.export_svg(title="$ mcpstore demo")


def main(wanted: list[str]) -> None:
    """Recreate the named pictures; all if none is named."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    PICTURES.mkdir(exist_ok=True)
    if not wanted or "demo" in wanted:
        (PICTURES / "demo.svg").write_text(FONT_FACE.sub("", asyncio.run(demo())), encoding="utf-8")
    if not wanted or "top" in wanted:
        (PICTURES / "top.svg").write_text(FONT_FACE.sub("", screen()), encoding="utf-8")
    for name, page, width, height in (("report", report, 1160, 1330), ("mail", mail, 720, 500)):
        if (not wanted or name in wanted) and not photograph(page(), PICTURES / f"{name}.png", width, height):
            print(f"{name}.png is not changed: chromium is not installed", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
