"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Symbol = Annotated[str, typer.Option("--symbol", help="Currency pair, EURUSD or EUR/USD.")]
BaseTimeframe = Annotated[str, typer.Option("--timeframe", help="Base timeframe: 1m 5m 15m 30m 1h 4h 1d.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--config", help="YAML settings; kept in the state folder for later runs.", dir_okay=False),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", help="One setting, as in splits.horizon=24; may be repeated; kept for later runs."),
]
