"""Words of the trade that the tables use, each in one plain sentence, and where on the page it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One term.

    Attributes:
        term: As the tables write it.
        says: One sentence.
        pattern: What to look for in the text of a table, if it is not the term itself.
    """

    term: str
    says: str
    pattern: str = ""

    @property
    def anchor(self) -> str:
        """Where it is explained on the page.

        Example:
            >>> Word("CRPS of the tails", "").anchor
            'word-crps-of-the-tails'
        """
        return "word-" + re.sub(r"\W+", "-", self.term.lower()).replace("_", "-")


WORDS = (
    Word(
        "alarms",
        "Decisions at which the conformal layer had to hold the width of an interval at one of its limits.",
        r"\balarms\b",
    ),
    Word(
        "Berkowitz",
        "Test of whether the PIT values, turned into normal ones, are independent with mean zero and variance one.",
    ),
    Word("Calmar", "Net result of a year divided by the deepest drawdown."),
    Word(
        "Christoffersen",
        "Test of whether an interval is missed as rarely as stated and one miss says nothing about the next.",
    ),
    Word(
        "conformal layer",
        "A correction that widens or narrows the stated intervals by how often the earlier ones were missed.",
    ),
    Word(
        "CRPS",
        "Continuous ranked probability score, the distance of the stated distribution from what came; for a forecast "
        "of a single number it is the absolute error, and lower is better.",
        r"\bCRPS\b(?! of the tails)",
    ),
    Word(
        "CRPS of the tails",
        "The part of the CRPS that counts only what lies far from zero, so that large moves alone decide.",
    ),
    Word(
        "Diebold-Mariano",
        "Test of whether two forecasts have the same expected loss; HLN is the correction of Harvey, Leybourne and "
        "Newbold for few rows.",
        r"Diebold|\bDM\b",
    ),
    Word(
        "DSR",
        "Deflated Sharpe ratio, the probability that the true Sharpe ratio exceeds what luck alone gives the best of "
        "so many trials.",
        r"\bDSR\b|[Dd]eflated Sharpe",
    ),
    Word(
        "dynamic quantile",
        "Test of whether misses of an interval can be foretold from earlier misses and from what was stated.",
    ),
    Word(
        "energy score",
        "The CRPS of a whole path: the distance of the drawn paths over all horizons from the path that came.",
    ),
    Word(
        "Giacomini-White",
        "Test of whether what is known at the decision tells which of two forecasts will be the better one.",
    ),
    Word(
        "HAC",
        "Heteroskedasticity and autocorrelation consistent: an interval that allows for a variance that changes and "
        "for rows that depend on their neighbours.",
    ),
    Word(
        "IC",
        "Information coefficient, the correlation of the predicted with the realised move.",
        r"\bIC\b|[Ii]nformation coefficient",
    ),
    Word("KS", "Kolmogorov and Smirnov's distance, the largest gap between two cumulative distributions."),
    Word("Kupiec", "Test of whether an interval is missed as rarely as stated."),
    Word(
        "Lo-adjusted Sharpe",
        "Sharpe ratio of a year that allows for days that depend on each other, after Lo.",
        r"Sharpe a year, Lo|Lo-adjusted",
    ),
    Word(
        "MCS",
        "Model confidence set, the models that cannot be told from the best one at the 10 % level, all counted.",
        r"\bMCS\b|confidence set",
    ),
    Word(
        "n_eff",
        "Number of independent rows that would carry as much evidence: overlapping labels and dependence taken off.",
    ),
    Word(
        "PBO",
        "Probability of backtest overfitting, the share of ways to halve the days in which the best trial of one half "
        "is not above the median in the other.",
        r"\bPBO\b|backtest overfitting",
    ),
    Word("PIT", "Probability integral transform, the stated probability of a value at or below what came."),
    Word("PSI", "Population stability index, how far the shares of a column's bins moved from train to test."),
    Word(
        "PSR",
        "Probabilistic Sharpe ratio, the probability that the true Sharpe ratio is above zero, given the record's "
        "length, skew and tails.",
        r"\bPSR\b|[Pp]robabilistic Sharpe",
    ),
    Word(
        "QLIKE",
        "Loss of a variance forecast, zero if it is exact; a variance stated too low costs more than one too high.",
    ),
    Word("Sortino", "Like the Sharpe ratio, with the size of losing days in the place of the standard deviation."),
    Word(
        "SPA",
        "Superior predictive ability, Hansen's test of whether the best of all models beats the benchmark by more "
        "than luck.",
    ),
    Word("StepM", "Romano and Wolf's stepwise test, which names the models that beat the benchmark, all counted."),
)
"""In the order of the alphabet."""


def words_in(*texts: str) -> tuple[Word, ...]:
    """Words that any of the texts use.

    Example:
        >>> [word.term for word in words_in("QLIKE", "p of the PSI")]
        ['PSI', 'QLIKE']
    """
    whole = "\n".join(texts)
    return tuple(word for word in WORDS if re.search(word.pattern or rf"\b{re.escape(word.term)}\b", whole))
