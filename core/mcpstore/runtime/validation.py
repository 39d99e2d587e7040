"""Reading what people wrote, with the models that plugins bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mcpstore.errors import ConfigError
from mcpstore.models.validation_messages import validation_message

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["validated"]

M = TypeVar("M", bound="BaseModel")


def validated(model: type[M], values: dict[str, Any], what: str) -> M:
    """Return values as a model understands them.

    Args:
        model: The model of a transport, a strategy or a policy.
        values: What was written.
        what: What they belong to, for messages.

    Raises:
        ConfigError: They are wrong; the text names every bad field and no value.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - not needed by stores without services

    try:
        return model.model_validate(values)
    except ValidationError as error:
        known = [field.alias or name for name, field in model.model_fields.items()]
        told = [_told(found, what, known) for found in error.errors(include_input=False, include_url=False)]
        raise ConfigError("; ".join(told)) from None


def _told(found: Mapping[str, Any], what: str, known: Sequence[str]) -> str:
    if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
        return validation_message(found, "", known)
    message = str(found["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(map(str, found['loc'])) or what}: {message[:1].lower()}{message[1:]}"
