"""Validates settings with the pydantic models of plugins."""

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
    """Return settings as an instance of a model.

    Args:
        model: Model of a transport, a health strategy or a recovery policy.
        values: The settings.
        what: Name of the plugin offer, for messages.

    Raises:
        ConfigError: They are invalid; the message names every invalid field and no value.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - not needed by stores without services

    try:
        return model.model_validate(values)
    except ValidationError as error:
        known = [field.alias or name for name, field in model.model_fields.items()]
        messages = [_message(each, what, known) for each in error.errors(include_input=False, include_url=False)]
        raise ConfigError("; ".join(messages)) from None


def _message(error: Mapping[str, Any], what: str, known: Sequence[str]) -> str:
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return validation_message(error, "", known)
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(map(str, error['loc'])) or what}: {message[:1].lower()}{message[1:]}"
