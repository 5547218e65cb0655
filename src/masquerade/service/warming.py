"""Before the first photo: models loaded, checked against their hashes, and run once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from masquerade.faces import Faces
from masquerade.faces.mesh import fit_mesh
from masquerade.looking import look
from masquerade.models import get_session
from masquerade.settings import get_settings
from masquerade.wearing import read_wearing

if TYPE_CHECKING:
    from masquerade.service.work.decoder import Decoders
