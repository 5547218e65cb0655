"""The Kalman filter of one box, against the textbook's matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.live.people.motion import AT_FIRST, DRIVEN, MEASURED, Motion


def textbook(boxes: list[tuple[float, float, float, float]], dt: float) -> NDArray[Any]:
    """The same filter as one of eight states with full matrices (Bar-Shalom and others, 2001, section 6.2)."""

    def measured(box: tuple[float, float, float, float]) -> NDArray[Any]:
        x0, y0, x1, y1 = box
        return np.array([(x0 + x1) / 2, (y0 + y1) / 2, np.log(x1 - x0), np.log(y1 - y0)])

    state = np.concatenate([measured(boxes[0]), np.zeros(4)])
    unit = np.array([*[np.exp((state[2] + state[3]) / 2)] * 2, 1, 1])
    covariance = np.diag(np.concatenate([(MEASURED * unit) ** 2, (AT_FIRST * unit) ** 2]))
    go = np.eye(8)
    go[:4, 4:] = dt * np.eye(4)
    see = np.eye(4, 8)
    for box in boxes[1:]:
        unit = np.array([*[np.exp((state[2] + state[3]) / 2)] * 2, 1, 1])
        driven = np.diag((DRIVEN * unit) ** 2)
        noise = np.block([[driven * dt**3 / 3, driven * dt**2 / 2], [driven * dt**2 / 2, driven * dt]])
        state, covariance = go @ state, go @ covariance @ go.T + noise
        unit = np.array([*[np.exp((state[2] + state[3]) / 2)] * 2, 1, 1])
        seen = np.diag((MEASURED * unit) ** 2)
        gain = covariance @ see.T @ np.linalg.inv(see @ covariance @ see.T + seen)
        state = state + gain @ (measured(box) - see @ state)
        covariance = (np.eye(8) - gain @ see) @ covariance
    return state


def walk(steps: int, dt: float, speed: float = 200.0) -> list[tuple[float, float, float, float]]:
    rng = np.random.default_rng(3)
    boxes: list[tuple[float, float, float, float]] = []
    for step in range(steps):
        x, y, side = 100 + speed * step * dt, 200.0, 80 * 1.05 ** (step * dt)
        wobble = rng.normal(0, 2, 4)
        x0, y0, x1, y1 = (np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2]) + wobble).tolist()
        boxes.append((x0, y0, x1, y1))
    return boxes


@pytest.mark.parametrize("dt", [0.01, 0.04, 0.2, 1.0])
def test_it_is_the_filter_of_the_textbook(dt: float) -> None:
    boxes = walk(25, dt)
    motion = Motion(np.array(boxes[0]))
    for box in boxes[1:]:
        motion.predict(dt)
        motion.correct(np.array(box))
    state = textbook(boxes, dt)
    half = np.exp(state[2:4]) / 2
    expected = [*(state[:2] - half), *(state[:2] + half)]
    assert motion.box == pytest.approx(expected, rel=1e-9)
    later = Motion.ahead(motion, 0.1)
    assert ((later[0] + later[2]) / 2, (later[1] + later[3]) / 2) == pytest.approx(tuple(state[:2] + 0.1 * state[4:6]))


def test_two_short_predictions_are_one_long_one() -> None:
    once, twice = (Motion(np.array(walk(1, 1)[0])) for _ in range(2))
    for motion, parts in ((once, [0.5]), (twice, [0.2, 0.3])):
        for part in parts:
            motion.predict(part)
        motion.correct(np.array([150.0, 160, 230, 240]))
        motion.predict(0.1)
    assert twice.box == pytest.approx(once.box, rel=1e-9)


def test_it_foresees_a_walk_and_is_steadier_than_what_is_found() -> None:
    boxes = walk(50, 0.04)
    motion = Motion(np.array(boxes[0]))
    ahead, still = [], []
    for step, box in enumerate(boxes[1:], start=1):
        motion.predict(0.04)
        if step > 10:
            ahead.append(abs(motion.box[0] - box[0]))
            still.append(abs(boxes[step - 1][0] - box[0]))
        motion.correct(np.array(box))
    assert np.mean(ahead) < 0.5 * np.mean(still)


def test_a_lost_face_comes_to_rest_and_keeps_its_size() -> None:
    motion = Motion(np.array([100.0, 100, 180, 180]))
    for step in range(1, 10):
        motion.predict(0.04)
        motion.correct(np.array([100.0 + 12 * step, 100, 180 + 14 * step, 180 + 2 * step]))
    before = motion.box
    for _ in range(100):
        motion.predict(0.04, coasting=True)
    rest = motion.box
    motion.predict(0.04, coasting=True)
    assert motion.box == pytest.approx(rest, abs=0.02)
    assert rest[2] - rest[0] == pytest.approx(before[2] - before[0])
    assert rest[0] - before[0] < 350 * 0.4 * 1.2  # the speed, in pixels a second, times the span in which it falls


def test_frames_of_another_size() -> None:
    small, large = Motion(np.array([10.0, 20, 50, 80])), Motion(np.array([20.0, 60, 100, 240]))
    small.scale(2, 3)
    for motion in (small, large):
        motion.predict(0.1)
        motion.correct(np.array([30.0, 66, 108, 250]))
    assert small.box == pytest.approx(large.box, rel=0.03)


def test_a_box_without_area_is_taken() -> None:
    motion = Motion(np.array([10.0, 10, 10, 10]))
    motion.predict(0.1)
    motion.correct(np.array([10.0, 10, 10, 10]))
    assert np.isfinite(motion.box).all()
