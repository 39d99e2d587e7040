"""Configuration: parses files and objects into service specifications, and turns changes into edits of a file."""

from mcpstore.config.client_files import KnownLocation, known_locations
from mcpstore.config.description import describe
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.config.editing import add_edits, remove_edits, replace_edits, switch_edits
from mcpstore.config.entry import spec_of
from mcpstore.config.expansion import ExpandedSettings, ExpansionContext, expand, unset_variables, workspace_of
from mcpstore.config.reader import EntryLocation, Input, ParsedConfig, read
from mcpstore.config.service_input import InputReport, ServiceInput, config_of, entries, examine, with_fields

__all__ = [
    "Dialect",
    "EntryLocation",
    "ExpandedSettings",
    "ExpansionContext",
    "Input",
    "InputReport",
    "KnownLocation",
    "ParsedConfig",
    "ServiceInput",
    "add_edits",
    "config_of",
    "describe",
    "entries",
    "examine",
    "expand",
    "known_locations",
    "read",
    "remove_edits",
    "replace_edits",
    "spec_of",
    "switch_edits",
    "unset_variables",
    "with_fields",
    "workspace_of",
]
