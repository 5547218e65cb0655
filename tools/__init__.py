"""Scripts that make files of the package: weights, the mean face, lock files."""
