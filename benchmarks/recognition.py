"""Recognition behind masks: the packaged embedder beside plain SFace, from the photo to the verdict.

    python -m tools.weights.sface && MASQUERADE_DATA=... python -m benchmarks.recognition

LFW View 2 (the folds at hand), bare and with a mask drawn on the second photo of each pair; then rank-1 of masked
probes against one bare photo each of the people of celeba-wild who are set aside. Masks are drawn on the photo with a
seed that training never saw, and the face is looked for again. Three rows: plain SFace compares a masked face with the
bare one as it is; "like with like" compares it also with masks drawn on the bare one; the product is the packaged
embedder with that. Photos without a usable face count as errors. Intervals are 95 %, by bootstrap over subjects.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import arguments, show, write
from masquerade.datasets.identities import PairList, limit, pairs_of, read_identities, read_lfw
from masquerade.datasets.wearing_sets import data_root
from masquerade.evaluation.recognition.enrolment import Enrolment, enrol
from masquerade.evaluation.recognition.evaluating import MORE, Asked, Evaluation, judge
from masquerade.evaluation.recognition.photos import Drawing, Reader
from masquerade.settings import get_settings
from masquerade.training.recognition.product.export import some_people
from masquerade.training.recognition.sface import SIZE, deployed, load_sface
from masquerade.training.tracing import traced

SEED = 2026
BARE, MASKED = "bare-bare", "bare-masked"
FAR = 1e-3
ROOT = Path(__file__).parents[1]
MODELS = ROOT / ".cache" / "models"
KEPT = ROOT / ".cache" / "templates"
WAYS = ("SFace", "SFace, like with like", "product")
ASKED = {"bare": 0.992, "below SFace": 0.003, "masked": 0.985, "won back": 0.5}


def quick_sface() -> str:
    """Plain SFace in the form in which the product runs, which is equal and takes half the time."""
    target = MODELS / "sface-deployed.onnx"
    content = traced(deployed(load_sface((MODELS / "sface.onnx").read_bytes())), SIZE, ("template",))
    card = json.loads((MODELS / "sface.json").read_text(encoding="utf-8"))
    card |= {"name": "sface-deployed", "file": target.name, "sha256": hashlib.sha256(content).hexdigest()}
    card["inputs"][0]["name"], card["outputs"][0]["name"] = "pixels", "template"
    target.write_bytes(content)
    target.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return str(target)


def plain(enrolment: Enrolment) -> Enrolment:
    """The same, as if nobody had drawn masks on bare faces."""
    return replace(enrolment, templates=replace(enrolment.templates, template_masked=enrolment.templates.template))


def enrolled(pairs: PairList, reader: Reader, fresh: bool) -> Enrolment:
    """Templates of all photos, bare and with a mask drawn on; kept beside the models, by the model's own digits."""
    from masquerade.identity import get_embedder

    KEPT.mkdir(parents=True, exist_ok=True)
    model = get_embedder(reader.model).id
    file = KEPT / f"{pairs.name.replace('/', '-')}-{len(pairs)}-{model}-{reader.drawing.seed}.npz"
    if fresh:
        file.unlink(missing_ok=True)
    masked = sorted(set(pairs.second.tolist()))
    return enrol(pairs, masked, reader, file=file, workers=get_settings().threads)


def evaluations(pairs: PairList, model: str, fresh: bool, rounds: int) -> dict[str, Evaluation]:
    """All three ways."""
    found = {}
    for name, path in (("SFace", quick_sface()), ("product", model)):
        reader = Reader(path, "central", Drawing(SEED))
        asked = Asked(reader, "probe", rounds=rounds)
        started = time.perf_counter()
        enrolment = enrolled(pairs, reader, fresh)
        print(f"{pairs.name}, {name}: templates in {time.perf_counter() - started:.0f} s", flush=True)
        if name == "SFace":
            found[WAYS[0]] = judge(pairs, asked, plain(enrolment))
        found[WAYS[1] if name == "SFace" else name] = judge(pairs, asked, enrolment)
    return found


def lfw_row(found: Evaluation) -> dict[str, Any]:
    """Figures of one way on LFW."""
    groups = found.to_dict()["groups"]

    def tar(name: str) -> dict[str, Any]:
        (rate,) = [rate for rate in groups[name + MORE]["rates"] if rate["fmr"] == FAR]
        return dict(rate["tar"] or {"value": None})

    return {
        "bare": groups[BARE]["accuracy"],
        "masked": groups[MASKED]["accuracy"],
        "bare_tar": tar(BARE),
        "masked_tar": tar(MASKED),
        "failed": len(found.failed) + len(found.drawn_failed),
    }


def won_back(plain_bare: float, plain_masked: float, masked: float) -> float:
    """Share of what the mask costs plain SFace that is not lost any more."""
    lost = plain_bare - plain_masked
    return (masked - plain_masked) / lost if lost > 0 else math.nan


def main() -> None:
    """Print and write the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--model", default="identity", help="the product (default %(default)s)")
    parser.add_argument("--pairs", type=int, default=0, help="pairs of LFW; 0 for all (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=1000, help="of the bootstrap (default %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="make templates again")
    options = parser.parse_args()
    lfw = read_lfw(data_root() / "lfw")
    lfw = limit(lfw, options.pairs) if options.pairs else lfw
    ways = evaluations(lfw, options.model, options.fresh, options.rounds)
    rows = {name: lfw_row(found) for name, found in ways.items()}
    show(
        f"LFW View 2, {len(lfw)} pairs",
        [[name, *map(_words, list(row.values())[:4]), row["failed"]] for name, row in rows.items()],
        ["", "bare", "second masked", f"TAR at FAR {FAR:g}, bare", "second masked", "photos failed"],
    )
    sface = rows[WAYS[0]]
    back = {
        name: {
            "accuracy": won_back(sface["bare"]["value"], sface["masked"]["value"], row["masked"]["value"]),
            "tar": won_back(sface["bare_tar"]["value"], sface["masked_tar"]["value"], row["masked_tar"]["value"]),
        }
        for name, row in rows.items()
    }
    shares = [[name, f"{back[name]['accuracy']:.2f}", f"{back[name]['tar']:.2f}"] for name in back]
    show("won back of plain SFace's loss", shares, ["", "accuracy", "TAR"])
    wild = pairs_of(some_people(read_identities(data_root() / "celeba-wild"), set_aside_too=True), "all")
    ranks = {}
    for name, found in evaluations(wild, options.model, options.fresh, options.rounds).items():
        ranks[name] = [one.to_dict() for one in found.rank1]
    names = [one["name"] for one in ranks[WAYS[0]]]
    show(
        "rank-1, celeba-wild, people set aside",
        [[name, *(_words(row["rank1"]) for row in found)] for name, found in ranks.items()],
        ["", *names],
    )
    write("recognition", {"asked": ASKED, "seed": SEED, "lfw": rows, "won_back": back, "rank1": ranks}, options.json)


def _words(measure: dict[str, Any]) -> str:
    value, low, high = (measure.get(key) for key in ("value", "low", "high"))
    return "-" if value is None else f"{value:.4f}" + ("" if low is None else f" [{low:.4f}, {high:.4f}]")


if __name__ == "__main__":
    main()
