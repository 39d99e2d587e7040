"""Expansion of variables in the settings of a service, with the values that are secrets.

Settings are expanded each time a service is opened, and never written back. The expansion reads files (`envFile`,
`{file:…}`), so call it in a thread.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from mcpstore.config.dialects.transport_names import STDIO
from mcpstore.config.dotenv import parse_dotenv
from mcpstore.config.environment import ExpansionContext, workspace_of
from mcpstore.config.reader import Input
from mcpstore.config.variables import Reference, substitute
from mcpstore.errors import ConfigError, UnsetVariable
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.redaction import MASK, masked, secrets_in
from mcpstore.models.service import ServiceSpec

__all__ = ["ExpandedSettings", "ExpansionContext", "expand", "unset_variables", "workspace_of"]

_MAX_FILE_SIZE: Final = 1024 * 1024
_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish"})


@attrs.frozen(kw_only=True)
class ExpandedSettings:
    """The settings of a service with expanded variables.

    Attributes:
        settings: Settings for the transport's model.
        secrets: Values that must not be shown, for a `Redactor`.
    """

    settings: dict[str, Any] = attrs.field(repr=False)
    secrets: frozenset[str] = attrs.field(repr=False)


def expand(spec: ServiceSpec, around: ExpansionContext) -> ExpandedSettings:
    """Return the settings of a service with expanded variables.

    Raises:
        UnsetVariable: A variable has neither a value nor a default.
        ConfigError: A referenced file cannot be read.
    """
    expansion = _Expansion(around)
    settings = expansion.settings(spec)
    for unset in expansion.unset:
        raise unset
    return ExpandedSettings(settings=settings, secrets=frozenset(filter(None, expansion.secrets)))


def unset_variables(spec: ServiceSpec, around: ExpansionContext) -> list[UnsetVariable]:
    """Return every variable of a service that has neither a value nor a default.

    Raises:
        ConfigError: A referenced file cannot be read.
    """
    expansion = _Expansion(around)
    expansion.settings(spec)
    return expansion.unset


class _Expansion:
    def __init__(self, around: ExpansionContext) -> None:
        self._around = around
        self.unset: list[UnsetVariable] = []
        self.secrets: set[str] = set()

    def settings(self, spec: ServiceSpec) -> dict[str, Any]:
        settings = dict(spec.settings)
        if spec.transport == STDIO:
            expanded = self._local(settings)
            self.secrets |= secrets_in({"command": expanded["command"], "args": expanded["args"]})
        else:
            expanded = {key: self._value(key, item, secret=_is_secret(key)) for key, item in settings.items()}
            self.secrets |= secrets_in({key: item for key, item in expanded.items() if key != "headers"})
        for choice in (spec.health, spec.recovery):
            self.secrets |= secrets_in(choice.options)
        return expanded

    def _local(self, settings: dict[str, Any]) -> dict[str, Any]:
        around = self._around
        expanded: dict[str, Any] = {}
        env: dict[str, str | None] = {}
        if (env_file := settings.pop("env_file", None)) is not None:
            env.update(self._env_file(self._text("envFile", env_file)))
        # Codex lists variables to pass on; a missing one is no error.
        for name in settings.pop("env_vars", ()):
            if (value := around.environ.get(name)) is not None:
                env[name] = value
        env.update(self._value("env", settings.pop("env", {}), secret=True))
        self.secrets.update(filter(None, env.values()))
        if (cwd := settings.pop("cwd", None)) is not None:
            expanded["cwd"] = str(Path(around.workspace, self._text("cwd", cwd)))
        template, args = str(settings.pop("command", "")), list(settings.pop("args", ()))
        command = self._text("command", template)
        line = self._split(template, command, env.get("PATH") or around.environ.get("PATH"), expanded.get("cwd"))
        if line is not None:
            # Split before the expansion, so that a value with a space stays one argument.
            command, args = self._text("command", line[0]), [*line[1:], *args]
        # A shell script has its own variables: unknown references in it stay as they are.
        is_script = Path(command).name in _SHELLS
        script_at = next((i for i, arg in enumerate(args) if re.fullmatch(r"-\w*c", str(arg))), len(args))
        expanded["command"] = command
        expanded["args"] = [
            self._text(f"args[{i}]", str(arg), lenient=is_script and i > script_at) for i, arg in enumerate(args)
        ]
        expanded["env"] = env
        return {**expanded, **{key: self._value(key, item) for key, item in settings.items()}}

    def _split(self, template: str, command: str, path: str | None, cwd: str | None) -> list[str] | None:
        """Split a command that is a whole command line; None if it is the path of a program. Nothing is run."""
        if not re.search(r"\s", template) or shutil.which(_command_path(command, cwd), path=path):
            return None
        try:
            words = shlex.split(template)
        except ValueError:
            return None
        # If the program does not exist, the command stays whole, so that the error shows it as written.
        if len(words) > 1 and shutil.which(_command_path(self._text("command", words[0]), cwd), path=path):
            return words
        return None

    def _env_file(self, name: str) -> dict[str, str]:
        return parse_dotenv(self._file_content("envFile", Path(self._around.workspace, name)))

    def _value(self, field: str, value: Any, *, secret: bool = False) -> Any:
        if isinstance(value, str):
            return self._text(field, value, secret=secret)
        if (entries := as_object(value)) is not None:
            return {
                key: self._value(f"{field}.{key}", item, secret=secret or _is_secret(key))
                for key, item in entries.items()
            }
        if (listed := as_array(value)) is not None:
            return [self._value(f"{field}[{i}]", item, secret=secret) for i, item in enumerate(listed)]
        return value

    def _text(self, field: str, text: str, *, secret: bool = False, lenient: bool = False) -> str:
        def resolve(reference: Reference) -> str | None:
            value = self._resolved(reference, field, lenient=lenient)
            if value is None:
                if not lenient:
                    self._add_unset(_unset_variable(reference, field, self._around.inputs))
                return None
            if secret or self._is_secret_reference(reference):
                self.secrets.add(value)
            return value

        is_home = text == "~" or text.startswith("~/")
        expanded = self._around.home + substitute(text[1:], resolve) if is_home else substitute(text, resolve)
        if secret:
            # A server may log a token without the scheme in front of it.
            self.secrets.update((expanded, re.sub(r"^(?:Bearer|Basic|token)\s+", "", expanded, flags=re.IGNORECASE)))
        return expanded

    def _add_unset(self, unset: UnsetVariable) -> None:
        if all(str(unset) != str(other) for other in self.unset):
            self.unset.append(unset)

    def _resolved(self, reference: Reference, field: str, *, lenient: bool) -> str | None:
        around = self._around
        match reference.kind:
            case "known":
                return self._editor_variable(reference.name)
            case "file":
                name = reference.name
                path = around.home + name[1:] if name.startswith("~/") else str(Path(around.folder, name))
                return self._file_content(field, Path(path)).rstrip("\r\n")
            case "input":
                return self._input_value(around.inputs.get(reference.name) or Input(id=reference.name))
            case "foreign":
                return around.lookup(reference.name)
            case _:
                return self._variable(reference, field, lenient=lenient)

    def _variable(self, reference: Reference, field: str, *, lenient: bool) -> str | None:
        around = self._around
        value = around.environ.get(reference.name)
        if value is None:
            # Before the default: a plugin that supplies values takes precedence over it.
            value = around.lookup(reference.name)
        if value is None and reference.name in ("CLAUDE_PROJECT_DIR", "CLAUDE_PLUGIN_ROOT"):
            value = around.workspace if reference.name == "CLAUDE_PROJECT_DIR" else around.folder
        if not value and reference.default is not None:
            return self._text(field, reference.default, lenient=lenient)
        return value

    def _editor_variable(self, name: str) -> str:
        around = self._around
        return {
            "workspaceFolder": around.workspace,
            "workspaceFolderBasename": Path(around.workspace).name,
            "userHome": around.home,
            "cwd": around.cwd,
        }.get(name, os.sep)

    def _input_value(self, wanted: Input) -> str | None:
        answer = self._around.environ.get(_input_variable(wanted.id))
        if answer is None:
            answer = self._around.lookup(f"input:{wanted.id}")
        if answer is None:
            answer = self._around.ask(wanted)
        return wanted.default if answer is None else answer

    def _is_secret_reference(self, reference: Reference) -> bool:
        if reference.kind == "input":
            declared = self._around.inputs.get(reference.name)
            return declared is None or declared.is_secret
        return reference.kind == "file" or _is_secret(reference.name)

    def _file_content(self, field: str, path: Path) -> str:
        try:
            if not path.is_file():
                raise ConfigError(f"{field}: file {str(path)!r} does not exist; create it or correct the path")
            # One byte more than allowed shows whether the file is too large.
            with path.open("rb") as file:
                content = file.read(_MAX_FILE_SIZE + 1)
        except OSError as error:
            raise ConfigError(
                f"{field}: file {str(path)!r} cannot be read: {error.strerror}; correct its permissions"
            ) from error
        if len(content) > _MAX_FILE_SIZE:
            raise ConfigError(f"{field}: file {str(path)!r} is larger than {_MAX_FILE_SIZE} bytes; use a smaller file")
        return content.decode("utf-8", errors="replace")


def _unset_variable(reference: Reference, field: str, inputs: Mapping[str, Input]) -> UnsetVariable:
    if reference.kind == "input":
        declared = inputs.get(reference.name)
        description = f" ({declared.description})" if declared is not None and declared.description else ""
        remedy = f"set {_input_variable(reference.name)} in the environment{description}"
        return UnsetVariable(f"input:{reference.name}", field, remedy=remedy)
    if reference.kind == "foreign":
        remedy = "only VS Code can resolve it; write its value instead"
        return UnsetVariable(reference.name, field, remedy=remedy)
    return UnsetVariable(reference.name, field)


def _input_variable(id_: str) -> str:
    return "MCPSTORE_INPUT_" + re.sub(r"\W", "_", id_, flags=re.ASCII).upper()


def _is_secret(key: str) -> bool:
    return bool(masked({key: "value"})[key] == MASK)


def _command_path(command: str, cwd: str | None) -> str:
    """Return the path of a command; a relative path such as `./server` is resolved against the service's `cwd`."""
    return str(Path(cwd, command)) if cwd and os.sep in command else command
