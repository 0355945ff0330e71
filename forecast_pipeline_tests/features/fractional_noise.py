"""Simulated fractional Gaussian noise, exact in distribution: the increments of fractional Brownian motion."""

from __future__ import annotations

import numpy as np


def autocovariance(hurst: float, lag: np.ndarray) -> np.ndarray:
    """Autocovariance of unit fractional Gaussian noise (Mandelbrot and Van Ness, *SIAM Review* 10, 1968)."""
    k = np.abs(lag).astype(float)
    return 0.5 * ((k + 1.0) ** (2 * hurst) - 2.0 * k ** (2 * hurst) + np.abs(k - 1.0) ** (2 * hurst))


def fractional_noise(hurst: float, n_steps: int, seed: int = 0) -> np.ndarray:
    """One path of unit fractional Gaussian noise by circulant embedding.

    The covariance matrix of the path is a block of a circulant matrix of twice its size, whose eigenvalues are the
    Fourier transform of its first row and, for this process, not negative. So a path is the transform of independent
    normals scaled by their roots (R. B. Davies, D. S. Harte, "Tests for Hurst effect", *Biometrika* 74, 1987).

    Args:
        hurst: Exponent in (0, 1); 0.5 is independent noise.
        n_steps: Length of the path.
        seed: Seed of the generator.
    """
    rng = np.random.default_rng(seed)
    size = 2 * n_steps
    first_row = autocovariance(hurst, np.minimum(np.arange(size), size - np.arange(size)))
    eigenvalues = np.fft.fft(first_row).real
    if eigenvalues.min() < -1e-9:
        raise ValueError(f"the embedding must have no negative eigenvalue, was {eigenvalues.min()}")
    normals = rng.normal(size=size) + 1j * rng.normal(size=size)
    return np.fft.fft(np.sqrt(np.maximum(eigenvalues, 0.0) / size) * normals).real[:n_steps]


def fractional_close(hurst: float, n_steps: int, seed: int = 0, scale: float = 1e-4) -> np.ndarray:
    """Closes whose log returns are fractional Gaussian noise of standard deviation ``scale``."""
    return 1.1 * np.exp(scale * np.cumsum(fractional_noise(hurst, n_steps, seed)))
