"""The automation condition of bars and features.

Folds and everything after them need enough history, which a condition cannot see: the
retrain sensor asks for them, for the timeframes that are in use.
"""

import dagster as dg

UPSTREAM_CHANGED = (
    dg.AutomationCondition.any_deps_match(dg.AutomationCondition.newly_updated()).since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
)
"""Fires once per upstream update for exactly the partitions below it, and is silent when a symbol is merely
added. It waits for the upstream event itself, not for its request, so that every stage starts from what is
published. A failed run is not repeated until the next update; the nightly schedule does that."""
