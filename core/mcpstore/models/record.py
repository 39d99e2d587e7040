"""Results of the public methods: records, and lists of records that can be read by index and by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final, Protocol, TypeVar, cast, overload

import attrs

from mcpstore.models.json_types import as_array, as_object

__all__ = ["NamedList", "Record", "plain"]


class Record(Mapping[str, Any]):
    """Base class of records that are objects and mappings: `info.tools`, `info["tools"]`, `info.get(…)`.

    The keys are the fields. A class with other keys lists them in `SHOWN`.
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
        """Return the record as a JSON object: dictionaries, lists, strings and numbers."""
        return {name: plain(getattr(self, name)) for name in self}


class HasName(Protocol):
    """Object with a name."""

    @property
    def name(self) -> str:
        """Name."""
        ...


T_co = TypeVar("T_co", bound=HasName, covariant=True)


class NamedList(Sequence[T_co]):
    """Immutable list of named objects, which can also be found by name.

    `for x in services`, `services[0]` and `len(services)` use it as a list; `services["a"]`, `services.get("a")`,
    `services.items()` and `"a" in services` as a mapping by name. If several objects have the same name, the first one
    is found.
    """

    __slots__ = ("_by_name", "_items")

    def __init__(self, items: Iterable[T_co] = ()) -> None:
        self._items = tuple(items)
        self._by_name: dict[str, T_co] | None = None

    def _index(self) -> dict[str, T_co]:
        if self._by_name is None:
            self._by_name = {item.name: item for item in reversed(self._items)}
        return self._by_name

    @overload
    def __getitem__(self, key: int | str) -> T_co: ...
    @overload
    def __getitem__(self, key: slice) -> NamedList[T_co]: ...
    def __getitem__(self, key: int | str | slice) -> T_co | NamedList[T_co]:
        if isinstance(key, str):
            return self._index()[key]
        if isinstance(key, slice):
            return NamedList(self._items[key])
        return self._items[key]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._index() if isinstance(key, str) else key in self._items

    def __eq__(self, other: object) -> bool:
        return list(self) == list(cast("NamedList[Any]", other)) if isinstance(other, NamedList) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return f"NamedList({list(self._items)!r})"

    def get(self, name: str, default: Any = None) -> Any:
        """Return the object with this name; `default` if there is none."""
        return self._index().get(name, default)

    def names(self) -> list[str]:
        """Return the names, in order."""
        return [item.name for item in self._items]

    def items(self) -> list[tuple[str, T_co]]:
        """Return pairs of name and object, in order."""
        return [(item.name, item) for item in self._items]

    def to_list(self) -> list[Any]:
        """Return the objects as JSON values."""
        return [plain(item) for item in self._items]


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Return a record, an enum, a date or a container of them as a value that `json.dumps` accepts."""
    if type(value) in _PLAIN:  # tested first, because most values are plain
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
