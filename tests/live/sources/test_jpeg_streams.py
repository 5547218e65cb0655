"""JPEGs are cut out of a stream, however it is chopped and whatever stands between them."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from masquerade.live.sources.reader.http import LONGEST_LINE, _heads
from masquerade.live.sources.reader.jpegs import CUT_SHORT, NO_JPEG, Splitter, decode_jpeg
from tests.live.sources.looking_on import number_of, numbered

MOST = 2**20


def made_jpeg(number: int, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(numbered(number)).save(stream, "JPEG", **options)
    return stream.getvalue()


def with_thumbnail(number: int) -> bytes:
    """A JPEG whose APP1 segment holds another whole JPEG, as a camera's EXIF does."""
    inner = b"Exif\0\0" + made_jpeg(99)
    whole = made_jpeg(number)
    return whole[:2] + b"\xff\xe1" + (len(inner) + 2).to_bytes(2) + inner + whole[2:]


PLAIN = [made_jpeg(number) for number in range(3)]
KINDS = [
    *PLAIN,
    made_jpeg(3, progressive=True),  # several scans
    made_jpeg(4, restart_marker_blocks=1),  # restarts within the scan
    with_thumbnail(5),
    made_jpeg(6)[:-2] + b"\xff\xff\xff\xd9",  # filling bytes before a marker
]


def split(pieces: list[bytes], most: int = MOST) -> tuple[list[bytes], int]:
    damaged: list[str] = []
    splitter = Splitter(most, damaged.append)
    whole = [jpeg for piece in pieces for jpeg in splitter.feed(piece)]
    splitter.finish()
    return whole, len(damaged)


def chopped(data: bytes, at: list[int]) -> list[bytes]:
    cuts = sorted({0, len(data), *(cut % (len(data) + 1) for cut in at)})
    return [data[a:b] for a, b in pairwise(cuts)]


@settings(max_examples=60, deadline=None)
@given(order=st.lists(st.sampled_from(range(len(KINDS))), min_size=1, max_size=6), at=st.lists(st.integers(0, 10**6)))
def test_whole_ones_come_as_they_were_however_they_are_chopped(order: list[int], at: list[int]) -> None:
    sent = [KINDS[index] for index in order]
    assert split(chopped(b"".join(sent), at)) == (sent, 0)


def test_byte_by_byte() -> None:
    assert split([bytes([byte]) for byte in b"".join(KINDS)]) == (KINDS, 0)


def test_each_is_given_as_soon_as_it_is_whole() -> None:
    splitter = Splitter(MOST, print)
    assert splitter.feed(PLAIN[0]) == [PLAIN[0]]
    assert splitter.feed(PLAIN[1][:-1]) == []
    assert splitter.feed(PLAIN[1][-1:]) == [PLAIN[1]]


@pytest.mark.parametrize(
    ("stream", "whole", "damaged"),
    [
        ([b"garbage", PLAIN[0], b"more garbage", PLAIN[1], b"end"], [0, 1], 3),
        ([PLAIN[0], b"\r\n\0\0", PLAIN[1]], [0, 1], 0),  # what a camera may fill up with
        ([PLAIN[0][:-300], PLAIN[1]], [1], 1),  # cut short in its pixels
        ([with_thumbnail(7)[:-300], PLAIN[1]], [1], 1),  # its thumbnail is not taken for it
        ([PLAIN[0], PLAIN[1][:-2]], [0], 1),  # the end of the stream cuts
        ([b"\xff\xd8\xff\xff\xd8\xff", PLAIN[2]], [2], 1),
        ([b"\xff\xd8\xff\xe0\x00\x01", PLAIN[2]], [2], 1),  # a segment shorter than its length
        ([], [], 0),
    ],
)
def test_what_is_no_jpeg_is_passed_over_and_counted(stream: list[bytes], whole: list[int], damaged: int) -> None:
    assert split(stream) == ([PLAIN[index] for index in whole], damaged)
    assert split([b"".join(stream)]) == ([PLAIN[index] for index in whole], damaged)


HEAD = b"--x\r\nContent-Type: image/jpeg\r\nX-Time: 12\r\n\r\n"


@pytest.mark.parametrize(
    ("stream", "whole", "damaged"),
    [
        ([HEAD, PLAIN[0], b"\r\n", HEAD, PLAIN[1], b"\r\n--x--\r\n"], 2, []),
        ([HEAD, PLAIN[0], b"\r\n--x\r\nContent-Ty"], 1, []),  # the line was cut within a head
        ([HEAD, b"the camera is out of order" * 3, b"\r\n", HEAD, PLAIN[1]], 1, [NO_JPEG]),
        ([HEAD, PLAIN[0], b"\r\n", HEAD, b"<html>busy</html>\r\n", HEAD, b"busy\r\n", HEAD, PLAIN[1]], 2, [NO_JPEG]),
        ([HEAD, b"QUJD" * 3000, b"\r\n", HEAD, PLAIN[0]], 1, [NO_JPEG]),
        ([HEAD, PLAIN[0][:-300], b"\r\n", HEAD, PLAIN[1]], 1, [CUT_SHORT]),
    ],
)
def test_words_between_the_pictures_of_a_camera_are_damage_and_heads_are_none(
    stream: list[bytes], whole: int, damaged: list[str]
) -> None:
    joined = b"".join(stream)
    for pieces in (stream, [joined], [bytes([byte]) for byte in joined]):
        said: list[str] = []
        splitter = Splitter(MOST, said.append, _heads("x"), LONGEST_LINE)
        assert len([jpeg for piece in pieces for jpeg in splitter.feed(piece)]) == whole
        splitter.finish()
        assert said == damaged


def test_one_that_does_not_end_is_given_up() -> None:
    endless = PLAIN[0][:-2] + b"\x55" * 5000
    whole, damaged = split([*chopped(endless, list(range(0, 6000, 500))), PLAIN[1], PLAIN[2]], most=4000)
    assert whole == [PLAIN[1], PLAIN[2]]
    assert damaged >= 1


@settings(max_examples=100, deadline=None)
@given(noise=st.binary(max_size=3000), at=st.lists(st.integers(0, 10**6), max_size=5))
def test_noise_does_not_break_it(noise: bytes, at: list[int]) -> None:
    whole, _ = split([*chopped(noise, at), b"\xff\xd9" * 40000, *PLAIN])
    assert PLAIN[2] in whole


def test_decoding() -> None:
    decoded = decode_jpeg(made_jpeg(77))
    assert decoded is not None
    assert number_of(decoded) == 77
    assert decode_jpeg(b"\xff\xd8\xff no picture \xff\xd9") is None
    assert decode_jpeg(np.random.default_rng(0).bytes(500)) is None
