"""Writes the versions that were tested into `[tool.uv]` of pyproject.toml; run by `nox -s constraints`.

Reads what `uv pip compile` printed into a file: one requirement a line, without hashes and without any address.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
LIST = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[\w.!+-]+( ; .+)?")


def main() -> None:
    lines = [line.strip() for line in Path(sys.argv[1]).read_text("utf-8").splitlines() if line.strip()]
    if odd := [line for line in lines if not REQUIREMENT.fullmatch(line)]:
        sys.exit(f"not a held version: {odd[0]!r}; nothing was written")
    quoted = "".join(f'    "{line}",\n' for line in (line.replace('"', "'") for line in lines))
    text, count = LIST.subn(lambda _: f"constraint-dependencies = [\n{quoted}]\n", PYPROJECT.read_text("utf-8"))
    if count != 1:
        sys.exit("pyproject.toml has no single list constraint-dependencies; nothing was written")
    PYPROJECT.write_text(text, "utf-8")
    print(f"{len(lines)} versions are held")


if __name__ == "__main__":
    main()
