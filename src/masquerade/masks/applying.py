"""Put planned masks onto faces. The same picture, faces and plan give the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.types import Faces
from masquerade.masks.types import Masked, Plan

if TYPE_CHECKING:
    from masquerade.masks.library import Library


def apply(image: NDArray[np.uint8], faces: Faces, plan: Plan, library: Library | None = None) -> Masked:
    """Put masks onto the faces of a picture.

    Args:
        image: (height, width, 3) uint8 RGB; not changed.
        faces: the faces for which the plan was drawn, with landmarks and pose.
        plan: what to draw.
        library: the library whose masks the plan names.

    Returns:
        The picture with masks, and each mask as it came out.

    Raises:
        PlanInvalid: the plan names a face that is not there, or a library's mask without the library.
    """
    raise NotImplementedError
