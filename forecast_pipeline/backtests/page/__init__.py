"""The page of the walk-forward report: what each section shows, drawn and put into words.

Nothing here computes a score: numbers come from `backtests.summary` and from `page.evidence`, and whatever is missing
there is named on the page as not recorded.
"""
