"""Stage 5: forecasters, from folds to artifacts; they see arrays and never candles.

Shapes: ``B`` rows, ``p`` inputs, ``K`` horizons, ``S`` samples. What belongs here: what
fits a fold and returns joint samples, and how that is stored. What does not: scores,
prices, and any rule about which rows may be seen.
"""
