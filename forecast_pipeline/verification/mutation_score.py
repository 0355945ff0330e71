"""The mutation score of one version of the code: how many planted errors the suite catches, published once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.surroundings import MUTATION_SCORE
from forecast_pipeline.core.code_version import code_sha256
from forecast_pipeline.core.publication import Published, find, frame_writer, publish
from forecast_pipeline.verification.kill_matrix import clean_results, feature_mutants, simulated_mutants
from forecast_pipeline.verification.leak_suite import simulated_pipeline
from forecast_pipeline.verification.leak_tests import TESTS
from forecast_pipeline.verification.mutants import outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.verification.mutants import Killed

KILL_TABLE: dict[str, pl.DataType] = {
    "mutant": pl.String(),
    "group": pl.String(),
    "description": pl.String(),
    "killed_by": pl.String(),
    "is_killed": pl.Boolean(),
}
"""Columns of the kill matrix, a row a planted error; ``killed_by`` names the tests, empty if it survived."""


def ensure_mutation_score(home: Home) -> Published:
    """The mutation score of this code; computed on simulated markets, in seconds, unless it is published already.

    The card says ``killed``, ``total``, ``code_sha256`` and ``alarms`` on the honest pipeline; the table is the kill
    matrix in the columns of `KILL_TABLE`.

    Args:
        home: State folder.
    """
    present = read_mutation_score(home)
    if present is not None and present.card["code_sha256"] == code_sha256():
        return present
    pipeline, candles = simulated_pipeline()
    mutants = itertools.chain(feature_mutants(pipeline, candles), simulated_mutants())
    table = kill_table(outcome(mutant) for mutant in mutants)
    alarms = [f"{name}: {finding}" for name, test in TESTS.items() for finding in test(pipeline, candles)]
    alarms += [f"{result.test}: {finding}" for result in clean_results() for finding in result.findings]
    facts = {
        "stage": "verification",
        "killed": int(table["is_killed"].sum()),
        "total": table.height,
        "alarms": alarms,
        "code_sha256": code_sha256(),
    }
    return publish(home.verification(), MUTATION_SCORE, {".parquet": frame_writer(table)}, facts)


def read_mutation_score(home: Home) -> Published | None:
    """The score as published, of whatever version of the code; None if there is none yet."""
    return find(home.verification(), MUTATION_SCORE)


def kill_table(killed: Iterable[Killed]) -> pl.DataFrame:
    """The kill matrix as a frame.

    Example:
        >>> from forecast_pipeline.verification.mutants import Killed
        >>> kill_table([Killed("S2", "no purge", "L8 label order", "23 labels reach test")]).row(0)
        ('S2', 'splits', 'no purge', 'L8 label order', True)
    """
    rows = [(each.code, each.group, each.text, each.killed_by, each.is_killed) for each in killed]
    return pl.DataFrame(rows, schema=KILL_TABLE, orient="row")
