"""Text tables of vendors: columns with a meaning, numbers that are numbers, the first bad line shown."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import polars as pl

from forecast_pipeline.candles.vendors.stamps import Stamps, read_stamps
from forecast_pipeline.core.errors import NoRecords, RefusedFile

SEPARATORS = (";", "\t", ",", "|")
PRICE_ROLES = ("open", "high", "low", "close", "ask_open", "ask_high", "ask_low", "ask_close", "bid", "ask")
NUMBER_ROLES = (*PRICE_ROLES, "volume", "bid_volume", "ask_volume", "spread")
CLOCK_ROLES = ("stamp", "date", "time")
_NAMES = {
    "stamp": "timestamp datetime stamp gmttime localtime utc utctime ts tsutc opentime timeutc timegmt timeeet etcutc",
    "date": "date day",
    "time": "time",
    "open": "open o bidopen openbid bido openprice",
    "high": "high h bidhigh highbid bidh highprice",
    "low": "low l bidlow lowbid bidl lowprice",
    "close": "close c bidclose closebid bidc closeprice last",
    "ask_open": "askopen openask asko",
    "ask_high": "askhigh highask askh",
    "ask_low": "asklow lowask askl",
    "ask_close": "askclose closeask askc",
    "volume": "volume vol tickvol tickvolume volumn tickqty ticks v",
    "spread": "spread",
    "bid": "bid bidprice",
    "ask": "ask askprice",
    "bid_volume": "bidvolume bidvol bidsize",
    "ask_volume": "askvolume askvol asksize",
}
_ROLE_OF = {name: role for role, names in _NAMES.items() for name in names.split()}
_EMPTY = ("", "nan", "null", "none", "na", "n/a", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a text table is written.

    Attributes:
        separator: Character between columns.
        roles: Meaning of each column; ``skip`` is not read.
        n_header: Lines before the first row.
        has_quotes: Whether values or whole lines stand in quotes.
        decimal_comma: Whether numbers are written with a comma.
        stamp_format: Pattern of the stamps; None finds it.
        unread: Names of columns that mean nothing to us.
    """

    separator: str
    roles: tuple[str, ...]
    n_header: int = 0
    has_quotes: bool = False
    decimal_comma: bool = False
    stamp_format: str | None = None
    unread: tuple[str, ...] = ()

    @property
    def holds_ticks(self) -> bool:
        """Whether rows are quotes of one instant."""
        return "bid" in self.roles and "ask" in self.roles and "close" not in self.roles

    @property
    def is_complete(self) -> bool:
        """Whether a clock and prices are there."""
        has_clock = "stamp" in self.roles or "date" in self.roles
        return has_clock and (self.holds_ticks or {"open", "high", "low", "close"} <= set(self.roles))


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers and stamps of a text table, in file order.

    Attributes:
        values: Float columns by role.
        stamps: Clock column.
        decimals: Most decimals that a price is written with.
    """

    values: pl.DataFrame
    stamps: Stamps
    decimals: int


def header_layout(line: str, separator: str | None = None) -> Layout | None:
    """Layout that a header line describes; None if it is no header."""
    has_quotes = '"' in line
    plain = line.replace('"', "")
    chosen = separator or max(SEPARATORS, key=plain.count)
    names = [re.sub(r"[^a-z/]", "", each.lower()).replace("/", "") for each in plain.split(chosen)]
    roles = [_ROLE_OF.get(name, "skip") for name in names]
    if sum(role != "skip" for role in roles) < 3 or re.search(r"\d[.,]\d", plain):  # noqa: PLR2004 - clock, bid, ask
        return None
    roles = _once("close", _with_one_clock(roles))
    tick_volume = {"tickvol", "tickvolume", "tickqty"} & set(names)
    roles = ["skip" if tick_volume and n in ("vol", "volume") else r for n, r in zip(names, roles, strict=True)]
    unread = tuple(each for each, role in zip(plain.split(chosen), roles, strict=True) if role == "skip")
    return Layout(separator=chosen, roles=tuple(roles), n_header=1, has_quotes=has_quotes, unread=unread)


def _with_one_clock(roles: list[str]) -> list[str]:
    """A lone date or time column holds the whole stamp."""
    if "stamp" in roles:
        return ["skip" if role in ("date", "time") else role for role in roles]
    if "date" in roles and "time" in roles:
        return roles
    return ["stamp" if role in ("date", "time") else role for role in roles]


def _once(role: str, roles: list[str]) -> list[str]:
    first = roles.index(role) if role in roles else -1
    return ["skip" if each == role and n != first else each for n, each in enumerate(roles)]


def read_table(text: bytes, layout: Layout, name: str, must: str, *, allows_empty: bool = True) -> Table:
    """Numbers and stamps of a text table.

    Args:
        text: UTF-8 without byte order mark.
        layout: Its columns.
        name: File name, for messages.
        must: What the file must hold, for messages.
        allows_empty: Whether an empty or ``nan`` number is read as null, to be judged as a row, or refused.

    Raises:
        NoRecords: If there is a header and nothing else.
        RefusedFile: Showing the first line that does not follow the layout.
    """
    raw = _raw(text, layout, name, must)
    clock = raw["stamp"] if "stamp" in raw.columns else _joined(raw)
    stamps = read_stamps(clock, layout.stamp_format)
    if stamps is None:
        line = layout.n_header + 1
        why = "its stamps follow no known pattern, or day and month cannot be told apart"
        raise refusal(name, must, line, _line(text, line), why=why, do="pass --stamp-format, as in '%d/%m/%Y %H:%M'")
    values = _numbers(text, raw, layout, name, must, broken=stamps.values.is_null(), allows_empty=allows_empty)
    return Table(values, stamps, _decimals(raw))


def read_numbers(text: bytes, layout: Layout, name: str, must: str) -> pl.DataFrame:
    """Numbers of a text table that has no stamps; see `read_table`."""
    raw = _raw(text, layout, name, must)
    return _numbers(text, raw, layout, name, must, broken=pl.Series([False]), allows_empty=True)


def _numbers(
    text: bytes, raw: pl.DataFrame, layout: Layout, name: str, must: str, *, broken: pl.Series, allows_empty: bool
) -> pl.DataFrame:
    numbers: dict[str, pl.Series] = {}
    for role in (role for role in raw.columns if role in NUMBER_ROLES):
        column = raw[role]
        if layout.decimal_comma:
            column = column.str.replace(",", ".", literal=True)
        numbers[role] = column.cast(pl.Float64, strict=False)
        if numbers[role].null_count():
            stripped = column.str.strip_chars()
            numbers[role] = stripped.cast(pl.Float64, strict=False)
            is_empty = stripped.is_null() | stripped.str.to_lowercase().is_in(_EMPTY)
            broken = broken | (numbers[role].is_null() & ~(is_empty & allows_empty))
    short = _short_rows(text, layout, raw) if any(each.null_count() for each in numbers.values()) else None
    if short is not None:
        broken = broken | short
    if broken.any():
        line = int(broken.arg_max() or 0) + layout.n_header + 1
        raise refusal(name, must, line, _line(text, line))
    return pl.DataFrame(numbers)


def refusal(
    name: str, must: str, line: int, content: str, *, why: str | None = None, do: str | None = None
) -> RefusedFile:
    """The refusal that shows a line."""
    shown = f"line {line}: {content.strip()[:80]!r}"
    return RefusedFile(f"{name} must hold {must}", was=shown, why=why, do=do or "check the file and --vendor")


def _raw(text: bytes, layout: Layout, name: str, must: str) -> pl.DataFrame:
    text = text.rstrip()
    if b"\0" in text:
        line = text[: text.index(b"\0")].count(b"\n") + 1
        raise refusal(name, must, line, _line(text, line), why="it holds binary data")
    quote = '"' if layout.has_quotes else None
    if quote and text.lstrip()[:1] == b'"' and _wraps_lines(text, layout.separator):
        text, quote = text.replace(b'"', b""), None
    last = text.rsplit(b"\n", 1)[-1]
    if quote is None and last.count(layout.separator.encode()) < len(layout.roles) - 1:
        line = text.count(b"\n") + 1
        raise refusal(name, must, line, _line(text, line), why="the last line breaks off")
    columns = [f"{role}{n}" if role == "skip" else role for n, role in enumerate(layout.roles)]
    try:
        table = pl.read_csv(
            io.BytesIO(text),
            separator=layout.separator,
            quote_char=quote,  # where none belongs, a quote would join lines and make their numbers wrong
            has_header=False,
            skip_lines=layout.n_header,
            schema=dict.fromkeys(columns, pl.String()),
            truncate_ragged_lines=False,
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        line = _first_misfit(text, layout)
        raise refusal(name, must, line, _line(text, line)) from None
    if table.is_empty():
        raise NoRecords(f"{name} must hold candles", was="a header and no row")
    return table.select(role for role in columns if not role.startswith("skip"))


def _wraps_lines(text: bytes, separator: str) -> bool:
    """Whether quotes stand around whole lines instead of around values."""
    return separator.encode() + b'"' not in text[:2000] and b'"' + separator.encode() not in text[:2000]


def _joined(raw: pl.DataFrame) -> pl.Series:
    return (
        raw.select(pl.concat_str("date", "time", separator=" ")).to_series() if "time" in raw.columns else raw["date"]
    )


def _short_rows(text: bytes, layout: Layout, raw: pl.DataFrame) -> pl.Series | None:
    """Rows with fewer columns than the layout; None if that cannot be said line by line."""
    lines = text.rstrip(b"\r\n").split(b"\n")[layout.n_header :]
    if len(lines) != raw.height:
        return pl.Series([True] * raw.height) if any(not line.strip() for line in lines) else None
    separator, needed = layout.separator.encode(), len(layout.roles) - 1
    return pl.Series([line.count(separator) < needed for line in lines])


def _first_misfit(text: bytes, layout: Layout) -> int:
    needed = len(layout.roles) - 1
    for n, line in enumerate(text.split(b"\n")[layout.n_header :], layout.n_header + 1):
        try:
            decoded = line.decode()
        except UnicodeDecodeError:
            return n
        if decoded.count(layout.separator) != needed or "\0" in decoded or decoded.count('"') % 2:
            return n
    return layout.n_header + 1


def _line(text: bytes, line: int) -> str:
    lines = text.split(b"\n", line)
    return lines[line - 1].decode("latin-1") if line <= len(lines) else ""


def _decimals(raw: pl.DataFrame) -> int:
    column = next((raw[role] for role in ("close", "bid") if role in raw.columns), None)
    if column is None:
        return 0
    found = column.str.extract(r"\.(\d+)").str.len_chars().max()
    return int(found or 0)  # type: ignore[arg-type]  # a length
