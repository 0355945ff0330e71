"""Linear models and forests on one row of features; uncertainty from calibrated residuals."""
