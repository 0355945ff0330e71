"""VAE + latent diffusion: a variational autoencoder of future paths, and diffusion of its latents given the past."""
