"""The distributions of contrib, built and installed for a child interpreter only."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
DISTRIBUTIONS = sorted(path.name for path in CONTRIB.iterdir() if (path / "pyproject.toml").exists())
DEADLINE = 300


@attrs.frozen
class Installed:
    """A folder with installed distributions.

    Attributes:
        folder: The folder.
        environment: The environment of programs that see them.
    """

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    def python(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, *arguments, cwd=cwd)


def build(project: Path, into: Path) -> Path:
    """Build the wheel of a project, without a network."""
    into = into / project.name
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)],
        cwd=project, capture_output=True, text=True, timeout=DEADLINE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder, wheels = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("wheels")
    for name in DISTRIBUTIONS:
        # a wheel of pure Python is installed as soon as it is unpacked
        zipfile.ZipFile(build(CONTRIB / name, wheels)).extractall(folder)
    home = tmp_path_factory.mktemp("home")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": str(folder),
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    return Installed(folder, environment)
