"""Reading what people wrote, with the models that plugins bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mcpstore.errors import ConfigError

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
        told = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or what}: {_plainly(found['msg'])}"
            for found in error.errors(include_input=False, include_url=False)
        )
        raise ConfigError(told) from None


def _plainly(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
