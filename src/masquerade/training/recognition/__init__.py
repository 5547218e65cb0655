"""Training of recognition: losses, backbones, runs, and the product's embedder."""
