"""Values of parameters at one moment, read by path or, typed, by declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import overload

from chromesthesia.params.declaration import Choice, Number, Param, Switch, Value, Whole


class Values(Mapping[str, Value]):
    """A table that is not written again. `values[FLOW_AMOUNT]` is a float, `values["/look/flow/amount"]` any value.

    A declared parameter that is not in the table has its default; an unknown path raises KeyError.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> Values:
        """`values` themselves when they are such a table, else a table of them."""
        return values if isinstance(values, Values) else cls(values)

    @overload
    def __getitem__(self, key: Number) -> float: ...

    @overload
    def __getitem__(self, key: Whole) -> int: ...

    @overload
    def __getitem__(self, key: Switch) -> bool: ...

    @overload
    def __getitem__(self, key: Choice) -> str: ...

    @overload
    def __getitem__(self, key: str) -> Value: ...

    def __getitem__(self, key: str | Param) -> Value:
        if isinstance(key, str):
            return self._values[key]
        return self._values.get(key.path, key.default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def index(self, choice: Choice) -> int:
        """Place of the value among the choices."""
        return choice.choices.index(self[choice])

    def number(self, path: str) -> float:
        """The value at `path` as a float; raises TypeError for a string."""
        value = self._values[path]
        if isinstance(value, str):
            raise TypeError(f"{path} holds {value!r}, not a number")
        return float(value)
