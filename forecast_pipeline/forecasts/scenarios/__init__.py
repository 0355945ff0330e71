"""Scenarios: unconditional paths of a trained model, rolled forward bar by bar, with checks of their stylised facts."""
