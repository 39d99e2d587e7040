"""Catalog of a service: tools, resources, prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from mcpstore.models.record import NamedList, Record

__all__ = ["Catalog", "Prompt", "Resource", "Tool"]


@attrs.frozen(kw_only=True)
class Tool(Record):
    """Tool of a service.

    Attributes:
        name: Name of the tool, without the service.
        service: Name of the service.
        description: Description from the service.
        input_schema: JSON schema of the arguments.
        output_schema: JSON schema of the structured result; None if the service gives none.
        raw: Tool definition exactly as the service sent it.
    """

    name: str
    service: str
    description: str = ""
    input_schema: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    output_schema: Mapping[str, Any] | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)

    @property
    def full_name(self) -> str:
        """Unique name in the store: `"service/tool"`."""
        return f"{self.service}/{self.name}"


@attrs.frozen(kw_only=True)
class Resource(Record):
    """Resource or resource template of a service.

    Attributes:
        name: Name of the resource; its URI if the service gives no name.
        service: Name of the service.
        uri: URI; a template has placeholders in braces.
        is_template: Whether the URI is a template.
        description: Description from the service.
        mime_type: MIME type; None if the service gives none.
        raw: Resource definition exactly as the service sent it.
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
    """Prompt of a service.

    Attributes:
        name: Name of the prompt, without the service.
        service: Name of the service.
        description: Description from the service.
        arguments: Descriptions of the arguments, as the service sent them.
        raw: Prompt definition exactly as the service sent it.
    """

    name: str
    service: str
    description: str = ""
    arguments: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)

    @property
    def full_name(self) -> str:
        """Unique name in the store: `"service/prompt"`."""
        return f"{self.service}/{self.name}"


@attrs.frozen(kw_only=True)
class Catalog:
    """Tools, resources and prompts of a service.

    Attributes:
        tools: Tools.
        resources: Resources and resource templates.
        prompts: Prompts.
        unreadable: Number of invalid definitions, which the lists do not contain.
        ttl: Seconds for which the lists stay valid; None if the service does not say.
    """

    tools: NamedList[Tool] = attrs.field(factory=lambda: NamedList[Tool](()))
    resources: NamedList[Resource] = attrs.field(factory=lambda: NamedList[Resource](()))
    prompts: NamedList[Prompt] = attrs.field(factory=lambda: NamedList[Prompt](()))
    unreadable: int = 0
    ttl: float | None = None
