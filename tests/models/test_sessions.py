"""Sessions: one a model and process, checked against the card, safe under threads and after a fork."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from masquerade.errors import ModelContractBroken, ModelHashMismatch, ModelUnknown
from masquerade.models import Model, Session, get_session, list_models, sessions
from tests.models.folders import add_model, bundled_card, run_script

BUNDLED = [model.card.name for model in list_models() if model.bundled]
CROPS = np.random.default_rng(0).uniform(0, 1, (12, 3, 192, 192)).astype(np.float32)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_keeps_its_contract(name: str) -> None:
    """Every free size takes 1 and 2, and the outputs have the shapes of the card."""
    session = get_session(name)
    for batch in (1, 2):
        free = {"batch": batch, "height": 64, "width": 96}
        inputs = {
            tensor.name: np.zeros([free.get(size, size) for size in tensor.shape], np.float32)  # type: ignore[arg-type]
            for tensor in session.card.inputs
        }
        outputs = session.run(inputs)
        assert list(outputs) == [tensor.name for tensor in session.card.outputs]
        for tensor in session.card.outputs:
            found = outputs[tensor.name]
            assert found.dtype == np.float32
            assert found.ndim == len(tensor.shape)
            for size, side in zip(found.shape, tensor.shape, strict=True):
                assert size == (free.get(side, size) if isinstance(side, str) else side)


def test_one_session_under_many_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    really_load = sessions._load

    def slowly(model: Model) -> Session:
        loads.append(model.card.name)
        time.sleep(0.05)  # so that all the others arrive meanwhile
        return really_load(model)

    monkeypatch.setattr(sessions, "_load", slowly)
    start = threading.Barrier(8)

    def ask(_: int) -> Session:
        start.wait()
        return get_session("face-mesh")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert loads == ["face-mesh"]
    assert len({id(session) for session in answers}) == 1


def test_several_threads_get_what_one_gets() -> None:
    session = get_session("face-mesh")

    def run(index: int) -> Any:
        return session.run({"t0": CROPS[index : index + 1]})["landmarks"]

    alone = [run(index) for index in range(len(CROPS))]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(run, range(len(CROPS))))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_unknown_and_changed_models_are_refused(folder: Path) -> None:
    path = add_model(folder, name="mine")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(ModelUnknown):
        get_session("yolo")
    with pytest.raises(ModelHashMismatch):
        get_session("mine")
    path.write_bytes(content)  # a refusal is no state: put right, the model loads
    assert get_session("mine").run({"t0": CROPS[:1]})["face_logit"].shape == (1,)


INPUT, (LANDMARKS, LOGIT) = bundled_card("face-mesh")["inputs"][0], bundled_card("face-mesh")["outputs"]
CONTRACTS: list[tuple[dict[str, Any], str]] = [
    # an input, an output of another name
    ({"inputs": [{**INPUT, "name": "pixels"}]}, r"the file needs inputs \['t0'\], the card names \['pixels'\]"),
    ({"outputs": [{**LANDMARKS, "name": "points"}]}, "the card names output 'points', the file has"),
    # an input that the card forgets, one that the file has not
    ({"inputs": []}, "the file needs inputs"),
    ({"inputs": [INPUT, {**INPUT, "name": "more"}]}, "the card names input 'more'"),
    # another size, another number of dimensions
    ({"inputs": [{**INPUT, "shape": ["batch", 3, 256, 256]}]}, r"input 't0' is \['batch', 3, 256, 256\] in the card"),
    ({"outputs": [{**LANDMARKS, "shape": ["batch", 478, 3]}]}, r"output 'landmarks' is .*478.* in the card"),
    ({"outputs": [{**LANDMARKS, "shape": ["batch", 1404]}]}, "output 'landmarks' is"),
]


@pytest.mark.parametrize(("changes", "message"), CONTRACTS)
def test_a_file_that_does_not_fit_its_card(folder: Path, changes: dict[str, Any], message: str) -> None:
    add_model(folder, name="mine", **changes)
    with pytest.raises(ModelContractBroken, match=message):
        get_session("mine")


def test_a_card_may_leave_out_outputs_and_fix_free_sizes(folder: Path) -> None:
    add_model(folder, name="mine", inputs=[{**INPUT, "shape": [1, 3, 192, 192]}], outputs=[LOGIT])
    assert list(get_session("mine").run({"t0": CROPS[:1]})) == ["face_logit"]


def test_a_file_that_is_no_model(folder: Path) -> None:
    path = add_model(folder, name="mine")
    path.write_bytes(b"not ONNX at all")
    card = json.loads((folder / "mine.json").read_text())
    (folder / "mine.json").write_text(json.dumps({**card, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
    with pytest.raises(ModelContractBroken, match=r"ONNX Runtime refuses .*mine\.onnx"):
        get_session("mine")


def test_a_licence_that_forbids_commercial_use_is_told(folder: Path) -> None:
    add_model(folder, name="research", commercial_use=False, licence="CC-BY-NC-4.0")
    with pytest.warns(UserWarning, match=r"research \(licence CC-BY-NC-4.0\) does not allow commercial"):
        get_session("research")


FORK = """
import os
import numpy as np
from masquerade.models import get_session, sessions
from masquerade.errors import MasqueradeError
crop = {"t0": np.zeros((1, 3, 192, 192), np.float32)}
if BEFORE:
    get_session("face-mesh").run(crop)
if HELD:
    sessions._lock.acquire()  # as if another thread were loading a model just now
child = os.fork()
if not child:
    try:
        get_session("face-mesh").run(crop)
        print("ran", flush=True)
    except MasqueradeError as error:
        print(error.code, error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
FORKS = [
    # models were loaded before the fork: their threads are gone, and running would hang
    (True, False, "model_process_forked this process was forked after models were loaded"),
    # nothing was loaded: the child loads its own
    (False, False, "ran"),
    # the lock was held by a thread that is gone
    (False, True, "ran"),
    (True, True, "model_process_forked this process was forked"),
]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize(("before", "held", "answer"), FORKS)
def test_after_a_fork(before: bool, held: bool, answer: str) -> None:
    code = FORK.replace("BEFORE", str(before)).replace("HELD", str(held))
    assert run_script(code, {"OPENBLAS_NUM_THREADS": "1"}, timeout=60).startswith(answer)
