"""Joining the edges of MediaPipe's tessellation to triangles."""

from __future__ import annotations

import pytest

from tools.mesh_triangles import NAME, edges_of, triangles_of

EDGES = [(0, 1), (1, 2), (2, 0), (2, 1), (1, 3), (3, 2)]


def test_edges_are_joined_three_by_three() -> None:
    assert triangles_of(EDGES).tolist() == [[0, 1, 2], [2, 1, 3]]


@pytest.mark.parametrize(
    "edges",
    [
        EDGES[:5],  # one is missing at the end
        EDGES[1:] + EDGES[:1],  # out of step
        [(0, 1), (1, 2), (2, 3)],  # not closed
        [(0, 1), (2, 0), (1, 2)],  # in another order
    ],
)
def test_broken_edges_are_refused(edges: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError):
        triangles_of(edges)


def test_the_file_is_read_as_data() -> None:
    source = f"import nothing_of_this_name\nOTHER = frozenset([(9, 9)])\n{NAME} = frozenset([(0, 1), (1, 2), (2, 0)])\n"
    assert edges_of(source) == [(0, 1), (1, 2), (2, 0)]
    with pytest.raises(ValueError, match=NAME):
        edges_of("OTHER = 1")
