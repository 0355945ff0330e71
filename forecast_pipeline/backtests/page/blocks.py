"""The kinds of things a section shows: a table, a figure, named facts, or the words that something is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from forecast_pipeline.backtests.page.words import Word, words_in

if TYPE_CHECKING:
    from markupsafe import Markup

NOT_RECORDED = "not recorded"
NOT_MODELLED = "not modelled"
NOT_RECOVERED, NOT_COMPUTED, NOT_ASKED = "not recovered yet", "not computed", "not asked"
# What may stand in a column of numbers.
_NO_NUMBER = {
    *("undefined", NOT_RECORDED, NOT_MODELLED, NOT_RECOVERED, NOT_COMPUTED, NOT_ASKED, "none", "baseline"),
    *("none drawn", "not the best baseline"),
}
_WIDE, _WIDEST = 9, 16  # columns
_LONG = 48  # characters: a name is shorter, a sentence is not

Cells = tuple[bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells ready to be shown.

    Attributes:
        caption: What the table shows, as a sentence.
        heads: One a column.
        rows: Cells, and whether the row is a baseline.
        notes: What a reader must know to read the numbers.
        more_rows: Rows that stand folded behind those of ``rows``.
    """

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[str, ...]
    rows: list[Cells]
    notes: tuple[str, ...] = field(default=())
    more_rows: list[Cells] = field(default_factory=list)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class of each column: ``t`` for text, which stands left; ``k`` if it names the rows, ``w`` if it wraps.

        The first column of text names the rows, and stays in sight where a table scrolls; sentences wrap.

        Example:
            >>> Table("", ("h", "model", "p"), [(False, ("1", "ridge", "< 0.001"))]).classes
            ('', 't k', '')
        """
        rows = [cells for _, cells in (*self.rows, *self.more_rows)]
        is_text = [any(_is_text(cells[place]) for cells in rows) for place in range(len(self.heads))]
        key = is_text.index(True) if True in is_text else -1
        is_long = [any(len(cells[place]) > _LONG for cells in rows) for place in range(len(self.heads))]
        return tuple(
            f"t{' k' * (place == key)}{' w' * is_long[place]}" if text else "" for place, text in enumerate(is_text)
        )

    @property
    def size(self) -> str:
        """``wide`` or ``widest`` for a table of many columns: it may scroll, and is printed smaller.

        Example:
            >>> Table("", ("a",), []).size, Table("", ("a",) * 9, []).size, Table("", ("a",) * 16, []).size
            ('', 'wide', 'widest')
        """
        n_columns = len(self.heads)
        return "widest" if n_columns >= _WIDEST else "wide" if n_columns >= _WIDE else ""

    @property
    def words(self) -> tuple[Word, ...]:
        """Terms of caption, heads and notes that the page explains.

        Example:
            >>> [word.term for word in Table("Ends.", ("model", "QLIKE"), []).words]
            ['QLIKE']
        """
        return words_in(self.caption, *self.heads, *self.notes)


def _is_text(cell: str) -> bool:
    is_hash = re.fullmatch(r"(?=.*[a-f])[0-9a-f]{8,}", cell)
    return bool(cell) and cell not in _NO_NUMBER and (bool(is_hash) or not re.match(r"[-+<]? ?\d", cell))


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its caption.

    Attributes:
        svg: Our own SVG text, already escaped.
        caption: What it shows, as a sentence, and how to read it.
    """

    kind: ClassVar[str] = "figure"
    svg: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; a value that is None or empty is shown as not recorded."""

    kind: ClassVar[str] = "facts"
    pairs: list[tuple[str, str | None]]

    @property
    def words(self) -> tuple[Word, ...]:
        """Terms of the names that the page explains.

        Example:
            >>> [word.term for word in Facts([("Deflated Sharpe ratio", "0.5")]).words]
            ['DSR']
        """
        return words_in(*(name for name, _ in self.pairs))


@dataclass(frozen=True, slots=True)
class Missing:
    """A visible line in the place of what is not there.

    Attributes:
        what: Name of the table or figure.
        why: ``not recorded``, ``not modelled`` or a longer reason.
    """

    kind: ClassVar[str] = "missing"
    what: str
    why: str = NOT_RECORDED


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph of plain text."""

    kind: ClassVar[str] = "sentence"
    text: str


Block = Table | Figure | Facts | Missing | Sentence
