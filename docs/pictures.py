"""Take the pictures in the documentation anew: `python docs/pictures.py`.

The demonstration is played for real, and its last picture before everything is stopped is kept.
"""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from mcpstore.demo.show import play

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 96, 33
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # it would be loaded from somebody else's server


async def demo() -> str:
    """Play the demonstration and return its picture as SVG."""
    frames: list[Panel] = []
    screen = Console(file=io.StringIO(), width=WIDTH, height=HEIGHT, force_terminal=True)
    if not await play(screen, live=True, on_frame=frames.append):
        raise SystemExit("the demonstration did not go as it should; the picture stays as it is")
    camera = Console(file=io.StringIO(), width=WIDTH, height=HEIGHT, record=True, force_terminal=True)
    camera.print(frames[-1])
    svg = camera.export_svg(title="$ mcpstore demo")
    return FONT_FACE.sub("", svg)


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "demo.svg").write_text(asyncio.run(demo()), encoding="utf-8")
