"""From the wheels of the Python registry to the ONNX files of the package."""
