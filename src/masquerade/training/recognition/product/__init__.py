"""The product's embedder: SFace, taught masked faces.

``python -m masquerade.training.recognition.product.faces`` makes the faces, ``...product.learning`` trains,
``...product.export`` writes the packaged model; docs/training-recognition.md tells the whole way.
"""
