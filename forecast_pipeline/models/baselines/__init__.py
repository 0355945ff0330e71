"""The ladder of baselines: what any model has to beat. All are driftless, and each knows a little more than the last.

What belongs here: references of known names, fitted in moments. What does not: anything that reads a feature.
"""
