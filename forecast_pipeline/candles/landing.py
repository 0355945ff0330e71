"""The immutable landing area: every accepted vendor file, byte for byte, with its ticket."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.hashing import sha256_of_file, sha256_of_value
from forecast_pipeline.core.publication import Published, find, locked, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from forecast_pipeline.core.home import Home

_NAME_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A vendor file in the landing area.

    Attributes:
        stored: File and ticket.
        options: How it is read.
        ingested_at: When it was landed, by the clock of the machine.
        first_ts_utc: First good stamp.
        last_ts_utc: Last good stamp.
    """

    stored: Published
    options: SourceOptions
    ingested_at: datetime
    first_ts_utc: datetime
    last_ts_utc: datetime

    @property
    def sha256(self) -> str:
        """Hash of the vendor file itself."""
        return str(self.stored.card["source_sha256"])

    @property
    def symbol(self) -> str:
        """Symbol under which it was landed."""
        return self.stored.folder.name

    @property
    def path(self) -> Path:
        """Path of the stored copy."""
        return self.stored.path(str(self.stored.card["suffix"]))

    @property
    def years(self) -> range:
        """Calendar years in UTC that the file touches."""
        return range(self.first_ts_utc.year, self.last_ts_utc.year + 1)

    @property
    def sequence(self) -> int:
        """Place among the symbol's files; where files disagree, the highest wins."""
        return int(self.stored.card.get("sequence", 0))

    def described(self) -> dict[str, Any]:
        """What later stages record about the file."""
        card = self.stored.card
        names = ("name", "vendor", "timezone", "price_side", "source_minutes")
        return {"sha256": self.sha256, **{name: card[name] for name in names}}


def land(home: Home, symbol: str, path: Path, options: SourceOptions, facts: dict[str, Any]) -> LandedFile:
    """Keep a vendor file; landing the same bytes the same way again changes nothing."""
    sha256 = sha256_of_file(path)
    folder, name = home.landing(symbol), _name(sha256, options)
    known = find(folder, name)
    if known is not None and SourceOptions.parse(known.card["options"]) == options:
        return _landed(known if _is_intact(known) else _restored(known, path))
    suffix = "".join(c for c in path.suffix.lower() if c.isalnum() or c == ".")[:9] or ".bin"
    card = {
        "name": path.name,
        "source_sha256": sha256,
        "suffix": suffix,
        "options": options.model_dump(),
        **facts,
    }
    return _landed(publish(folder, name, {suffix: lambda target: _copy(path, target)}, card))


def landed_files(home: Home, symbol: str) -> list[LandedFile]:
    """All files of a symbol in the order in which they were ingested."""
    folder = home.landing(symbol)
    stored = [find(folder, ticket.stem) for ticket in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    landed = [_landed(each) for each in stored if each is not None]
    # The sequence, not the time: a host whose clock was set back may not turn corrections round.
    return sorted(landed, key=lambda file: (file.sequence, file.ingested_at, file.sha256))


def landed_symbols(home: Home) -> list[str]:
    """Symbols that have at least one landed file."""
    root = home.landing("")
    return sorted(folder.name for folder in root.iterdir() if any(folder.glob("*.json"))) if root.is_dir() else []


@contextlib.contextmanager
def landing_lock(home: Home, symbol: str) -> Iterator[None]:
    """Hold the landing area of a symbol, so that a look at its files and the next one to come belong together.

    Raises:
        Busy: If another process holds it for two minutes.
    """
    folder = home.landing(symbol)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".landing.lock"):
        yield


def _name(sha256: str, options: SourceOptions) -> str:
    """Name of a ticket. Equal bytes of two days are two files, so a start that is no part of the bytes counts."""
    if options.start is None:
        return sha256[:_NAME_CHARACTERS]
    return sha256_of_value([sha256, options.start])[:_NAME_CHARACTERS]


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _is_intact(known: Published) -> bool:
    path = known.path(known.card["suffix"])
    return path.is_file() and sha256_of_file(path) == known.card["source_sha256"]


def _restored(known: Published, path: Path) -> Published:
    """The same ticket with a good copy of the file, so that it keeps its place among the others."""
    facts = {key: value for key, value in known.card.items() if key not in ("files", "sha256")}
    return publish(known.folder, known.name, {known.card["suffix"]: lambda target: _copy(path, target)}, facts)


def _landed(stored: Published) -> LandedFile:
    card = stored.card
    return LandedFile(
        stored=stored,
        options=SourceOptions.parse(card["options"]),
        ingested_at=datetime.fromisoformat(card["ingested_at"]),
        first_ts_utc=datetime.fromisoformat(card["first_ts_utc"]),
        last_ts_utc=datetime.fromisoformat(card["last_ts_utc"]),
    )
