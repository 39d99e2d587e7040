"""Write the generated parts of the documentation, or check that they are up to date.

python docs/diagrams.py            writes docs/explanation/lifecycle.svg and the marked parts of lifecycle.md
python docs/diagrams.py --check    changes nothing; ends with 1 and names the files that would change
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parents[1]))  # the model of the machine is in tests/model_check

from _lifecycle.blocks import BLOCKS
from _lifecycle.observed import Observed, observe
from _lifecycle.picture import draw

HERE: Final = Path(__file__).parent
PAGE: Final = Path("explanation/lifecycle.md")
PICTURE: Final = Path("explanation/lifecycle.svg")
MARKED: Final = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def generate(docs: Path) -> dict[Path, str]:
    """Return the text of each generated file.

    Args:
        docs: The folder with the page that the generated parts are written into.
    """
    observed = observe()
    page = _filled((docs / PAGE).read_text(encoding="utf-8"), observed)
    return {PAGE: page, PICTURE: draw(observed)}


def _filled(text: str, observed: Observed) -> str:
    names = [name for _, name, _ in MARKED.findall(text)]
    if sorted(names) != sorted(BLOCKS):
        raise RuntimeError(f"{PAGE} must have each part once: {', '.join(BLOCKS)} (has {', '.join(names)})")
    return MARKED.sub(lambda part: f"{part[1]}\n{BLOCKS[part[2]](observed)}\n\n{part[3]}", text)


def main(arguments: list[str], docs: Path = HERE) -> int:
    """Write or check; return the exit code."""
    outdated = []
    for name, text in generate(docs).items():
        file = docs / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            outdated.append(name)
            if arguments != ["--check"]:
                file.write_text(text, encoding="utf-8")
    checking = arguments == ["--check"]
    for name in outdated:
        print(f"docs/{name}: {'is out of date; run: python docs/diagrams.py' if checking else 'written'}")
    return 1 if checking and outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
