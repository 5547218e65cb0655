"""An ablation without training: its runs, its tables beside report 2's numbers, its page."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from masquerade.errors import DestinationUnusable, JobDiffers, StudyInvalid
from masquerade.evaluation.ablation import Ablation, Cell, open_ablation, write_results
from masquerade.evaluation.ablation.published import CLAIMED, claimed
from masquerade.evaluation.ablation.results import TEST_PART
from tests.evaluation.made_recognition import made_measures, made_recognition_run
from tests.evaluation.test_sweep import Page

ABLATION = Ablation(("report2-resnet18", "mobilefacenet"), ("arcface", "triplet"), {"data": ["/data/a"], "seed": 0})


def test_cells_and_growth(tmp_path: Path) -> None:
    names = [cell.name for cell in ABLATION.cells()]
    assert names == [
        "report2-resnet18-arcface",
        "mobilefacenet-arcface",
        "report2-resnet18-triplet",
        "mobilefacenet-triplet",
    ]
    folder = tmp_path / "a"
    assert open_ablation(folder, ABLATION) == ABLATION
    more = open_ablation(folder, replace(ABLATION, backbones=("resnet50",), losses=("arcface", "cosface")))
    assert more.backbones == ("report2-resnet18", "mobilefacenet", "resnet50")
    assert more.losses == ("arcface", "triplet", "cosface")
    assert open_ablation(folder, ABLATION) == more
    with pytest.raises(JobDiffers, match=r"ablation\.json .*seed: 0 there, 1 now"):
        open_ablation(folder, replace(ABLATION, settings={**ABLATION.settings, "seed": 1}))


def test_bad_ablations_are_refused(tmp_path: Path) -> None:
    for wrong, said in (
        (replace(ABLATION, backbones=()), "needs a backbone and a loss"),
        (replace(ABLATION, losses=("arcface", "arcface")), "named twice: mobilefacenet-arcface"),
    ):
        with pytest.raises(StudyInvalid, match=said):
            open_ablation(tmp_path / "new", wrong)
    assert not (tmp_path / "new").exists()
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(DestinationUnusable, match=r"holds letter\.txt and no ablation\.json"):
        open_ablation(tmp_path, ABLATION)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """An ablation with all runs but the last."""
    folder = tmp_path / "ablation"
    open_ablation(folder, ABLATION)
    for cell in ABLATION.cells()[:-1]:
        made_recognition_run(folder / "runs" / cell.name, cell)
    return folder


def test_tables_have_ours_and_the_report_s(finished: Path) -> None:
    last = ABLATION.cells()[-1]
    tables, trouble, runs = write_results(finished, ABLATION, {last: "it fell"})
    assert (list(trouble), len(runs)) == ([last], 3)
    assert [table.wish.number for table in tables] == ["1", "2", "3", "4", "5", "6"]
    rows = list(csv.DictReader(io.StringIO((finished / "tables.csv").read_text())))

    def value(number: str, backbone: str, where: str, loss: str = "arcface", source: str = "masquerade") -> str:
        wanted = (number, backbone, where, loss, source)
        keys = ("table", "backbone", "test_set", "loss", "source")
        (row,) = [row for row in rows if tuple(row[key] for key in keys) == wanted]
        return row["value"]

    cell = ABLATION.cells()[0]
    ours, away = made_measures(cell, 40), made_measures(cell, 600, 0.1)
    assert float(value("1", cell.backbone, TEST_PART)) == pytest.approx(ours["rank1_both"])
    assert float(value("1", cell.backbone, "lfw")) == pytest.approx(away["rank1_both"])
    assert float(value("3", cell.backbone, "lfw")) == pytest.approx(away["rank1"])
    assert value("5", cell.backbone, TEST_PART) == ""  # too few pairs
    assert value("1", "mobilefacenet", "lfw", "triplet") == ""  # that run failed
    assert value("1", "report2-resnet18", "VGGFace2", source="report 2, claimed") == "0.58"
    assert value("1", "report2-resnet18", "LFW", source="report 2, claimed") == "0.5938"
    assert value("1", "mobilefacenet", "LFW", source="report 2, claimed") == ""
    assert {row["table"] for row in rows if row["source"] != "masquerade"} == {"1"}
    text = (finished / "tables.md").read_text()
    assert (
        "## Table 1: Nearest neighbour, all faces masked; people kept away: 40 photos of 5 people (by chance 17.9 %"
        in text
    )
    assert "## Table 6: Pairs, accuracy, one face masked; people kept away: 40 photos of 5 people, lfw: 600" in text
    assert "claims, no evidence" in text
    (line,) = [one for one in text.splitlines() if one.startswith("| report2-resnet18 | ") and "59.4 %" in one]
    assert line.count("|") == 8  # two sets by two losses, and two of the report


def test_the_report_s_numbers_stand_beside_its_backbones_only(tmp_path: Path) -> None:
    assert claimed("resnet101") == claimed("report2-resnet101") == (0.572, 0.5653)
    assert claimed("resnet34") is None
    assert set(CLAIMED) == {"resnet18", "resnet50", "resnet101"}
    one = Ablation(("mobilefacenet",), ("arcface",), {})
    folder = tmp_path / "a"
    open_ablation(folder, one)
    made_recognition_run(folder / "runs" / one.cells()[0].name, one.cells()[0], sets=())
    tables, _, _ = write_results(folder, one, {})
    assert [name for name, _ in tables[0].groups] == [TEST_PART]
    assert "report 2 (claimed)" not in (folder / "tables.md").read_text()


def test_the_page_shows_tables_curves_and_costs_and_nobody(finished: Path) -> None:
    last = ABLATION.cells()[-1]
    write_results(finished, ABLATION, {last: "it <fell> & broke"})
    text = (finished / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert all(where[1:] in page.ids for where in page.refers)
    assert not re.search(r"https?:|//|@import|url\(", text)
    assert not page.images
    for words in ("it <fell> & broke", "3 of 4 runs", "claims, no evidence", "59.4 %", "1,000,000", "75.0 %", "1.5"):
        assert words in page.words, words
    assert text.count('<svg viewBox="0 0 360 230"') == 6  # 2 losses, 3 charts each


def test_a_page_without_any_run(tmp_path: Path) -> None:
    open_ablation(tmp_path / "a", ABLATION)
    tables, trouble, _ = write_results(tmp_path / "a", ABLATION, {})
    assert trouble == {}
    assert "no run is finished" in tables[0].caption
    text = (tmp_path / "a" / "index.html").read_text(encoding="utf-8")
    assert text.count("not run yet") == 4


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("metrics.jsonl", "{", "metrics.jsonl:1: "),
        ("result.json", "{}", "is no result of recognition: 'backbone'"),
        ("result.json", json.dumps({"backbone": "resnet18", "loss": "arcface"}), "is of resnet18-arcface, expected"),
    ],
)
def test_damaged_runs_are_told(finished: Path, name: str, text: str, message: str) -> None:
    cell = ABLATION.cells()[0]
    (finished / "runs" / cell.name / name).write_text(text)
    _, trouble, runs = write_results(finished, ABLATION, {})
    assert message in trouble[cell]
    assert cell not in runs


def test_cells_are_told_apart_by_name() -> None:
    assert Cell("a", "b").name == "a-b"
