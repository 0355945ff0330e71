"""What a file as a whole must be before it is landed: a file of bearable size, mostly good, of one side and scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.candles.findings import REASONS
from forecast_pipeline.candles.price_checks import SCALE_FACTOR
from forecast_pipeline.candles.validation import MAX_QUARANTINED_FRACTION
from forecast_pipeline.candles.vendors.price_scale import plausible_range, points_in
from forecast_pipeline.core.errors import NoRecords, RefusedFile
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.landing import LandedFile
    from forecast_pipeline.candles.reading import Reading
    from forecast_pipeline.candles.vendors.protocol import SourceOptions

MAX_FILE_BYTES = 4_000_000_000


def check_file(path: Path) -> None:
    """Refuse what is no file, is empty, or is too big.

    Raises:
        NoRecords: If it has no byte.
        RefusedFile: If it is missing, a folder, or beyond ``MAX_FILE_BYTES``.
    """
    try:
        is_file, exists = path.is_file(), path.exists()
        size = path.stat().st_size if is_file else 0
    except (OSError, ValueError) as error:
        raise RefusedFile(f"{str(path)[:200]!r} must be the path of a file", was=str(error)[:120]) from None
    if not is_file:
        raise RefusedFile(f"{path} must be a file", was="a folder" if exists else "nothing there")
    if size == 0:
        raise NoRecords(f"{path} must hold candles", was="an empty file")
    if size > MAX_FILE_BYTES:
        raise RefusedFile(f"{path} must be at most {MAX_FILE_BYTES} bytes", was=str(size), do="cut it by year")


def check_share(name: str, reading: Reading, quarantined: dict[str, int]) -> None:
    """Refuse a file of mostly bad rows.

    Raises:
        RefusedFile: With the most frequent reason.
    """
    n_good, bad = reading.good.height, sum(quarantined.values())
    if n_good and bad <= MAX_QUARANTINED_FRACTION * (n_good + bad):
        return
    worst = next(iter(quarantined), None)
    if worst == "off_grid" and reading.parsed.source_minutes == MINUTES_PER_DAY:
        raise RefusedFile(
            f"daily records of {name} must run from 17:00 to 17:00 New York",
            was=f"{quarantined[worst]} of {n_good + bad} cut at another hour",
            why="the end of such a day belongs to the next FX day, and a forecast at its close would know the future",
            do="ingest the vendor's minutes or hours",
        )
    detail = f"{bad} of {reading.parsed.n_rows}" + (f", most often {worst} ({REASONS[worst]})" if worst else "")
    raise RefusedFile(
        f"{name}: at most {MAX_QUARANTINED_FRACTION:.0%} of the rows may be unusable",
        was=detail,
        do="check --vendor, --timezone and --source-timeframe",
    )


def with_points(reading: Reading, symbol: str, options: SourceOptions) -> SourceOptions:
    """The options with a point, where all prices are whole numbers that fit the pair only as points."""
    close = reading.good["close"]
    if options.point is not None or close.is_empty() or not (close == close.round()).all():
        return options
    point = points_in(float(close.median() or 0.0), symbol)  # type: ignore[arg-type]  # a median of floats
    return options if point is None else options.model_copy(update={"point": point})


def check_price_range(name: str, symbol: str, reading: Reading) -> None:
    """Refuse prices that the pair cannot have had.

    Raises:
        RefusedFile: With the usual cause, a wrong scale or symbol.
    """
    bounds = plausible_range(symbol)
    median = float(reading.good["close"].median() or 0.0)  # type: ignore[arg-type]  # a median of floats
    if bounds is None or bounds[0] <= median <= bounds[1]:
        return
    raise RefusedFile(
        f"prices of {symbol} in {name} must lie between {bounds[0]:.4g} and {bounds[1]:.4g}",
        was=f"a median of {median:g}",
        why="the scale, the direction of the quote or the symbol is another",
        do="check --symbol, or pass --point if prices are whole numbers",
    )


def check_same_scale(name: str, symbol: str, reading: Reading, known: list[LandedFile]) -> None:
    """Refuse a file on another scale than the symbol's file that is nearest in time.

    Raises:
        RefusedFile: With both median prices.
    """
    first = reading.good["ts_utc"].min()
    priced = [each for each in known if each.stored.card.get("median_close")]
    if not priced:
        return
    near = min(priced, key=lambda each: abs((each.first_ts_utc - first).total_seconds()))  # type: ignore[operator, union-attr]  # an instant
    theirs = float(near.stored.card["median_close"])
    ours = float(reading.good["close"].median() or 0.0)  # type: ignore[arg-type]  # a median of floats
    if not 1 / SCALE_FACTOR < ours / theirs < SCALE_FACTOR:
        raise RefusedFile(
            f"prices of {symbol} in {name} must be on the scale of {near.stored.card['name']}, around {theirs:g}",
            was=f"around {ours:g}",
            why="a return over the seam of the two files is no market's",
            do="check --symbol, or pass --point if prices are whole numbers",
        )


def check_side(price_side: str, symbol: str, known: list[LandedFile]) -> None:
    """Refuse a file of another price side than the symbol's other files; bids and asks may have files of their own.

    Raises:
        RefusedFile: Naming both sides.
    """
    sides = {str(file.stored.card["price_side"]) for file in known} - {"unspecified"}
    are_two_sides = sides | {price_side} <= {"bid", "ask"}
    if price_side != "unspecified" and sides - {price_side} and not are_two_sides:
        raise RefusedFile(
            f"{symbol} must keep one price side, its files so far are {'/'.join(sorted(sides))}",
            was=price_side,
            why="the seam between two sides is a jump of half a spread",
            do="ingest it under another FORECAST_HOME, or pass --price-side if the file is mislabelled",
        )
