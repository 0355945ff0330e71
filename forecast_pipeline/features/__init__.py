"""Stage 3: every timeframe's own indicators at its own resolution, from complete bars and nothing else.

What belongs here: pure functions of bars, the one table that names them (`catalogue`), their warm-up, the
truncation check that runs before a partition is published, and the presets that choose among them.

What does not belong here: joining timeframes, targets, anything fitted to data (scaling, selection,
regimes), and anything that knows Dagster.
"""
