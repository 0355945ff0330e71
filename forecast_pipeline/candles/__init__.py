"""Stage 1: vendor files become validated candles, by symbol and year.

What belongs here: vendor formats, the immutable landing area, validation with
quarantine, and the simulator. What does not: aggregation of any kind (``bars``).
"""
