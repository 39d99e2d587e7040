"""What a service offers: tools, resources, prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from mcpstore.models.record import NamedList, Record

__all__ = ["Catalog", "Prompt", "Resource", "Tool"]


@attrs.frozen(kw_only=True)
class Tool(Record):
    """A tool as its service describes it.

    Attributes:
        name: The tool's own name.
        service: The service that offers it.
        description: What it does, in the service's words.
        input_schema: JSON schema of its arguments.
        output_schema: JSON schema of its structured result, if it states one.
        raw: The description exactly as the service sent it.
    """

    name: str
    service: str
    description: str = ""
    input_schema: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    output_schema: Mapping[str, Any] | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous: `"service/tool"`."""
        return f"{self.service}/{self.name}"


@attrs.frozen(kw_only=True)
class Resource(Record):
    """A resource, or a template of resources.

    Attributes:
        name: Its name; the address where the service gives it none.
        service: The service that offers it.
        uri: Its address; a template has placeholders in braces.
        is_template: Whether the address is a template.
        description: What it is, in the service's words.
        mime_type: Its type, if the service states one.
        raw: The description exactly as the service sent it.
    """

    name: str
    service: str
    uri: str
    is_template: bool = False
    description: str = ""
    mime_type: str | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)


@attrs.frozen(kw_only=True)
class Prompt(Record):
    """A prompt.

    Attributes:
        name: Its own name.
        service: The service that offers it.
        description: What it is for, in the service's words.
        arguments: The arguments it takes, as the service describes them.
        raw: The description exactly as the service sent it.
    """

    name: str
    service: str
    description: str = ""
    arguments: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous: `"service/prompt"`."""
        return f"{self.service}/{self.name}"


@attrs.frozen(kw_only=True)
class Catalog:
    """Everything a service offers.

    Attributes:
        tools: Its tools.
        resources: Its resources and templates.
        prompts: Its prompts.
        unreadable: How many descriptions could not be read; the others are not affected.
        ttl: Seconds the lists stay fresh, if the service said so.
    """

    tools: NamedList[Tool] = attrs.field(factory=lambda: NamedList[Tool](()))
    resources: NamedList[Resource] = attrs.field(factory=lambda: NamedList[Resource](()))
    prompts: NamedList[Prompt] = attrs.field(factory=lambda: NamedList[Prompt](()))
    unreadable: int = 0
    ttl: float | None = None
