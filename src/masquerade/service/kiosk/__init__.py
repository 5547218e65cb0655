"""The kiosk page: tells visitors how they wear their mask; knows nobody, keeps no picture.

``mount_kiosk`` adds it to an app that has a ``Service`` as ``state.service``; it needs the extra ``serve``.
"""

from masquerade.service.kiosk.config import KioskConfig
from masquerade.service.kiosk.counts import DayCounts
from masquerade.service.kiosk.routes import Kiosk, mount_kiosk

__all__ = ["DayCounts", "Kiosk", "KioskConfig", "mount_kiosk"]
