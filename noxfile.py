"""What is done to this project: `nox` alone does what CI does; `nox -l` lists everything."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "types", "imports", "docs"]
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
SHORT_SIMULATION = ("--fleet", "50", "--processes", "2", "--interval", "120")

PYTHONS = nox.project.python_versions(PYPROJECT)


def groups(*names: str) -> list[str]:
    """Return the requirements of dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, and see that the kernel is covered completely."""
    session.install("-e", ".", *groups("test"))
    session.env["PYTHONDONTWRITEBYTECODE"] = ""  # hundreds of processes are started: each would compile everything anew
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run(
        *("pytest", "-n", "2", "--dist", "loadfile", "-m", "not real", "--ignore", "tests/core"),
        *("--instafail", "--durations", "25"),
    )
    session.run("coverage", "run", "--source=mcpstore.core", "-m", "pytest", "-q", "tests/core")
    session.run("coverage", "report", "--fail-under=100")


@nox.session(python=PYTHONS)
def versions(session: nox.Session) -> None:
    """Run the tests on every version of Python that is supported and installed."""
    session.install("-e", ".", *groups("test"))
    session.run("pytest", "-n", "2", "--dist", "loadfile", "-m", "not real", *session.posargs)


@nox.session
def real(session: nox.Session) -> None:
    """Run eight real servers from PyPI and npm; needs npx, uvx and their registries."""
    session.install("-e", ".", *groups("test"))
    session.run("pytest", "-m", "real", "-s", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill managers under load, 200 times at random instants, and see that the next one finds everything as it was."""
    session.install("-e", ".", *groups("test"))
    session.run("pytest", "-m", "chaos", "-s", *session.posargs, env={"MCPSTORE_KILLS": "200"})


@nox.session
def contrib(session: nox.Session) -> None:
    """Install each distribution of contrib beside MCPStore, as a user would, and run its own tests."""
    session.install(".[testing]")
    for project in sorted(Path("contrib").glob("*/pyproject.toml")):
        session.install(f"./{project.parent}")
        with session.chdir(project.parent):
            session.run("pytest", "-q", "-o", "pythonpath=", *session.posargs)
    session.run("mcpstore", "plugins")


@nox.session
def lint(session: nox.Session) -> None:
    """Look at style, spelling and the project file."""
    session.install(*groups("lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("codespell")
    session.run("validate-pyproject", "pyproject.toml")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, twice, and that the public interface is typed completely."""
    session.install("-e", ".", *groups("test", "types"))
    session.run("mypy")
    session.run("mypy", "--no-incremental", "tests/typing/api.py")
    session.run("pyright")
    session.run("pyright", "tests/typing/api.py")
    session.run("pyright", "--verifytypes", "mcpstore", "--ignoreexternal")


@nox.session
def imports(session: nox.Session) -> None:
    """Check who imports whom."""
    session.install("-e", ".", *groups("imports"))
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Make again what the documentation takes from the code, and run its examples."""
    session.install("-e", ".", *groups("test", "docs"))
    session.run("python", "docs/make.py", "--check")
    session.run("pytest", "-q", "tests/docs")
    session.run("towncrier", "build", "--draft", "--version", "next")


@nox.session
def pictures(session: nox.Session) -> None:
    """Take the pictures in the documentation anew."""
    session.install("-e", ".")
    session.run("python", "docs/pictures.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, side by side in one run, and print ratios."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def figures(session: nox.Session) -> None:
    """Measure every figure that is promised, beside its target (`-- --list`: which; `-- --long`: all there is)."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "-m", "tests.figures", *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """Play 100 services for three days on a virtual clock (`-- --long`: 2000 for 90 days; `-- --help`)."""
    session.install("-e", ".")
    session.run("python", "-m", "mcpstore.testing.simulation", *(session.posargs or SHORT_SIMULATION))


@nox.session
def soak(session: nox.Session) -> None:
    """Let everything happen to 50 services for 5 minutes, and see what grows (`-- --minutes 1440`; `-- --help`)."""
    session.install("-e", ".")
    session.run("python", "-m", "tests.soak", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel, install it somewhere new, and use it there."""
    session.install("build")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--installer", "uv" if shutil.which("uv") else "pip")
    (wheel,) = Path("dist").glob("*.whl")
    session.install("--force-reinstall", str(wheel.resolve()))
    with session.chdir(session.create_tmp()):
        session.run("mcpstore", "--version")
        session.run("mcpstore", "demo", "--plain")
