"""The policy: every kind of finding, and whether it is accepted, repaired, quarantined or refuses the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["accept", "repair", "quarantine", "refuse"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of finding.

    Attributes:
        verdict: What happens to the row or the file.
        meaning: What was found.
        action: What is done, for a repair or an acceptance.
    """

    verdict: Verdict
    meaning: str
    action: str = ""


POLICY: dict[str, Finding] = {
    # Rows set aside; a row gets the first that fits.
    "no_clock": Finding("quarantine", "the stamp is missing or names a local time that does not exist"),
    "before_1990": Finding("quarantine", "the stamp lies before 1990: usually a wrong unit of epoch"),
    "future": Finding("quarantine", "the stamp lies more than a day after the file was ingested"),
    "off_grid": Finding("quarantine", "the stamp is not on the grid of its timeframe"),
    "not_finite": Finding("quarantine", "a price is missing, NaN or infinite, or a volume is infinite"),
    "not_positive": Finding("quarantine", "a price is zero or negative, or a volume is negative"),
    "high_below_low": Finding("quarantine", "high is below low"),
    "outside_range": Finding("quarantine", "open or close lies outside low to high"),
    "closed_session": Finding("quarantine", "the market is closed: Friday 17:00 to Sunday 17:00 New York"),
    "spike": Finding("quarantine", "a price is over 1.5 times off the records around it, for at most 30 records"),
    "crossed_quote": Finding("quarantine", "ask is below bid"),
    "stale": Finding(
        "quarantine", "an hour or more in which every price stands still: the feed hung; its first row stays"
    ),
    "conflicting_duplicate": Finding(
        "quarantine", "another row of the file has this stamp and other values; the later row stays"
    ),
    "ask_without_bid": Finding("quarantine", "an ask of a file of its own whose bid is missing; found when built"),
    # Rows put right; all are counted in the ticket.
    "exact_duplicate": Finding("repair", "a row equals another one in every value", "one copy stays"),
    "out_of_order": Finding("repair", "a stamp lies before the one above it", "rows are sorted by stamp"),
    "epoch_unit": Finding("repair", "an epoch is in another unit than most", "its size tells s, ms, us or ns"),
    "repeated_hour": Finding(
        "repair",
        "local stamps in an hour that the clock shows twice",
        "before the step back they are the first hour, after it the second; without a step all are the first",
    ),
    "filler": Finding("repair", "Dukascopy writes minutes without a quote: volume 0, four equal prices", "left out"),
    "incomplete": Finding("repair", "a candle that OANDA marks as forming", "left out"),
    "empty": Finding("repair", "a stamp at which Yahoo has no price", "left out"),
    "integer_points": Finding(
        "repair", "whole-number prices that fit the pair only as points", "multiplied by the point"
    ),
    # Kept, and said.
    "extreme": Finding("accept", "a move of more than 3 % within one record", "kept: real markets do that"),
    "gap": Finding("accept", "records are missing in open hours", "never filled; the card lists the longest"),
    # Files refused whole.
    "wrong_format": Finding("refuse", "a line, a body or a container is not of the format: the first one is shown"),
    "no_data": Finding("refuse", "the file is well formed and empty; reported apart, as no fault"),
    "misread_clock": Finding("refuse", "weeks do not open Sunday 17:00 New York, or the clock cannot be known"),
    "price_scale": Finding("refuse", "prices are outside what the pair can be, or change their scale inside the file"),
    "other_side": Finding("refuse", "the price side and that of the symbol's other files are not bid and ask"),
    "day_cut": Finding("refuse", "daily records are not cut at 17:00 New York"),
    "mostly_bad": Finding("refuse", "more than half of the rows would be set aside"),
    "too_big": Finding("refuse", "the file, or what it unpacks to, is beyond the limits"),
}
"""Every finding by name; the order of the quarantined ones is the order in which they are looked for."""

REASONS = {name: finding.meaning for name, finding in POLICY.items() if finding.verdict == "quarantine"}
"""Why a row is set aside, in the order in which the checks are applied."""
