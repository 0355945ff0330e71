"""The asset graph: the only package that imports Dagster, thin skins over the domain functions.

What belongs here: assets, checks, partitions, resources, sensors, schedules. What does
not: arithmetic, loops over rows, any rule about data. Nothing is re-exported, and no
module here defers its annotations, because Dagster reads them when it loads.
"""

import warnings

import dagster as dg

# Two-dimensional partition mappings and partitioned checks are marked as beta or preview. Our tests pin how
# they behave, and nobody who runs a command can do anything about the warning.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
