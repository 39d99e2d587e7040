"""`mcpstore plugins new NAME --kind …`: a copy of the template, whose tests pass."""

from __future__ import annotations

import asyncio
import json
import re
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from mcpstore.errors import ConfigError
from mcpstore.hooks import CommandCall
from mcpstore_plugins.plugin_commands.readme import readme, thing

__all__ = ["Kind", "copy_template", "run", "template_folder"]

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DISTRIBUTION: Final = "mcpstore-manager"
PREFIX: Final = "mcpstore-"
TEMPLATE: Final = "mcpstore_template"


class Kind(StrEnum):
    """What the template has an example of."""

    TRANSPORT = "transport"
    ALERT_HANDLER = "alert-handler"
    HEALTH_STRATEGY = "health-strategy"
    PERSISTENCE_BACKEND = "persistence-backend"
    RECOVERY_POLICY = "recovery-policy"


async def run(
    call: CommandCall,
    name: Annotated[str, typer.Argument(help="What configurations will call it; the distribution is mcpstore-NAME.")],
    kind: Annotated[Kind, typer.Option(help="What it will offer.")] = Kind.TRANSPORT,
    into: Annotated[str, typer.Option(help="The folder in which it gets its own.")] = ".",
) -> None:
    """Make a new plugin."""
    made = await asyncio.to_thread(copy_template, name, kind, Path(into))
    if call.as_json:
        call.show({"folder": str(made), "kind": kind})
        return
    call.show(f"made {made}")
    needed = f"pip install 'mcpstore-manager[testing]' -e '{made}'"
    call.note(f"next: {needed} && (cd '{made}' && python -m pytest) && mcpstore plugins show {name}")


def template_folder() -> Path:
    """Return where the template is: beside this file in a wheel, in `contrib` in a checkout."""
    beside = Path(__file__).parent / "template"
    return beside if beside.is_dir() else Path(__file__).parents[3] / "contrib" / "mcpstore-template"


def copy_template(name: str, kind: Kind, into: Path) -> Path:
    """Copy the template and give the copy its name; returns its folder.

    Args:
        name: What configurations will call it.
        kind: What it will offer.
        into: The folder in which it gets its own.

    Raises:
        ConfigError: The name cannot be used, or something is there already.
    """
    name = name.removeprefix(PREFIX)
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a plugin; use small letters, digits and hyphens, as in 'acme-tcp'"
        )
    folder = into / f"{PREFIX}{name}"
    if folder.exists():
        raise ConfigError(f"{folder} exists already; choose another name, or remove it")
    module = kind.replace("-", "_")
    package = folder.name.replace("-", "_")

    def named(text: str) -> str:
        text = text.replace(f"from {TEMPLATE} import {module} as plugin", f"import {package} as plugin")
        text = text.replace(f"{TEMPLATE}.{module}", package).replace(TEMPLATE, package)
        text = text.replace("mcpstore-template", folder.name).replace('"template"', f'"{name}"')
        return text.replace("template:", f"{name}:")

    source = template_folder()
    files = {
        f"src/{TEMPLATE}/{module}.py": f"src/{package}/__init__.py",
        f"tests/test_{module}.py": f"tests/test_{package}.py",
        "tests/conftest.py": "tests/conftest.py",
    }
    try:
        into.mkdir(parents=True, exist_ok=True)
        # Beside its place, and there at one stroke: half a plugin would be in the way of the next attempt.
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=into, ignore_cleanup_errors=True) as beside:
            made = Path(beside) / folder.name
            for old, new in files.items():
                _write(made / new, named((source / old).read_text("utf-8")))
            _write(made / f"src/{package}/py.typed", "")
            example = (source / f"src/{TEMPLATE}/{module}.py").read_text("utf-8")
            project = _of_kind((source / "pyproject.toml").read_text("utf-8"), module, name, example)
            _write(made / "pyproject.toml", named(project).replace("A plugin for", f"{thing(kind)} for"))
            _write(made / "README.md", readme(folder.name, kind, name))
            made.rename(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}; name another place with --into") from error
    return folder


def _of_kind(project: str, module: str, name: str, example: str) -> str:
    """Return the project file with the one entry point that is copied, and the dependencies it has."""
    kept: list[str] = []
    for line in project.splitlines(keepends=True):
        target = re.match(rf'\w+ = "{TEMPLATE}\.(\w+)"', line)
        if line.startswith("dependencies = "):
            needed = [each for each in re.findall(r'"([^"]+)"', line) if _is_used(each, example)]
            kept.append(f"dependencies = {json.dumps(needed)}\n")
        elif target is None:
            kept.append(line)
        elif target[1] == module:
            kept.append(f'{name} = "{TEMPLATE}.{module}"\n')
    return "".join(kept)


def _is_used(requirement: str, example: str) -> bool:
    package = re.split(r"[^\w-]", requirement)[0]
    return package == DISTRIBUTION or bool(re.search(rf"^(?:import|from) {package}\b", example, re.MULTILINE))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
