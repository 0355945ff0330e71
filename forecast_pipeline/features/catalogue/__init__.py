"""The one table of features: name, formula, parameters, inputs, columns, units, warm-up, origin.

What belongs here: one module a group, each a tuple of `Indicator`; `table` puts them in order. Everything that
lists features, the settings, the documentation page, the lineage and the command line, is made from this table.

What does not belong here: arithmetic (that is `features/indicators`) and anything that knows a partition.
"""
