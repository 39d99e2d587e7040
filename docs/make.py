"""Make what the documentation takes from the code.

python docs/make.py            writes every generated page and picture
python docs/make.py --check    changes nothing; ends with 1 and names the files that would change
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import diagrams
from _reference import command_line, errors, hooks, python, settings
from _reference.abilities import abilities
from _reference.included import included

HERE: Final = Path(__file__).parent
NOTE: Final = "<!-- made by docs/make.py from the code -->\n"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "reference/python.md": python.page,
    "reference/command-line.md": command_line.page,
    "reference/settings.md": settings.page,
    "reference/errors.md": errors.page,
    "plugins/hooks.md": hooks.page,
}


def generate() -> dict[Path, str]:
    """Return what the generated files should hold."""
    made = {HERE / path: text for path, text in diagrams.generate(HERE).items()}
    made |= included(HERE) | abilities(HERE)
    for name, page in PAGES.items():
        made[HERE / name] = NOTE + page().rstrip() + "\n"
    return made


def main() -> None:
    """Write the files, or check them."""
    stale = [path for path, text in generate().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(HERE.parent)} is out of date; run: python docs/make.py")
        sys.exit(bool(stale))
    for path, text in generate().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
