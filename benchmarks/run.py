"""Print every ratio; absolute times belong to this machine, the ratios are what we commit to."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

STAGES = ("candles", "bars", "features", "splits", "linear", "walk_forward", "scores", "s4", "samplers", "deep")


def main() -> None:
    """Run the stages named on the command line, or all."""
    sys.path.insert(0, str(Path(__file__).parent))
    chosen = sys.argv[1:] or list(STAGES)
    print(f"{'stage':<8} {'task':<48} {'peer':<46} {'ours s':>8} {'peer s':>8} {'ratio':>6}")
    for stage in chosen:
        for each in importlib.import_module(stage).run():
            times = f"{each.ours_seconds:8.3f} {each.peer_seconds:8.3f} {each.ratio:6.1f}"
            print(f"{stage:<8} {each.task:<48} {each.peer:<46} {times}", flush=True)


if __name__ == "__main__":
    main()
