"""Trading on the stated forecasts: one policy fixed beforehand, honest fills, every cost, an account in one currency.

What belongs here: positions from predictive distributions, the ledger of what they earn and pay, and tables of
what that depends on. What does not: choosing a model or a parameter by what it earned, and scores of forecasts.
"""
