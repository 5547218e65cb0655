"""The slots: newest or in order, never torn, grown for larger pictures."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.live.sources.memory import DAMAGED, Counters, Pictures, make_memory
from masquerade.live.sources.reader.ring import NEWEST_SLOTS, ORDERED_SLOTS, Ring


class Asking:
    """The other end of a ring: what it was told, and the pictures."""

    def __init__(self, *, newest: bool) -> None:
        self.memory = make_memory()
        self.told: list[dict[str, Any]] = []
        self.ring = Ring(self.memory, self.told.append, newest=newest)
        self._pictures = Pictures(self.memory)

    def put(self, number: int, height: int = 4, width: int = 6) -> bool:
        return self.ring.put(height, width, lambda place: place.fill(number % 256), {"number": number})

    def ask(self) -> int | None:
        before = len(self.told)
        self.ring.want()
        return self.value() if len(self.told) > before else None

    def value(self) -> int:
        picture = self.picture()
        assert (picture == picture[0, 0, 0]).all()
        assert picture[0, 0, 0] == self.told[-1]["number"] % 256
        return int(self.told[-1]["number"])

    def picture(self) -> NDArray[np.uint8]:
        told = self.told[-1]
        return self._pictures.at(told["offset"], told["height"], told["width"]).copy()


@pytest.fixture
def newest() -> Iterator[Asking]:
    asking = Asking(newest=True)
    yield asking
    os.close(asking.memory)


@pytest.fixture
def ordered() -> Iterator[Asking]:
    asking = Asking(newest=False)
    yield asking
    os.close(asking.memory)


def test_the_newest_is_given(newest: Asking) -> None:
    for number in range(5):
        newest.put(number)
    assert newest.ask() == 4
    assert newest.ask() is None  # it waits, and is given the next one
    newest.put(5)
    assert newest.value() == 5
    newest.put(6)
    newest.put(7)
    assert newest.ask() == 7


def test_in_order_none_is_left_out(ordered: Asking) -> None:
    for number in range(ORDERED_SLOTS):
        ordered.put(number)
    blocked = threading.Thread(target=ordered.put, args=(99,))
    blocked.start()
    blocked.join(0.2)
    assert blocked.is_alive()  # no slot is free
    assert ordered.ask() == 0
    blocked.join(0.2)
    assert blocked.is_alive()  # the slot that was given is in use until the next is asked for
    assert ordered.ask() == 1
    blocked.join(30)
    assert not blocked.is_alive()
    assert [ordered.ask() for _ in range(4)] == [2, 3, 4, 99]


def test_closing_ends_the_waiting(ordered: Asking) -> None:
    for number in range(ORDERED_SLOTS):
        ordered.put(number)
    taken: list[bool] = []
    blocked = threading.Thread(target=lambda: taken.append(ordered.put(9)))
    blocked.start()
    ordered.ring.close()
    blocked.join(30)
    assert taken == [False]


@pytest.mark.parametrize("is_newest", [True, False])
def test_larger_pictures_find_room(is_newest: bool) -> None:
    asking = Asking(newest=is_newest)
    for number, (height, width) in enumerate([(2, 3), (200, 100), (1, 1), (300, 300), (2000, 3), (301, 300)] * 3):
        asking.put(number, height, width)
        assert asking.ask() == number
        assert asking.picture().shape == (height, width, 3)
    os.close(asking.memory)


def test_memory_does_not_grow_with_every_change_of_size(newest: Asking) -> None:
    largest = 0
    for number in range(1, 400):
        newest.put(number, number, number)
        newest.ask()
        largest = number * number * 3
    assert os.fstat(newest.memory).st_size < 3 * 3 * NEWEST_SLOTS * largest


@pytest.mark.parametrize("is_newest", [True, False])
def test_no_picture_is_torn(is_newest: bool) -> None:
    """One thread fills as fast as it can, another one reads; every picture is of one number."""
    asking = Asking(newest=is_newest)
    stop = time.monotonic() + 1.0

    def fill() -> None:
        number = 0
        while time.monotonic() < stop and asking.put(number, 120, 160):
            number += 1

    filling = threading.Thread(target=fill)
    filling.start()
    numbers: list[int] = []
    while time.monotonic() < stop:
        before = len(asking.told)
        asking.ring.want()
        while len(asking.told) == before and filling.is_alive():
            time.sleep(0)
        if len(asking.told) > before:
            numbers.append(asking.value())
    asking.ring.close()
    filling.join(30)
    assert numbers == sorted(set(numbers))
    assert is_newest or numbers == list(range(len(numbers)))
    os.close(asking.memory)


def test_counters_are_seen_on_the_other_side() -> None:
    memory = make_memory()
    mine, theirs = Counters(memory), Counters(memory)
    mine.add(DAMAGED, 7)
    mine.add(DAMAGED)
    mine.alive(12.5)
    assert (theirs.damaged, theirs.grabbed, theirs.silent_since) == (8, 0, 12.5)
    os.close(memory)
