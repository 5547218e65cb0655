"""Ways in which data sets lie on disk: a file a layout."""

from __future__ import annotations

from masquerade.datasets.layouts import coco, folders, voc, wobot_csv, wobot_json, yolo
from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source

LAYOUTS = {
    layout.name: layout
    for layout in (wobot_csv.LAYOUT, wobot_json.LAYOUT, voc.LAYOUT, coco.LAYOUT, yolo.LAYOUT, folders.LAYOUT)
}

__all__ = ["LAYOUTS", "Found", "Layout", "Problems", "Row", "Sheet", "Source"]
