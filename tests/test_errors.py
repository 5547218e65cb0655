"""The tree of errors: its codes are what programs rely on."""

from __future__ import annotations

import inspect

import pytest

from masquerade import errors
from masquerade.errors import ImageError, MasqueradeError, ModelError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MasqueradeError)]

CODES = {
    # a change here breaks programs that read the codes: say so in CHANGELOG.md
    "address_unusable",
    "body_too_large",
    "body_too_slow",
    "busy",
    "calibration_invalid",
    "calibration_too_small",
    "data_missing",
    "destination_unusable",
    "error",
    "extra_missing",
    "face_quality_low",
    "face_unusable",
    "faces_invalid",
    "host_unknown",
    "image_damaged",
    "image_empty",
    "image_error",
    "image_format_unknown",
    "image_invalid",
    "image_not_found",
    "image_too_large",
    "image_too_slow",
    "image_unreadable",
    "internal_error",
    "job_differs",
    "key_required",
    "keys_invalid",
    "label_invalid",
    "library_invalid",
    "manifest_invalid",
    "media_unsupported",
    "method_refused",
    "model_card_invalid",
    "model_contract_broken",
    "model_error",
    "model_hash_mismatch",
    "model_process_forked",
    "model_unknown",
    "no_face",
    "no_images",
    "not_ready",
    "origin_refused",
    "plan_invalid",
    "request_invalid",
    "route_unknown",
    "scope_missing",
    "serve_unsafe",
    "service_error",
    "settings_invalid",
    "several_faces",
    "template_of_another_model",
    "templates_invalid",
    "too_many_requests",
    "worker_lost",
}


def test_the_codes_stand() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert set(codes) >= CODES


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_own_code_and_says_what_it_is(kind: type[MasqueradeError]) -> None:
    assert "code" in vars(kind)
    assert kind.__doc__
    assert kind.code == kind.code.lower()
    assert kind.code.isidentifier()


@pytest.mark.parametrize("kind", KINDS)
def test_the_family_shows_in_the_code(kind: type[MasqueradeError]) -> None:
    assert issubclass(kind, ImageError) == kind.code.startswith("image_")
    assert issubclass(kind, ModelError) == kind.code.startswith("model_")


MESSAGES = [
    # with and without something to do next
    (MasqueradeError("no such thing"), "no such thing"),
    (MasqueradeError("no such thing", hint="make one"), "no such thing (make one)"),
]


@pytest.mark.parametrize(("error", "text"), MESSAGES)
def test_message_and_hint(error: MasqueradeError, text: str) -> None:
    assert str(error) == text
    assert error.message == "no such thing"
    assert error.to_dict() == {"code": "error", "message": text}
