"""Registry of weights, and the one place that makes inference sessions."""

from masquerade.models.card import ModelCard, Tensor, read_card
from masquerade.models.registry import Model, bundled_folder, get_model, list_models
from masquerade.models.runtime import onnx_runtime
from masquerade.models.sessions import Session, get_session

__all__ = [
    "Model",
    "ModelCard",
    "Session",
    "Tensor",
    "bundled_folder",
    "get_model",
    "get_session",
    "list_models",
    "onnx_runtime",
    "read_card",
]
