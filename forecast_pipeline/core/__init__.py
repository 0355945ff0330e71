"""Values, units, errors, the clock and the lake: what every stage needs and no stage owns.

What does not belong here: anything that knows a stage, and anything that knows Dagster.
"""
