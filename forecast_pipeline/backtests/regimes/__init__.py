"""Regimes of the market: labels that look back only, scores within each, and what a policy over them is worth.

What belongs here: detectors fitted on a fold's training rows, scores by regime, the policy
and its placebos. What does not: a detector that smooths, and any choice that sees a later fold.
"""
