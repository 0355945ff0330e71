"""SQL over the lake: DuckDB in memory, one view a stage, nothing else reachable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.publication import Published, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from forecast_pipeline.core.home import Home

STAGES = ("candles", "bars", "features", "cross_features", "splits", "forecasts")
_KEYS = ("symbol", "timeframe", "year")


def published_partitions(home: Home) -> Iterator[tuple[str, Published]]:
    """Every partition of the lake with the name of its stage, in a fixed order."""
    for stage in STAGES:
        folder = home.root / "lake" / stage
        for card in sorted(folder.glob("*/*.json")):
            stored = find(card.parent, card.name.removesuffix(".json"))
            if stored is not None:
                yield stage, stored
    for card in sorted((home.root / "reports").glob("*/*/out_of_sample.json")):
        stored = find(card.parent, "out_of_sample")
        if stored is not None:
            yield "out_of_sample", stored


def run_query(home: Home, sql: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
    """Answer a question about the lake.

    Views: ``candles``, ``bars``, ``features``, ``cross_features``, ``splits``, ``forecasts``, ``out_of_sample``;
    each row also has the ``symbol`` and ``timeframe`` or ``year`` of its partition. A view exists where there is data.

    Args:
        home: State folder.
        sql: One statement; ``?`` stands for a parameter.
        parameters: Values for them; never paste values into ``sql``.

    Raises:
        InvalidConfiguration: If the statement fails; DuckDB's reason is passed on.
    """
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set TimeZone = 'UTC'")
        views = _create_views(connection, home)
        connection.execute("set allowed_directories = [$root]", {"root": f"{home.root}/"})
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        relation = connection.sql(sql, params=list(parameters))
        if relation is None:
            raise InvalidConfiguration("the query must return rows", was="a statement without a result")
        table = relation.to_arrow_table()
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise InvalidConfiguration(f"the query must run on the views {', '.join(views)}", was=reason) from None
    finally:
        connection.close()
    return pl.DataFrame(pl.from_arrow(table))


def _create_views(connection: duckdb.DuckDBPyConnection, home: Home) -> list[str]:
    parts: dict[str, list[str]] = {}
    for stage, stored in published_partitions(home):
        if stored.parts:
            keys = ", ".join(f"{_literal(stored.card[key])} as {key}" for key in _KEYS if key in stored.card)
            paths = ", ".join(_literal(stored.path(suffix)) for suffix in stored.parts)
            source = f"select {keys}, * from read_parquet([{paths}])"  # noqa: S608 - literals escaped
            parts.setdefault(stage, []).append(source)
    for stage, selects in parts.items():
        connection.execute(f"create view {stage} as {' union all by name '.join(selects)}")
    return list(parts)


def _literal(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"
