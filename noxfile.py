"""Sessions of this project: `nox` runs what CI runs; `nox -l` lists all of them."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "types", "imports", "docs"]
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
KERNEL = "mcpstore.core,mcpstore.models"
KERNEL_TESTS = ("tests/core", "tests/models")
SHORT_SIMULATION = ("--fleet", "50", "--processes", "2", "--interval", "120")

PYTHONS = nox.project.python_versions(PYPROJECT)
PINNED = PYPROJECT["tool"]["uv"]["constraint-dependencies"]


def groups(*names: str) -> list[str]:
    """Return the requirements of dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


def install(session: nox.Session, *requirements: str) -> None:
    """Install requirements in the versions that were tested."""
    constraints = Path(session.create_tmp()) / "constraints.txt"
    constraints.write_text("\n".join(PINNED) + "\n", "utf-8")
    session.install("--constraint", str(constraints.resolve()), *requirements)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, and require that those of the kernel cover all of its branches."""
    install(session, "-e", ".", *groups("test"))
    run_tests(session)


@nox.session(default=False)
def newest(session: nox.Session) -> None:
    """Run the tests with the newest version of every dependency, without the constraints of pyproject.toml."""
    session.install("--no-config", "--upgrade", "-e", ".", *groups("test"))
    run_tests(session)


NOT_FOR_THIS = re.compile(r"\w+ lacks '|root may|the files are the same|nothing is read-only for root")
"""Reasons of tests that never apply to what they were asked to test; nothing is missing on the machine."""


def skipped(record: Path) -> str:
    """Return one line that names what could not be tested on this machine, and why."""
    lines = record.read_text("utf-8").splitlines() if record.exists() else []
    reasons = Counter(json.loads(line)["reason"] for line in dict.fromkeys(lines))
    missing = {reason: count for reason, count in reasons.most_common() if not NOT_FOR_THIS.match(reason)}
    listed = "; ".join(f"{count} ({reason})" for reason, count in missing.items())
    others = reasons.total() - sum(missing.values())
    return f"tests skipped on this machine: {listed or 'none'}; {others} do not apply to what they would test"


def run_tests(session: nox.Session) -> None:
    """Run the tests; the last line names what was skipped."""
    record = Path(session.create_tmp()).resolve() / "skips.jsonl"
    record.unlink(missing_ok=True)
    session.env["MCPSTORE_SKIPS"] = str(record)
    session.env["PYTHONDONTWRITEBYTECODE"] = (
        ""  # hundreds of processes are started: each would compile everything again
    )
    try:
        if session.posargs:
            session.run("pytest", *session.posargs)
            return
        session.run(
            *("pytest", "-n", "2", "--dist", "loadfile", "-m", "not real", "--instafail", "--durations", "25"),
            *(f"--ignore={folder}" for folder in KERNEL_TESTS),
        )
        session.run("coverage", "run", f"--source={KERNEL}", "-m", "pytest", "-q", *KERNEL_TESTS)
        session.run("coverage", "report", "--fail-under=100")
    finally:
        session.log(skipped(record))


@nox.session(python=PYTHONS)
def versions(session: nox.Session) -> None:
    """Run the tests on every version of Python that is supported and installed."""
    install(session, "-e", ".", *groups("test"))
    session.run("pytest", "-n", "2", "--dist", "loadfile", "-m", "not real", *session.posargs)


@nox.session
def real(session: nox.Session) -> None:
    """Run eight real servers from PyPI and npm; needs npx, uvx and their registries."""
    install(session, "-e", ".", *groups("test"))
    session.run("pytest", "-m", "real", "-s", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill managers under load, 200 times at random instants; the next one must lose and double nothing."""
    install(session, "-e", ".", *groups("test"))
    session.run("pytest", "-m", "chaos", "-s", *session.posargs, env={"MCPSTORE_KILLS": "200"})


@nox.session
def contrib(session: nox.Session) -> None:
    """Install each distribution of contrib beside MCPStore, as a user would, and run its own tests."""
    install(session, ".[testing]")
    for project in sorted(Path("contrib").glob("*/pyproject.toml")):
        install(session, f"./{project.parent}")
        with session.chdir(project.parent):
            session.run("pytest", "-q", "-o", "pythonpath=", *session.posargs)
    session.run("mcpstore", "plugins")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, spelling and the project file."""
    install(session, *groups("lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("codespell")
    session.run("validate-pyproject", "pyproject.toml")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, twice, and that the public interface is typed completely."""
    install(session, "-e", ".", *groups("test", "types"))
    session.run("mypy")
    session.run("mypy", "--no-incremental", "tests/typing/api.py")
    session.run("pyright")
    session.run("pyright", "tests/typing/api.py")
    session.run("pyright", "--verifytypes", "mcpstore", "--ignoreexternal")


@nox.session
def imports(session: nox.Session) -> None:
    """Check the layers and the other import rules."""
    install(session, "-e", ".", *groups("imports"))
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Check that the generated documentation is current, and run its examples."""
    install(session, "-e", ".", *groups("test", "docs"))
    session.run("python", "docs/make.py", "--check")
    session.run("pytest", "-q", "tests/docs")
    session.run("towncrier", "build", "--draft", "--version", "next")


@nox.session
def pictures(session: nox.Session) -> None:
    """Recreate the pictures of the documentation."""
    install(session, "-e", ".")
    session.run("python", "docs/pictures.py")


@nox.session
def facade(session: nox.Session) -> None:
    """Generate the sync facade of the store from the async classes."""
    install(session, *groups("lint"))
    session.run("python", ".ci/sync_facade.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, side by side in one run, and print ratios."""
    install(session, "-e", ".", *groups("test"))
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def figures(session: nox.Session) -> None:
    """Measure every promised figure, beside its target (`-- --list`: names; `-- --long`: full size)."""
    install(session, "-e", ".", *groups("test"))
    session.run("python", "-m", "tests.figures", *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """Simulate 100 services for three days on a virtual clock (`-- --long`: 2000 for 90 days; `-- --help`)."""
    install(session, "-e", ".")
    session.run("python", "-m", "tests.simulation", *(session.posargs or SHORT_SIMULATION))


@nox.session
def soak(session: nox.Session) -> None:
    """Soak: inject faults into 50 services for 5 minutes and watch for leaks (`-- --minutes 1440`; `-- --help`)."""
    install(session, "-e", ".")
    session.run("python", "-m", "tests.soak", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel, install it in a new environment, and use it there."""
    install(session, *groups("build"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--installer", "uv" if shutil.which("uv") else "pip")
    (wheel,) = Path("dist").glob("*.whl")
    session.install("--force-reinstall", str(wheel.resolve()))
    with session.chdir(session.create_tmp()):
        session.run("mcpstore", "--version")
        session.run("mcpstore", "demo", "--plain")


@nox.session(default=False)
def constraints(session: nox.Session) -> None:
    """Pin the newest versions of all dependencies in pyproject.toml; run the tests afterwards."""
    session.install("uv")
    compiled = session.run(
        *("uv", "pip", "compile", "--no-config", "--quiet", "--universal", "--python-version", PYTHONS[0]),
        *("--all-extras", "--group", "dev", "--no-header", "--no-annotate", "pyproject.toml"),
        silent=True,
    )
    held = Path(session.create_tmp()).resolve() / "compiled.txt"
    held.write_text(str(compiled), "utf-8")
    session.run("python", ".ci/constraints.py", str(held))
