"""A sweep without training: what runs, what is left, what fails; its tables and its page."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import (
    DestinationUnusable,
    ExtraMissing,
    JobDiffers,
    StudyInvalid,
    WeightsUnusable,
)
from masquerade.evaluation.sweep import Cell, Sweep, open_sweep, run_cells, write_results
from masquerade.evaluation.sweep.published import FACES, PUBLISHED, RATES
from masquerade.evaluation.sweep.tables import make_tables, tables_text
from tests.evaluation.made_runs import made_predictions, made_run
from tests.evaluation.published import ROWS

SWEEP = Sweep(("report-cnn", "small"), (2, 3), (0.003, 0.005), {"data": ["/data/a"], "seed": 0})


def test_cells() -> None:
    names = [cell.name for cell in SWEEP.cells()]
    assert len(set(names)) == len(names) == 8
    assert names[:3] == ["report-cnn-2-0.003", "report-cnn-2-0.005", "small-2-0.003"]


def test_a_sweep_goes_on_and_grows(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    assert open_sweep(folder, SWEEP) == SWEEP
    before = (folder / "sweep.json").stat().st_mtime_ns
    assert open_sweep(folder, SWEEP) == SWEEP
    assert (folder / "sweep.json").stat().st_mtime_ns == before
    more = open_sweep(folder, replace(SWEEP, models=("mobilenetv2",), rates=(0.001,), classes=(3,)))
    assert more.models == ("report-cnn", "small", "mobilenetv2")
    assert more.rates == (0.001, 0.003, 0.005)
    assert more.classes == (2, 3)
    assert open_sweep(folder, SWEEP) == more


BAD = [
    # sweep, what the message holds
    (replace(SWEEP, models=()), "at least one of each"),
    (replace(SWEEP, rates=()), "at least one of each"),
    (replace(SWEEP, rates=(0.0,)), "learning rate 0.0"),
    (replace(SWEEP, rates=(float("nan"),)), "learning rate nan"),
    (replace(SWEEP, classes=(4,)), "classes 4"),
    (replace(SWEEP, models=("small", "small")), "named twice: small-2-0.003"),
    (replace(SWEEP, rates=(0.003, 0.0030000001)), "named twice: report-cnn-2-0.003"),
]


@pytest.mark.parametrize(("sweep", "message"), BAD)
def test_bad_sweeps_are_refused(tmp_path: Path, sweep: Sweep, message: str) -> None:
    with pytest.raises(StudyInvalid) as caught:
        open_sweep(tmp_path / "new", sweep)
    assert message in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(DestinationUnusable, match=r"holds letter\.txt"):
        open_sweep(tmp_path, SWEEP)
    folder = tmp_path / "sweep"
    open_sweep(folder, SWEEP)
    with pytest.raises(JobDiffers, match="seed: 0 there, 1 now"):
        open_sweep(folder, replace(SWEEP, settings={**SWEEP.settings, "seed": 1}))
    for text in ("{", "[]", '{"version": 9}', '{"version": 1}'):
        (folder / "sweep.json").write_text(text)
        with pytest.raises(StudyInvalid, match=r"sweep\.json"):
            open_sweep(folder, SWEEP)


def test_finished_runs_are_left_and_failures_noted(tmp_path: Path) -> None:
    cells = SWEEP.cells()[:5]
    made_run(tmp_path / "runs" / cells[0].name, cells[0])
    made_run(tmp_path / "runs" / cells[1].name, cells[1], finished=False)
    trained = []

    def train(cell: Cell, run: Path) -> None:
        trained.append(cell)
        if cell == cells[2]:
            raise WeightsUnusable("no weights")
        if cell == cells[3]:
            raise MemoryError("all of it")
        made_run(run, cell)

    told: list[Any] = []
    outcomes = run_cells(tmp_path, cells, train, told.append)
    assert trained == cells[1:]
    assert told == outcomes
    assert [one.state for one in outcomes] == ["finished", "trained", "failed", "failed", "trained"]
    assert str(outcomes[2].error) == "no weights"
    assert outcomes[3].error is not None
    assert outcomes[3].error.code == "worker_lost"
    assert "MemoryError: all of it" in str(outcomes[3].error)


def test_training_that_leaves_no_result_failed(tmp_path: Path) -> None:
    (outcome,) = run_cells(tmp_path, SWEEP.cells()[:1], lambda *_: None)
    assert outcome.state == "failed"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ExtraMissing("torch")])
def test_what_ends_the_whole_sweep(tmp_path: Path, error: BaseException) -> None:
    def train(cell: Cell, run: Path) -> None:
        raise error

    with pytest.raises(type(error)):
        run_cells(tmp_path, SWEEP.cells(), train)


@pytest.fixture
def finished(tmp_path: Path, photos: list[Path]) -> Path:
    """A sweep with all runs but the last."""
    folder = tmp_path / "sweep"
    open_sweep(folder, SWEEP)
    for cell in SWEEP.cells()[:-1]:
        made_run(folder / "runs" / cell.name, cell, photos)
    return folder


def test_tables(finished: Path) -> None:
    tables, trouble, _ = write_results(finished, SWEEP, {SWEEP.cells()[-1]: "it <failed>"})
    assert list(trouble.values()) == ["it <failed>"]
    assert [table.number for table in tables][:2] == ["1.1", "1.2"]
    text = (finished / "tables.txt").read_text()
    assert text == tables_text(tables)
    for words in ("Table 2.3: Effective correct", "1297 (87.9 %)", "1303 (88.3 %)", "1329 (90.1 %)", "1412 (98.2 %)"):
        assert words in text
    rows = list(csv.DictReader(io.StringIO((finished / "tables.csv").read_text())))

    def value(number: str, model: str, rate: str, measure: str, source: str = "masquerade") -> str:
        wanted = (number, model, rate, measure, source)
        (row,) = [r for r in rows if (r["table"], r["model"], r["learning_rate"], r["measure"], r["source"]) == wanted]
        return row["value"]

    said = made_predictions(Cell("small", 3, 0.003), [])
    correct = int((said.predicted == said.truth).sum())
    assert value("2.2", "small", "0.003", "correct") == str(correct)
    loss = float(value("2.1", "small", "0.003", "loss"))
    assert loss == pytest.approx(said.losses.mean())
    assert float(value("2.1", "small", "0.003", "report_loss")) == pytest.approx(loss / 10)
    assert value("2.2", "small", "0.005", "correct") == ""  # that run failed...
    assert value("2.2", "small", "average", "correct") == ""  # ...so that there is no mean to compare
    both = [float(value("1.2", "small", rate, "correct")) for rate in ("0.003", "0.005")]
    assert float(value("1.2", "small", "average", "correct")) == sum(both) / 2
    assert value("2.3", "report-cnn", "0.005", "effective_code", "report 1") == "1292"
    assert not [row for row in rows if row["model"] == "small" and row["source"] == "report 1"]


def test_published_numbers_are_those_of_the_report() -> None:
    """The averages that the report prints, and the figures that its logs gave."""
    printed = {
        (2, "custom"): (0.03269375, 1271.5),
        (2, "resnet34"): (0.0063115, 1405.5),
        (3, "custom"): (0.04231625, 1266.25),
        (3, "resnet34"): (0.015609575, 1420),
    }
    for key, (loss, correct) in printed.items():
        runs = PUBLISHED[key]
        assert len(runs) == len(RATES)
        assert sum(run.report_loss for run in runs) / 4 == pytest.approx(loss, abs=1e-6)
        assert sum(run.correct for run in runs) / 4 == correct
    effective = {"custom": 1301.25, "resnet34": 1442.25}
    for name, mean in effective.items():
        assert sum(run.effective_code or 0 for run in PUBLISHED[3, name]) / 4 == mean
    logs = [run for name in ("custom", "resnet34") for run in PUBLISHED[3, name]]
    for run, row in zip(logs, ROWS, strict=True):
        assert (run.correct, run.effective_code, run.effective_words) == (
            row.correct,
            row.effective_code,
            row.effective_words,
        )
        assert (run.macro_f1, run.alert_recall, run.alert_precision) == (
            row.macro_f1,
            row.alert_recall,
            row.alert_precision,
        )
        assert run.recall_incorrect == row.recalls[2]
    assert FACES == {2: 1438, 3: 1475}


class Page(HTMLParser):
    """What a page refers to, and whether its tags are closed."""

    VOID = frozenset({"meta", "img", "line", "circle", "polyline", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.refers: list[str] = []
        self.ids: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.refers += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if values.get("id"):
            self.ids.append(values["id"] or "")
        if tag == "img":
            self.images.append(values)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_page(finished: Path) -> None:
    last = SWEEP.cells()[-1]
    write_results(finished, SWEEP, {last: "it <failed> & fell"})
    text = (finished / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert all(where.startswith("data:image/jpeg;base64,") or where[1:] in page.ids for where in page.refers)
    assert not re.search(r"https?:|//|@import|url\(", re.sub(r"base64,[^\"]*", "", text))
    assert "script" not in page.tags
    assert "This page contains faces" in page.words
    assert "it <failed> & fell" in page.words
    assert page.images
    assert all(image["alt"] for image in page.images)
    assert 'lang="en"' in text
    for words in ("made/<", "Table 2.3: Effective correct predictions", "1303 (88.3 %)", "mask worn wrongly", "Curves"):
        assert words in page.words
    assert text.count('<svg viewBox="0 0 360 230"') == 12  # 2 classes, 2 models, 3 charts each
    assert text.count('scope="row"') > 50


def test_a_page_without_any_run(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    open_sweep(folder, SWEEP)
    _, trouble, _ = write_results(folder, SWEEP, {})
    assert trouble == {}
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert text.count("not run yet") == 8
    assert "0 of 8 runs" in text


def test_photos_that_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    cell = Cell("small", 3, 0.003)
    one = Sweep(("small",), (3,), (0.003,), {})
    open_sweep(folder, one)
    made_run(folder / "runs" / cell.name, cell, [tmp_path / "gone.jpg"])
    write_results(folder, one, {})
    assert "photo not found" in (folder / "index.html").read_text(encoding="utf-8")


DAMAGED = [
    # file, new text (None: taken away), what is said
    ("predictions.csv", None, "predictions.csv cannot be read"),
    ("predictions.csv", "a,b\n", "predictions.csv:1: expected columns"),
    ("metrics.jsonl", '{"epoch": 1}\n{"ep', "metrics.jsonl:2: "),
    ("metrics.jsonl", None, "metrics.jsonl cannot be read"),
    ("result.json", "[]", "result.json: expected an object"),
]


@pytest.mark.parametrize(("name", "text", "message"), DAMAGED)
def test_damaged_runs_are_told(finished: Path, name: str, text: str | None, message: str) -> None:
    cell = SWEEP.cells()[0]
    file = finished / "runs" / cell.name / name
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    _, trouble, _ = write_results(finished, SWEEP, {})
    assert list(trouble) == [cell]
    assert message in trouble[cell]


def test_a_run_of_other_classes_is_told(finished: Path) -> None:
    cell = SWEEP.cells()[0]
    made_run(finished / "runs" / cell.name, replace(cell, classes=3))
    _, trouble, _ = write_results(finished, SWEEP, {})
    assert "expected 2 classes, got 3" in trouble[cell]


def test_the_same_runs_give_the_same_files(finished: Path) -> None:
    names = ("tables.txt", "tables.csv", "index.html")
    write_results(finished, SWEEP, {})
    first = [(finished / name).read_bytes() for name in names]
    write_results(finished, SWEEP, {})
    assert [(finished / name).read_bytes() for name in names] == first
    assert json.loads((finished / "sweep.json").read_text())["models"] == list(SWEEP.models)


def test_tables_of_no_run() -> None:
    tables = make_tables(SWEEP, {})
    assert all(table.faces == 0 for table in tables)
    assert "0.003" in tables_text(tables)
