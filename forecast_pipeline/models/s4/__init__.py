"""Structured state spaces in plain torch: kernels in real arithmetic, a convolution to train, a recurrence to stream.

Letters: ``B`` batch, ``H`` channels, ``L`` length, oldest first, ``N`` full state size; of each conjugate pair only the
``n = N/2`` members with negative imaginary part are kept, and ``2 Re`` of a sum over them is the sum over all. ``D``
kernels a channel: one, or two of a bidirectional layer. Inputs of layers are ``(B, H, L)``, of one step ``(B, H)``.

What is where, and what imports torch:

* `hippo` (numpy): `hippo_legs`, `hippo_legt`, `hippo_fourier`, `nplr_legs`; `initialisation` (numpy): `diagonal_init`;
* `arrays`: the mathematics as pure functions of numpy or torch arrays: `s4d_kernel`, `s4d_recurrence`, `dplr_kernel`,
  `dplr_recurrence`, `dplr_generating_coefficients`, `diagonal_discretised`, `dplr_discretised`;
* `convolution`: `causal_convolution`, `two_sided_convolution`;
* `discretisation`, `powers`, `diagonal`, `rank_one`, `dense`: the same in pairs of real tensors, which modules are made
  of, and `recurrence`: one step of either, complex;
* `settings`: `S4Settings`; `sequence_kernel`: what both kernels promise; `diagonal_module`: `S4DKernel`; `dplr_module`:
  `DPLRKernel`;
* `layer`: `S4Layer`, `S4DLayer`; `block`: `S4Block`; `parameter_groups`: `parameter_groups`.

What does not belong here: anything that knows horizons, timeframes or noise schedules.
"""
