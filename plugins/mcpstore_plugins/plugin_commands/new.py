"""`mcpstore plugins new NAME --kind …`: a copy of the plugin template, with passing tests."""

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
from mcpstore_plugins.plugin_commands.readme import kind_with_article, readme_text

__all__ = ["Kind", "copy_template", "run", "template_folder"]

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DISTRIBUTION: Final = "mcpstore-manager"
PREFIX: Final = "mcpstore-"
TEMPLATE: Final = "mcpstore_template"


class Kind(StrEnum):
    """Kinds of plugins for which the template has an example."""

    TRANSPORT = "transport"
    ALERT_HANDLER = "alert-handler"
    HEALTH_STRATEGY = "health-strategy"
    PERSISTENCE_BACKEND = "persistence-backend"
    RECOVERY_POLICY = "recovery-policy"


async def run(
    call: CommandCall,
    name: Annotated[
        str, typer.Argument(help="Name of the plugin in configurations; the distribution is called mcpstore-NAME.")
    ],
    kind: Annotated[Kind, typer.Option(help="Kind of plugin.")] = Kind.TRANSPORT,
    into: Annotated[str, typer.Option(help="Folder in which the folder mcpstore-NAME is created.")] = ".",
) -> None:
    """Create a new plugin."""
    folder = await asyncio.to_thread(copy_template, name, kind, Path(into))
    if call.as_json:
        call.show({"folder": str(folder), "kind": kind})
        return
    call.show(f"created {folder}")
    install = f"pip install 'mcpstore-manager[testing]' -e '{folder}'"
    call.note(f"next: {install} && (cd '{folder}' && python -m pytest) && mcpstore plugins show {name}")


def template_folder() -> Path:
    """Return the folder of the template: beside this file in a wheel, in `contrib` in a checkout."""
    in_wheel = Path(__file__).parent / "template"
    return in_wheel if in_wheel.is_dir() else Path(__file__).parents[3] / "contrib" / "mcpstore-template"


def copy_template(name: str, kind: Kind, into: Path) -> Path:
    """Copy the template, rename the copy, and return its folder.

    Args:
        name: Name of the plugin in configurations.
        kind: Kind of plugin.
        into: Folder in which the plugin's folder is created.

    Raises:
        ConfigError: The name is invalid, the folder exists already, or it cannot be written.
    """
    name = name.removeprefix(PREFIX)
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"name of a plugin is invalid (got {name!r}); use lower-case letters, digits and hyphens, as in 'acme-tcp'"
        )
    folder = into / f"{PREFIX}{name}"
    if folder.exists():
        raise ConfigError(f"{folder} exists already; choose another name, or remove the folder")
    module = kind.replace("-", "_")
    package = folder.name.replace("-", "_")

    def named(text: str) -> str:
        text = text.replace(f"from {TEMPLATE} import {module} as plugin", f"import {package} as plugin")
        text = text.replace(f"{TEMPLATE}.{module}", package).replace(TEMPLATE, package)
        text = text.replace("mcpstore-template", folder.name).replace("template:", f"{name}:")
        return re.sub(r"""(["`])template\1""", rf"\g<1>{name}\1", text)

    source = template_folder()
    files = {
        f"src/{TEMPLATE}/{module}.py": f"src/{package}/__init__.py",
        f"tests/test_{module}.py": f"tests/test_{package}.py",
        "tests/conftest.py": "tests/conftest.py",
    }
    try:
        into.mkdir(parents=True, exist_ok=True)
        # Written elsewhere and renamed: a half-written plugin would block the next attempt.
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=into, ignore_cleanup_errors=True) as temporary:
            draft = Path(temporary) / folder.name
            for old, new in files.items():
                _write(draft / new, named((source / old).read_text("utf-8")))
            _write(draft / f"src/{package}/py.typed", "")
            example = (source / f"src/{TEMPLATE}/{module}.py").read_text("utf-8")
            project = _project_of_kind((source / "pyproject.toml").read_text("utf-8"), module, name, example)
            _write(draft / "pyproject.toml", named(project).replace("A plugin for", f"{kind_with_article(kind)} for"))
            _write(draft / "README.md", readme_text(folder.name, kind, name))
            draft.rename(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}; name another folder with --into") from error
    return folder


def _project_of_kind(project: str, module: str, name: str, example: str) -> str:
    """Return the project file with only the entry point of a kind, and the dependencies of its example."""
    kept: list[str] = []
    for line in project.splitlines(keepends=True):
        target = re.match(rf'\w+ = "{TEMPLATE}\.(\w+)"', line)
        if line.startswith("dependencies = "):
            needed = [each for each in re.findall(r'"([^"]+)"', line) if _is_imported(each, example)]
            kept.append(f"dependencies = {json.dumps(needed)}\n")
        elif target is None:
            kept.append(line)
        elif target[1] == module:
            kept.append(f'{name} = "{TEMPLATE}.{module}"\n')
    return "".join(kept)


def _is_imported(requirement: str, example: str) -> bool:
    package = re.split(r"[^\w-]", requirement)[0]
    return package == DISTRIBUTION or bool(re.search(rf"^(?:import|from) {package}\b", example, re.MULTILINE))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
