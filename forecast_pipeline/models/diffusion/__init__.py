"""Diffusion, shared by the neural families: how noise is added, predicted, trained for and taken away again.

Modules: `schedule` (how much noise at which step, v and epsilon), `steps` (which steps are trained, with what weight),
`samplers` (from noise to draws), `embedding` and `denoiser` (the network), `losses` (fair CRPS, KL, likelihoods),
`exact_targets` (mixtures whose denoiser is known, to measure samplers with). What does not belong here: rows, horizons,
training loops. Nothing is imported here, so that naming the package does not load torch.
"""
