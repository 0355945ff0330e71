"""A calibration layer over any family: intervals that keep their stated coverage, learned from labels as they end.

What belongs here: the adaptive conformal layer, its state and the map of samples that
follows from it. What does not: any family, any file.
"""
