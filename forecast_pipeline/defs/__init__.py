"""The asset graph: the only package that imports Dagster, thin skins over the domain functions.

What belongs here: assets, checks, partitions, resources, sensors, schedules. What does
not: arithmetic, loops over rows, any rule about data. Nothing is re-exported, and no
module here defers its annotations, because Dagster reads them when it loads.
"""
