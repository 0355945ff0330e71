"""Stage 2: candles become complete bars of seven timeframes on the FX week.

What belongs here: aggregation and the rule of completeness. What does not: filling
of gaps (nothing fills them) and anything that looks at more than one bar.
"""
