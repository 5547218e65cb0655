"""Error rates against counts written out, against copies of drawn trials, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.evaluation.recognition.rates import Rates, Subjects, interval
from masquerade.evaluation.recognition.trials import Trials
from tests.evaluation.recognition.made import made_trials, with_failures

FMRS = (0.5, 0.2, 0.05, 0.01)
SETS = [made_trials(), made_trials(seed=1), with_failures(made_trials(seed=2)), made_trials(5, 4, seed=3)]


def limit_by_trying(genuine: list[float], impostor: list[float], fmr: float) -> float:
    """The lowest impostor score (or -inf) above which no more than a share ``fmr`` of the impostors lies."""
    for limit in sorted([-np.inf, *impostor]):
        if sum(score > limit for score in impostor) <= fmr * len(impostor) + 1e-9:
            return limit
    raise AssertionError


@pytest.mark.parametrize("trials", SETS)
@pytest.mark.parametrize("fmr", FMRS)
def test_rates_at_a_limit(trials: Trials, fmr: float) -> None:
    genuine = trials.scores[trials.same].tolist()
    impostor = trials.scores[~trials.same & ~trials.failed].tolist()
    subjects = Subjects(trials)
    rates, once = Rates(trials, subjects), subjects.as_they_are()
    limits = rates.limits(fmr, once)
    assert limits.tolist() == [limit_by_trying(genuine, impostor, fmr)]
    fnmr = sum(not score > limits[0] for score in genuine) / len(genuine)
    assert rates.fnmr(limits, once)[0] == pytest.approx(fnmr)
    assert rates.fmr(limits, once)[0] == pytest.approx(sum(score > limits[0] for score in impostor) / len(impostor))


def eer_by_segments(genuine: list[float], impostor: list[float]) -> float:
    """Walk along the DET curve from its upper end and cross the diagonal."""
    before = (1.0, 0.0)
    for edge in [*sorted({*genuine, *impostor}), np.inf]:
        fmr = sum(score >= edge for score in impostor) / len(impostor)
        fnmr = sum(score < edge for score in genuine) / len(genuine)
        if fnmr >= fmr:
            # on the line before + t (after - before): FMR = FNMR
            t = (before[0] - before[1]) / ((before[0] - before[1]) - (fmr - fnmr))
            return before[1] + t * (fnmr - before[1])
        before = (fmr, fnmr)
    raise AssertionError


@pytest.mark.parametrize("trials", SETS)
def test_equal_error_rate(trials: Trials) -> None:
    subjects = Subjects(trials)
    found = Rates(trials, subjects).eer(subjects.as_they_are())[0]
    impostor = trials.scores[~trials.same & ~trials.failed].tolist()
    assert found == pytest.approx(eer_by_segments(trials.scores[trials.same].tolist(), impostor))


EXTREMES = [
    # genuine, impostor, equal error rate
    ([0.9, 0.8], [0.1, 0.2], 0.0),
    ([0.1, 0.2], [0.9, 0.8], 1.0),
    ([0.5], [0.5], 0.5),
    ([-np.inf, 0.9], [0.1, 0.2], 0.5),
]


@pytest.mark.parametrize(("genuine", "impostor", "expected"), EXTREMES)
def test_equal_error_rate_of_extremes(genuine: list[float], impostor: list[float], expected: float) -> None:
    trials = Trials.of(genuine + impostor, [True] * len(genuine) + [False] * len(impostor))
    subjects = Subjects(trials)
    assert Rates(trials, subjects).eer(subjects.as_they_are())[0] == pytest.approx(expected)


def drawn_copies(trials: Trials, counts: dict[str, int]) -> Trials:
    """The trials of drawn people, each written out as often as it counts."""
    rows = []
    for row in range(len(trials)):
        a, b = counts[str(trials.subjects_a[row])], counts[str(trials.subjects_b[row])]
        rows += [row] * (a if trials.same[row] else a * b)
    return trials[np.array(rows, np.intp)]


@pytest.mark.parametrize("seed", range(4))
def test_a_draw_is_the_same_as_copies_of_its_trials(seed: int) -> None:
    trials = with_failures(made_trials(seed=seed, people=8))
    subjects = Subjects(trials)
    (counts,) = subjects.draws(1, seed, len(trials))
    copies = drawn_copies(trials, dict(zip(subjects.names.tolist(), counts[0].astype(int).tolist(), strict=True)))
    weighted, plain = Rates(trials, subjects), Rates(copies, subjects)
    once = subjects.as_they_are()
    assert weighted.eer(counts)[0] == pytest.approx(plain.eer(once)[0])
    for fmr in FMRS:
        limits = weighted.limits(fmr, counts)
        assert limits.tolist() == plain.limits(fmr, once).tolist()
        assert weighted.fnmr(limits, counts)[0] == pytest.approx(plain.fnmr(limits, once)[0])
        assert weighted.fmr(limits, counts)[0] == pytest.approx(plain.fmr(limits, once)[0])


def test_draws_do_not_depend_on_the_size_of_blocks() -> None:
    subjects = Subjects(made_trials())
    whole = np.concatenate(list(subjects.draws(50, 1, 10)))
    blocks = np.concatenate(list(subjects.draws(50, 1, 2_000_000)))
    assert np.array_equal(whole, blocks)
    assert (whole.sum(axis=1) == len(subjects)).all()


def test_nothing_to_count_gives_no_number() -> None:
    genuine_alone = Trials.of([0.5, 0.6], [True, True])
    subjects = Subjects(genuine_alone)
    rates, once = Rates(genuine_alone, subjects), subjects.as_they_are()
    assert np.isnan(rates.limits(0.1, once)).all()
    assert np.isnan(rates.eer(once)).all()
    assert np.isnan(rates.fmr(np.array([0.5]), once)).all()
    assert np.isnan(rates.fnmr(rates.limits(0.1, once), once)).all()
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_the_bootstrap_is_as_wide_as_people_make_it() -> None:
    # 40 people, each recognised always or never: the share of people is what varies, not that of their 50 trials
    people = np.repeat([f"p{index}" for index in range(40)], 50)
    scores = np.repeat(np.arange(40) % 2, 50).astype(float)
    trials = Trials.of(scores, np.ones(2000, bool), subjects_a=people, subjects_b=people)
    subjects = Subjects(trials)
    rates = Rates(trials, subjects)
    drawn = np.concatenate(
        [rates.fnmr(np.full(len(counts), 0.5), counts) for counts in subjects.draws(2000, 0, len(trials))]
    )
    assert drawn.std() == pytest.approx(np.sqrt(0.25 / 40), rel=0.1)


@pytest.mark.parametrize("trials", SETS)
def test_tar_at_far_as_scikit_learn_has_it(trials: Trials) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    kept = trials[~trials.failed]
    far, tar, _ = metrics.roc_curve(kept.same, kept.scores, drop_intermediate=False)
    subjects = Subjects(kept)
    rates, once = Rates(kept, subjects), subjects.as_they_are()
    for fmr in FMRS:
        found = 1 - rates.fnmr(rates.limits(fmr, once), once)[0]
        assert found == pytest.approx(tar[far <= fmr + 1e-12].max())
