"""What public verbs return: records and lists of them that can be read in both usual ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final, Protocol, TypeVar, cast, overload

import attrs

from mcpstore.models.json_types import as_array, as_object

__all__ = ["NamedList", "Record", "plain"]


class Record(Mapping[str, Any]):
    """Base of attrs records that are read as objects and as mappings: `info.tools`, `info["tools"]`, `info.get(…)`.

    The keys are the fields; a class that shows other attributes instead lists them in `SHOWN`.
    """

    __slots__ = ()

    SHOWN: ClassVar[tuple[str, ...]] = ()

    def __getitem__(self, key: str) -> Any:
        if key in _field_names(type(self)):
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_field_names(type(self)))

    def __len__(self) -> int:
        return len(_field_names(type(self)))

    def __bool__(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready dictionaries, lists, strings and numbers."""
        return {name: plain(getattr(self, name)) for name in self}


class HasName(Protocol):
    """Something called by a name."""

    @property
    def name(self) -> str:
        """The name."""
        ...


T_co = TypeVar("T_co", bound=HasName, covariant=True)


class NamedList(Sequence[T_co]):
    """An immutable list of named things that also answers by name.

    `for x in things`, `things[0]` and `len(things)` treat it as a list; `things["a"]`, `things.get("a")`,
    `things.items()` and `"a" in things` as a mapping by name. Where two things share a name, the first answers to it.
    """

    __slots__ = ("_by_name", "_things")

    def __init__(self, things: Iterable[T_co] = ()) -> None:
        self._things = tuple(things)
        self._by_name: dict[str, T_co] | None = None

    def _index(self) -> dict[str, T_co]:
        if self._by_name is None:
            self._by_name = {thing.name: thing for thing in reversed(self._things)}
        return self._by_name

    @overload
    def __getitem__(self, key: int | str) -> T_co: ...
    @overload
    def __getitem__(self, key: slice) -> NamedList[T_co]: ...
    def __getitem__(self, key: int | str | slice) -> T_co | NamedList[T_co]:
        if isinstance(key, str):
            return self._index()[key]
        if isinstance(key, slice):
            return NamedList(self._things[key])
        return self._things[key]

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._things)

    def __contains__(self, key: object) -> bool:
        return key in self._index() if isinstance(key, str) else key in self._things

    def __eq__(self, other: object) -> bool:
        return list(self) == list(cast("NamedList[Any]", other)) if isinstance(other, NamedList) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._things)

    def __repr__(self) -> str:
        return f"NamedList({list(self._things)!r})"

    def get(self, name: str, default: Any = None) -> Any:
        """Return the thing of this name, or `default`."""
        return self._index().get(name, default)

    def names(self) -> list[str]:
        """Return the names, in order."""
        return [thing.name for thing in self._things]

    def items(self) -> list[tuple[str, T_co]]:
        """Return pairs of name and thing, in order."""
        return [(thing.name, thing) for thing in self._things]

    def to_list(self) -> list[Any]:
        """Return the things as JSON-ready values."""
        return [plain(thing) for thing in self._things]


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Turn a record, an enum, a date or a container of them into what `json.dumps` takes."""
    if type(value) in _PLAIN:  # most of what there is, and asked first for its sake
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Record):
        return value.to_dict()
    if (fields := as_object(value)) is not None:
        return {str(key): plain(item) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [plain(item) for item in items]
    return value.astimezone().isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


_FIELDS: dict[type, tuple[str, ...]] = {}


def _field_names(cls: type[Record]) -> tuple[str, ...]:
    names = _FIELDS.get(cls)
    if names is None:
        fields = attrs.fields(cast("type[attrs.AttrsInstance]", cls))
        names = _FIELDS[cls] = cls.SHOWN or tuple(field.name for field in fields)
    return names
