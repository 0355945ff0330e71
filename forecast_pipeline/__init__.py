"""Calibrated, honest, reproducible FX forecasts as an asset graph with lineage."""
