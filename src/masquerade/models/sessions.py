"""The one place that makes ONNX Runtime sessions.

All sessions of a process share one thread pool, as large as the setting ``threads``: left alone,
ONNX Runtime opens a thread a core of the host for each session, which storms in containers.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from masquerade.errors import ModelContractBroken, ProcessForked
from masquerade.models.card import Tensor
from masquerade.models.registry import Model, get_model
from masquerade.models.runtime import onnx_runtime
from masquerade.settings import get_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_lock = threading.Lock()
_sessions: dict[str, Session] = {}
_pool_process: int | None = None


def _renew_lock() -> None:
    """Give a forked process a lock of its own: another thread may have held it."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Session:
    """A loaded model. ``run`` may be called from several threads at once."""

    def __init__(self, model: Model, inner: Any) -> None:
        """Wrap an ONNX Runtime session and check it against the card's tensors."""
        self.model = model
        self.card = model.card
        self._inner = inner
        self._outputs = [tensor.name for tensor in self.card.outputs]
        inputs = {item.name: item.shape for item in inner.get_inputs()}
        outputs = {item.name: item.shape for item in inner.get_outputs()}
        if inputs.keys() - {tensor.name for tensor in self.card.inputs}:
            raise ModelContractBroken(
                f"{self.card.name}: the file needs inputs {sorted(inputs)}, "
                f"the card names {sorted(tensor.name for tensor in self.card.inputs)}"
            )
        for kind, tensors, shapes in (("input", self.card.inputs, inputs), ("output", self.card.outputs, outputs)):
            for tensor in tensors:
                self._check(kind, tensor, shapes)

    def _check(self, kind: str, tensor: Tensor, shapes: Mapping[str, list[int | str | None]]) -> None:
        if tensor.name not in shapes:
            raise ModelContractBroken(
                f"{self.card.name}: the card names {kind} {tensor.name!r}, the file has {sorted(shapes)}"
            )
        found = shapes[tensor.name]
        differ = any(
            isinstance(ours, int) and isinstance(theirs, int) and ours != theirs
            for ours, theirs in zip(tensor.shape, found, strict=False)
        )
        if differ or len(found) != len(tensor.shape):
            raise ModelContractBroken(
                f"{self.card.name}: {kind} {tensor.name!r} is {list(tensor.shape)} in the card and {found} in the file"
            )

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run the model.

        Args:
            inputs: an array for each input that the card names.

        Returns:
            An array for each output that the card names.

        Raises:
            ModelContractBroken: the model does not take these arrays.
        """
        try:
            results = self._inner.run(self._outputs, dict(inputs))
        except Exception as error:  # ONNX Runtime raises its own unrelated types, one per status code
            raise ModelContractBroken(f"{self.card.name}: ONNX Runtime cannot run it: {error}") from error
        return dict(zip(self._outputs, results, strict=True))


def _options() -> Any:
    """Give session options that use the pool of this process, made on first use."""
    onnxruntime = onnx_runtime()
    global _pool_process  # noqa: PLW0603 - the pool belongs to the process, as in ONNX Runtime itself
    if _pool_process is None:
        onnxruntime.set_global_thread_pool_sizes(get_settings().threads, 1)
        _pool_process = os.getpid()
    options = onnxruntime.SessionOptions()
    options.use_per_session_threads = False
    options.log_severity_level = 3
    # Without this the pool's threads spin between calls and take the cores from the rest.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _load(model: Model) -> Session:
    content = model.read()
    if not model.card.commercial_use and not model.bundled:
        warnings.warn(
            f"the card of {model.card.name} (licence {model.card.licence}) does not allow commercial use",
            UserWarning,
            stacklevel=4,
        )
    options = _options()
    try:
        inner = onnx_runtime().InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own unrelated types, one per status code
        raise ModelContractBroken(f"{model.card.name}: ONNX Runtime refuses {model.path}: {error}") from error
    return Session(model, inner)


def get_session(name: str) -> Session:
    """Return the session of a registered model, made once a process; safe to call from several threads.

    Raises:
        ModelUnknown: no model of that name.
        ModelHashMismatch: its file is not the one that its card names.
        ModelContractBroken: its file does not fit its card.
        ProcessForked: models were loaded before this process was forked.
    """
    session = _sessions.get(name)
    if session is not None and _pool_process == os.getpid():
        return session
    with _lock:
        if _pool_process not in (None, os.getpid()):
            raise ProcessForked(
                "this process was forked after models were loaded, and the threads of their pool did not come along",
                hint="start worker processes with the 'spawn' or 'forkserver' method, or load models after the fork",
            )
        if name not in _sessions:
            _sessions[name] = _load(get_model(name))
        return _sessions[name]
