"""Headline scores as a Markdown table, for places that show no HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.backtests.verdict import p_text, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.summary import Summary


def markdown_preview(summary: Summary) -> str:
    """Verdict and one line a model and horizon, baselines included.

    Args:
        summary: Of the report.

    Returns:
        Markdown that ends in a line break.
    """
    lines = [f"**{_cell(summary.verdict.conclusion)}**", ""]
    lines += [f"* {light.colour.upper()} {light.name}: {_cell(light.sentence)}" for light in summary.verdict.lights]
    heads = ("horizon", "model", "n_eff", "CRPS, bps", "skill", "p (Holm)", "R²", "hit rate", "90 % covers")
    lines += ["", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in summary.scores.iter_rows(named=True):
        name = f"{_cell(str(row['model']))}{' (baseline)' if row['is_baseline'] else ''}"
        skill = "best baseline" if row["baseline"] is None else percent(row["crps_skill"], 2)
        cells = (
            f"{row['horizon_bars']} bars",
            name,
            str(row["n_eff"]),
            f"{row['crps_bps']:.3f}",
            skill,
            "" if row["dm_p_adjusted"] is None else p_text(row["dm_p_adjusted"]),
            percent(row["r2"], 2),
            percent(row["hit_rate"]),
            percent(row["coverage_90"]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"Strongest doubt: {_cell(summary.verdict.doubt)}"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that cannot end a cell, a line, or start markup in the page around it."""
    flat = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return flat.replace("<", "&lt;").replace(">", "&gt;")
