"""SSSD: structured state spaces over bars of several timeframes, and diffusion of all horizons at once given them.

Two families: ``sssd`` (a multi-scale S4 encoder and a diffusion head, nearest to TimeGrad with another encoder) and
``sssd_s4`` (the residual S4 network of Alcaraz and Strodthoff, which imputes a masked future). What does not belong
here: S4 layers, noise schedules, training loops. Nothing is imported here, so that naming the package loads no torch.
"""
