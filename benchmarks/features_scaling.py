"""How the feature stage grows: years of minutes in all seven timeframes against seconds and peak memory.

Each measurement is a process of its own, so that its peak is its own. Published means: bars read, every indicator
proven causal at sampled cuts, computed, written and hashed. Run it alone: it draws `docs/images/features-cost.png`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from forecast_pipeline.bars.resample import resample
from forecast_pipeline.core import publication
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.schema import BARS
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import is_open

SYMBOL = "EURUSD"
YEARS = (1, 2, 4, 7, 10)
PRESETS = (
    ("none",),
    ("core",),
    ("core18",),
    ("core18", "volatility"),
    ("core18", "volatility", "momentum", "trend"),
    ("all",),
)
YEARS_OF_COLUMNS = 2
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "features-cost.png"


def main() -> None:
    """Measure everything and draw, or one case in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", help="measure the bars of this folder in this process")
    parser.add_argument("--indicators", default="core18")
    chosen = parser.parse_args()
    if chosen.home:
        print(json.dumps(measure(Home(Path(chosen.home)), tuple(chosen.indicators.split(",")))))
        return
    by_years, by_columns = [], []
    with tempfile.TemporaryDirectory() as folder:
        for years in YEARS:
            home = write_bars(Path(folder) / str(years), years)
            by_years.append({"years": years, **in_own_process(home, ("core18",))})
            print(by_years[-1], flush=True)
        for indicators in PRESETS:
            home = Home(Path(folder) / str(YEARS_OF_COLUMNS))
            by_columns.append({"indicators": "+".join(indicators), **in_own_process(home, indicators)})
            print(by_columns[-1], flush=True)
    draw(by_years, by_columns)


def write_bars(folder: Path, years: int) -> Home:
    """Random-walk minutes with missing ones, and the bars of every timeframe."""
    rng = np.random.default_rng(years)
    first = int(np.datetime64("2014-01-01T00:00", "us").astype(np.int64))
    opens = first + np.arange(int(years * 365.25 * 1440)) * 60_000_000
    opens = opens[is_open(opens)]
    opens = opens[rng.random(opens.size) > 0.005]
    close = np.round(1.1 * np.exp(rng.normal(scale=1e-4, size=opens.size).cumsum()), 5)
    open_ = np.append(close[:1], close[:-1])
    reach = np.round(rng.exponential(3e-5, (2, opens.size)), 5)
    candles = pl.DataFrame(
        {
            "ts_utc": pl.Series(opens).cast(BARS["ts_utc"]),
            "source_minutes": np.ones(opens.size, np.int32),
            "open": open_,
            "high": np.maximum(open_, close) + reach[0],
            "low": np.minimum(open_, close) - reach[1],
            "close": close,
            "volume": np.round(rng.lognormal(4.0, 1.0, opens.size)),
            "spread": pl.Series([None] * opens.size, dtype=pl.Float64),
        }
    )
    home = Home(folder)
    for timeframe in Timeframe:
        files = {".parquet": publication.frame_writer(resample(candles, timeframe))}
        publication.publish(home.bars(SYMBOL), timeframe.value, files, {"symbol": SYMBOL})
    return home


def in_own_process(home: Home, indicators: tuple[str, ...]) -> dict[str, float]:
    """Figures of one case."""
    command = [sys.executable, __file__, "--home", str(home.root), "--indicators", ",".join(indicators)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own file
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(home: Home, indicators: tuple[str, ...]) -> dict[str, float]:
    """Seconds, processor seconds and peak memory of publishing all timeframes, and of doing it again."""
    from forecast_pipeline.features.build import build_features
    from forecast_pipeline.features.parameters import FeatureParameters

    parameters = FeatureParameters(indicators=indicators)
    began, cpu = time.perf_counter(), time.process_time()
    built = [build_features(home, SYMBOL, timeframe, parameters) for timeframe in Timeframe]
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    began = time.perf_counter()
    for timeframe in Timeframe:
        build_features(home, SYMBOL, timeframe, parameters)
    return {
        "rows": sum(int(each.card["n_rows"]) for each in built),
        "columns": len(built[0].card["columns"]),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "seconds_again": round(time.perf_counter() - began, 2),
        "peak_gb": round(peak_bytes() / 1e9, 2),
    }


def peak_bytes() -> int:
    """Largest resident memory of this process so far; what it was started from does not count, as it does in rusage."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def draw(by_years: list[dict[str, float]], by_columns: list[dict[str, float]]) -> None:
    """Two panels: against rows, against columns."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    panels = (
        (left, by_years, [p["rows"] / 1e6 for p in by_years], "million rows in seven timeframes, core18"),
        (right, by_columns, [p["columns"] for p in by_columns], f"columns, {YEARS_OF_COLUMNS} years of minutes"),
    )
    for axes, points, x, label in panels:
        axes.plot(x, [p["seconds"] for p in points], "o-", label="seconds, published")
        axes.plot(x, [p["seconds_again"] for p in points], "s--", label="seconds, nothing new")
        axes.plot(x, [p["peak_gb"] for p in points], "^:", label="peak memory, GB")
        axes.set(xlabel=label, xlim=(0, None), ylim=(0, None))
        axes.legend(frameon=False, fontsize="small")
        axes.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
