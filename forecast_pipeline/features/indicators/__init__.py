"""Indicators as pure functions of arrays, one module a family.

What belongs here: functions of float64 arrays of shape ``(T,)``, oldest first, without NaN, that return
arrays of the same shape with NaN in the leading rows where too few bars exist. Each value uses its own row
and earlier ones. TA-Lib does what TA-Lib does well; where its running sums would keep rounding residue, or
where it leaves a degenerate case as zero, the function says so.

What does not belong here: frames, timeframes, column names.
"""
