"""Losses that teach a network to tell people apart, from softmax to what came after ArcFace."""

from masquerade.training.recognition.losses.base import Loss
from masquerade.training.recognition.losses.registry import LOSSES, LossSpec, build_loss, checked_options

__all__ = ["LOSSES", "Loss", "LossSpec", "build_loss", "checked_options"]
