"""The plain pandas way to the specification's indicators, as most repositories write them: the peer, not a model."""

from __future__ import annotations

import numpy as np
import pandas as pd


def indicators(bars: pd.DataFrame, *, has_cci: bool) -> dict[str, pd.Series]:
    """All but Hurst of the eighteen; CCI's mean deviation needs ``rolling.apply`` and costs more than all others."""
    high, low, close, volume = bars["high"], bars["low"], bars["close"], bars["volume"]
    typical = (high + low + close) / 3
    previous = close.shift()
    reach = true_range(bars)
    atr = reach.ewm(alpha=1 / 14, adjust=False).mean()
    out = {"atr": atr / close}
    middle, std = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
    out |= {f"bollinger_{k}": np.log(close / (middle + k * std)) for k in (2, 0, -2)}
    average, half = close.ewm(span=20, adjust=False).mean(), 2 * true_range(bars).ewm(alpha=1 / 10, adjust=False).mean()
    out |= {f"keltner_{k}": np.log(close / (average + k * half)) for k in (1, 0, -1)}
    step = close.diff()
    gain = step.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    loss = (-step).clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    out["rsi"] = 100 - 100 / (1 + gain / loss)
    top, bottom = high.rolling(14).max(), low.rolling(14).min()
    out["stochastic_k"] = (100 * (close - bottom) / (top - bottom)).rolling(3).mean()
    out["stochastic_d"] = out["stochastic_k"].rolling(3).mean()
    out["williams_r"] = -100 * (top - close) / (top - bottom)
    if has_cci:
        deviation = typical.rolling(20).apply(lambda x: np.abs(x - x.mean()).mean(), raw=True)
        out["cci"] = (typical - typical.rolling(20).mean()) / (0.015 * deviation)
    flow = typical * volume
    rising = flow.where(typical.diff() > 0, 0.0).rolling(14).sum()
    falling = flow.where(typical.diff() < 0, 0.0).rolling(14).sum()
    out["mfi"] = 100 - 100 / (1 + rising / falling)
    line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = line.ewm(span=9, adjust=False).mean()
    out |= {"macd": line / close, "macd_signal": signal / close, "macd_histogram": (line - signal) / close}
    up, down = high.diff(), -low.diff()
    atr = true_range(bars).ewm(alpha=1 / 14, adjust=False).mean()
    plus = up.where((up > down) & (up > 0), 0.0).ewm(alpha=1 / 14, adjust=False).mean() / atr
    minus = down.where((down > up) & (down > 0), 0.0).ewm(alpha=1 / 14, adjust=False).mean() / atr
    out["adx"] = (100 * (plus - minus).abs() / (plus + minus)).ewm(alpha=1 / 14, adjust=False).mean()
    out["ema"] = np.log(close / close.ewm(span=30, adjust=False).mean())
    out["sma"] = np.log(close / close.rolling(50).mean())
    triple = close.ewm(span=15, adjust=False).mean().ewm(span=15, adjust=False).mean().ewm(span=15, adjust=False).mean()
    out["trix"] = triple.pct_change()
    day = bars["session"]
    out["obv"] = (np.sign(step) * volume).groupby(day).cumsum()
    out["vwap"] = np.log(close / (flow.groupby(day).cumsum() / volume.groupby(day).cumsum()))
    upper, lower = high.rolling(20).max(), low.rolling(20).min()
    out |= {"donchian_upper": np.log(close / upper), "donchian_lower": np.log(close / lower)}
    out["donchian_middle"] = np.log(close / ((upper + lower) / 2))
    reach = true_range(bars)
    pressure = close - pd.concat([low, previous], axis=1).min(axis=1)
    average = [pressure.rolling(n).sum() / reach.rolling(n).sum() for n in (7, 14, 28)]
    out["ultimate_oscillator"] = 100 * (4 * average[0] + 2 * average[1] + average[2]) / 7
    return out


def true_range(bars: pd.DataFrame) -> pd.Series:
    """The largest of three differences, by a frame of three columns."""
    previous = bars["close"].shift()
    sides = [bars["high"] - bars["low"], (bars["high"] - previous).abs(), (bars["low"] - previous).abs()]
    return pd.concat(sides, axis=1).max(axis=1)


def hurst(close: np.ndarray, lookback_bars: int, sizes: tuple[int, ...]) -> np.ndarray:
    """Rescaled range window by window and chunk by chunk, as it is usually written."""
    returns = np.diff(np.log(close))
    out = np.full(close.size, np.nan)
    for end in range(lookback_bars, close.size):
        window = returns[end - lookback_bars : end]
        ratios = []
        for size in sizes:
            chunks = window[: window.size // size * size].reshape(-1, size)
            found = []
            for chunk in chunks:
                path = np.cumsum(chunk - chunk.mean())
                found.append((path.max() - path.min()) / max(chunk.std(), 1e-12))
            ratios.append(np.mean(found))
        out[end] = np.polyfit(np.log(sizes), np.log(ratios), 1)[0]
    return out
