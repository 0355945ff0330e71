"""Proper scores, calibration and significance: pure functions of arrays.

What does not belong here: frames, files, stages, plots, and any choice of what to compare with what.

Shapes: ``(B,)`` is the rows of one model at one horizon, oldest first; ``S`` counts draws.
"""
