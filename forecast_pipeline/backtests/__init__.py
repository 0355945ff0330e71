"""Stage 7: out-of-sample forecasts of every fold, and the walk-forward report made of them.

What belongs here: refitting per fold, positions and costs, scores in tables, the page.
What does not: new ways to fit or to split.
"""
