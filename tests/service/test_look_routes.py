"""Photos in, faces and wearing out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from masquerade.looking import look
from masquerade.service import ServiceConfig
from tests.cli.commands import VALIDATOR
from tests.service.serving import Served, served

JPEG = {"content-type": "image/jpeg"}


def error_of(answer: Any, status: int) -> str:
    """The code of an answer that is an error, its form checked."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"error", "request_id"}
    assert body["error"].keys() == {"code", "message"}
    assert body["request_id"] == answer.headers["x-request-id"]
    return str(body["error"]["code"])


def test_an_answer_is_what_look_says(look_service: Served, face_jpeg: bytes) -> None:
    expected = look(face_jpeg).to_dict()
    assert expected["faces"]
    raw = look_service.post("/v1/look", content=face_jpeg, headers=JPEG)
    form = look_service.post("/v1/look", files={"photo": ("me.jpg", face_jpeg)})
    for answer in (raw, form):
        assert answer.status_code == 200
        body = answer.json()
        assert body.pop("request_id") == answer.headers["x-request-id"]
        assert body == expected
        VALIDATOR.validate({"photo": "x", **body})


def test_effort_and_confidence_are_passed_on(look_service: Served, face_jpeg: bytes) -> None:
    answer = look_service.post("/v1/look?effort=frame&confidence=1", content=face_jpeg, headers=JPEG).json()
    answer.pop("request_id")
    assert answer == look(face_jpeg, effort="frame", confidence=1.0).to_dict()
    assert {face["wearing"]["label"] for face in answer["faces"]} == {"undecided"}


def test_a_batch_keeps_its_order_and_each_photo_its_own_error(
    look_service: Served, face_jpeg: bytes, gray_png: bytes
) -> None:
    files = [("photos", ("one.jpg", face_jpeg)), ("photos", ("two.gif", b"GIF89a")), ("photos", ("three", gray_png))]
    answer = look_service.post("/v1/look/batch", files=files)
    assert answer.status_code == 200
    one, two, three = answer.json()["results"]
    assert one == {"photo": "one.jpg", **look(face_jpeg).to_dict()}
    assert two["photo"] == "two.gif"
    assert two["error"]["code"] == "image_format_unknown"
    assert (three["photo"], three["width"], three["faces"]) == ("three", 64, [])
    for line in (one, two):
        VALIDATOR.validate(line)


def test_a_name_that_cannot_be_said_is_told_all_the_same(look_service: Served, gray_png: bytes) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="photos"; filename="+2AA-.png"\r\n\r\n' + gray_png + b"\r\n--x--"
    )
    kind = {"content-type": "multipart/form-data; boundary=x; charset=utf-7"}
    answer = look_service.post("/v1/look/batch", content=part, headers=kind)
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert answer.json()["results"][0]["width"] == 64


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("/v1/look", {"content": b"x"}, 415, "media_unsupported"),  # no type at all
    ("/v1/look", {"data": {"photo": "x"}}, 415, "media_unsupported"),  # as curl sends by default
    ("/v1/look", {"content": b"hello", "headers": JPEG}, 415, "image_format_unknown"),
    ("/v1/look", {"content": b"", "headers": JPEG}, 422, "image_empty"),
    ("/v1/look", {"content": b"\xff\xd8\xff\xe0", "headers": JPEG}, 422, "image_damaged"),
    ("/v1/look?effort=much", {"content": b"x", "headers": JPEG}, 422, "request_invalid"),
    ("/v1/look?confidence=2", {"content": b"x", "headers": JPEG}, 422, "request_invalid"),
    ("/v1/look?confidence=nan", {"content": b"x", "headers": JPEG}, 422, "request_invalid"),
    ("/v1/look?colour=red", {"content": b"x", "headers": JPEG}, 422, "request_invalid"),  # nothing silently dropped
    ("/v1/look", {"files": {"picture": b"x"}}, 422, "request_invalid"),
    ("/v1/look", {"files": [("photo", b"x"), ("photo", b"y")]}, 422, "request_invalid"),
    ("/v1/look", {"files": {"photo": b"x"}, "data": {"effort": "frame"}}, 422, "request_invalid"),
    ("/v1/look", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 422, "request_invalid"),
    (
        "/v1/look",
        {"content": b"--b\r\nx", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        422,
        "request_invalid",
    ),
    ("/v1/look/batch", {"content": b"x", "headers": JPEG}, 415, "media_unsupported"),
    ("/v1/look/batch", {"files": [("photos", b"x")] * 4}, 422, "request_invalid"),  # three are the most here
    ("/v1/look/batch", {"files": {"photo": b"x"}}, 422, "request_invalid"),
    ("/v1/nothing", {}, 404, "route_unknown"),
]


@pytest.mark.parametrize(("path", "request_", "status", "code"), REFUSED)
def test_what_is_no_photo_is_refused_in_words(
    look_service: Served, path: str, request_: dict[str, Any], status: int, code: str
) -> None:
    assert error_of(look_service.post(path, **request_), status) == code


def test_other_methods_are_told_which_is_taken(look_service: Served) -> None:
    answer = look_service.get("/v1/look")
    assert error_of(answer, 405) == "method_refused"
    assert answer.headers["allow"] == "POST"


def test_a_photo_over_the_limits(face_jpeg: bytes) -> None:
    with served(ServiceConfig(max_bytes=1000, max_pixels=1000, workers=1)) as service:
        service.wait_until_ready()
        too_long = service.post("/v1/look", content=face_jpeg[:1001], headers=JPEG)
        assert error_of(too_long, 413) == "image_too_large"
        far_too_long = service.post("/v1/look", content=bytes(100_000), headers=JPEG)
        assert error_of(far_too_long, 413) == "body_too_large"
        assert "at most 1,000 bytes of photos" in far_too_long.json()["error"]["message"]  # as the setting says


def test_before_the_models_are_there_nothing_is_taken(face_jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from masquerade.errors import ModelHashMismatch
    from masquerade.service import service as service_module

    def broken(_decoders: object) -> tuple[str, ...]:
        raise ModelHashMismatch("yunet: another file")

    monkeypatch.setattr(service_module, "warm_up", broken)
    with served(ServiceConfig(workers=1)) as service:
        assert error_of(service.post("/v1/look", content=face_jpeg, headers=JPEG), 503) in {
            "not_ready",
            "model_hash_mismatch",
        }
        while "yunet" not in service.get("/ready").text:
            pass
        ready = service.get("/ready")
        assert ready.status_code == 503
        assert ready.json()["ready"] is False
        assert error_of(service.post("/v1/look", content=face_jpeg, headers=JPEG), 503) == "model_hash_mismatch"
        assert service.get("/health").status_code == 200


def test_what_should_not_happen_is_answered_without_a_trace(
    look_service: Served, face_jpeg: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_data: bytes) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(look_service.service.decoders, "read", fail)
    answer = look_service.post("/v1/look", content=face_jpeg, headers={**JPEG, "x-request-id": "mine-1"})
    assert error_of(answer, 500) == "internal_error"
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "mine-1" in caplog.text
    assert "the secret inside" in caplog.text  # the log is where it belongs


def samples_of(service: Served) -> dict[tuple[str, str], float]:
    text = service.get("/metrics").text
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_what_was_done(look_service: Served, face_jpeg: bytes) -> None:
    before = samples_of(look_service)
    label = look(face_jpeg)[0].wearing.label
    look_service.post("/v1/look", content=face_jpeg, headers=JPEG)
    look_service.post("/v1/look", content=b"", headers=JPEG)
    after = samples_of(look_service)

    def grown(name: str, labels: str = "") -> float:
        return after[name, labels] - before.get((name, labels), 0)

    assert grown("masquerade_photos_total") == 1
    assert grown("masquerade_faces_total", label) == 1
    assert grown("masquerade_photos_refused_total", "image_empty") == 1
    assert grown("masquerade_http_requests_total", "/v1/look,200") == 1
    assert grown("masquerade_http_requests_total", "/v1/look,422") == 1
    assert grown("masquerade_http_request_seconds_count", "/v1/look") == 2
    assert after["masquerade_ready", ""] == 1
    assert after["masquerade_queue", ""] == 0


def test_paths_that_are_not_there_make_no_metrics(look_service: Served) -> None:
    for number in range(5):
        look_service.get(f"/never-{number}")
    assert not [key for key in samples_of(look_service) if "never" in key[1]]


def test_answers_are_json_without_surprises(look_service: Served, face_jpeg: bytes) -> None:
    """A file's name may hold anything; the answer is still UTF-8."""
    body = b'--b\r\nContent-Disposition: form-data; name="photos"; filename="\xff\xfe\\ud800"\r\n\r\nx\r\n--b--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = look_service.post("/v1/look/batch", content=body, headers=headers)
    assert answer.status_code == 200
    assert json.loads(answer.content.decode("utf-8"))["results"][0]["error"]["code"] == "image_format_unknown"
