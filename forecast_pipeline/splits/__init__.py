"""Stage 4: features become folds: aligned matrix, targets, fold plan, train-only statistics.

What belongs here: everything that decides which rows a model may see and in what
scale. What does not: models, and any statistic of rows outside a training window.
"""
