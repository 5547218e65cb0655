"""Before the first photo: decoders started, networks loaded and run once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from masquerade.looking.warming import warm_networks

if TYPE_CHECKING:
    from masquerade.service.work.decoder import Decoders


def warm_up(decoders: Decoders) -> tuple[str, ...]:
    """Start the decoders, load all networks that photos need, and run each once.

    Args:
        decoders: are started meanwhile; they take longer than the models, on a core of their own.

    Returns:
        Names of the models, each compared with the hash in its card.

    Raises:
        ModelError: a model is missing, damaged or does not fit its card.
        WorkerLost: the decoders cannot be started.
    """
    decoders.begin()
    names = warm_networks()
    decoders.start()
    return names
