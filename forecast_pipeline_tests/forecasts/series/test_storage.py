"""Guards the one file of a fitted series or panel: the same draws and bytes after reading, and no code in it."""

from __future__ import annotations

import pickle

import pytest

from forecast_pipeline.core.errors import CorruptData, MissingData
from forecast_pipeline.forecasts.series import fit_panel, fit_series, load_panel, load_series
from forecast_pipeline.models.registry import BASELINES
from forecast_pipeline_tests.forecasts.series.made_closes import garch_walk, related_walks

CLOSES = garch_walk(700)


@pytest.mark.parametrize("family", [*BASELINES, "ridge"])
def test_a_series_draws_the_same_after_it_was_read(family: str, tmp_path) -> None:
    fitted = fit_series(family, CLOSES, horizons=range(1, 6))

    fitted.save(tmp_path / "one.skops")

    read = load_series(tmp_path / "one.skops")
    assert (read.sample(CLOSES, 200, seed=1).prices == fitted.sample(CLOSES, 200, seed=1).prices).all()
    assert (read.notes, read.parameters, read.seed) == (fitted.notes, fitted.parameters, fitted.seed)
    read.save(tmp_path / "two.skops")
    assert (tmp_path / "two.skops").read_bytes() == (tmp_path / "one.skops").read_bytes()


@pytest.mark.parametrize("is_pooled", [False, True])
def test_a_panel_draws_the_same_after_it_was_read(is_pooled: bool, tmp_path) -> None:
    closes = related_walks(700, 0.5)
    panel = fit_panel("ridge", closes, horizons=range(1, 4), is_pooled=is_pooled)

    panel.save(tmp_path / "panel.skops")

    read = load_panel(tmp_path / "panel.skops")
    assert (read.forecast(closes, 3, 100, seed=2) == panel.forecast(closes, 3, 100, seed=2)).all()
    assert (read.series[0].forecaster is read.series[1].forecaster) == is_pooled


def test_what_is_no_fitted_series_is_refused(tmp_path) -> None:
    fit_series("ewma", CLOSES, horizons=[1]).save(tmp_path / "series.skops")
    (tmp_path / "cut.skops").write_bytes((tmp_path / "series.skops").read_bytes()[:500])
    (tmp_path / "pickle.skops").write_bytes(pickle.dumps({"kind": "series"}))

    with pytest.raises(MissingData, match="no file"):
        load_series(tmp_path / "none.skops")
    for name in ("cut", "pickle"):
        with pytest.raises(CorruptData):
            load_series(tmp_path / f"{name}.skops")
    with pytest.raises(CorruptData, match="must hold a panel of version 1, was series"):
        load_panel(tmp_path / "series.skops")
