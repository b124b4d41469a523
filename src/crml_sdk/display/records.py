"""Models as plain rows, for pandas, polars or a spreadsheet, and as a table in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, cast

from ..pagination import ItemList


def to_records(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """One flat dict a row, all with the same keys, by Python names.

    Nested structures become keys with a dot (`resource_config.instance_type`), enums strings;
    times stay `datetime`, lists stay lists of plain values. `pandas.DataFrame(...)` and
    `polars.DataFrame(...)` take the result as it is.

    Args:
        rows: Models, as an awaited list or a page has them.
    """
    flat = [dict(_flat(_dumped(row))) for row in rows]
    keys = dict.fromkeys(key for record in flat for key in record)
    return [{key: record.get(key) for key in keys} for record in flat]


def _dumped(row: Any) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return cast("Mapping[str, Any]", row)
    dump = getattr(row, "model_dump", None)
    if dump is None:
        raise TypeError(f"{type(row).__name__} is no model: to_records takes models of the SDK")
    return dump()


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        path = f"{above}.{name}" if above else name
        if isinstance(value, Mapping) and value:
            yield from _flat(cast("Mapping[str, Any]", value), path)
        else:
            yield path, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in cast("dict[str, Any]", value).items()}
    return value


class Rows(ItemList[Any]):
    """Models that a notebook shows as a table; `show(rows)` makes one."""

    def __repr__(self) -> str:
        return f"<{len(self)} rows>"


def show(rows: Iterable[Any]) -> Rows:
    """Show models as a table in a notebook: `show(await sdk.trained_models.versions(arn))`.

    Args:
        rows: Models, as an awaited list or a page has them.
    """
    return Rows(rows)
