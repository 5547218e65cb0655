"""Sources of frames: films, webcams, network cameras, folders that fill, pictures on standard input.

``open_source("rtsp://...")`` gives a ``Source``; its ``frame(timeout)`` the newest frame of a camera or the next
one of a film. What is read is read in a process of its own, which can be killed when it hangs.
"""

from __future__ import annotations

from masquerade.live.sources.liveliness import Liveliness, dead_picture
from masquerade.live.sources.opening import open_source
from masquerade.live.sources.options import SourceOptions
from masquerade.live.sources.source import Source

__all__ = ["Liveliness", "Source", "SourceOptions", "dead_picture", "open_source"]
