"""Stage 8: the champion and its live forecasts, in return and in price.

What belongs here: the gate, inference from the newest closed bar. What does not:
fitting anything, and any score that is not already in the report.
"""
