"""The description of the API, and whether the service keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from benchmarks.service_api import check_api
from masquerade.service.answers import Looked
from tests.cli.commands import SCHEMA
from tests.service.serving import Served, running
from tools.openapi import TARGET, openapi_text


def test_the_snapshot_is_up_to_date() -> None:
    assert TARGET.read_text() == openapi_text(), "write it anew: python -m tools.openapi"


def test_it_is_served_and_no_page_that_fetches_from_outside_is(look_service: Served) -> None:
    assert look_service.get("/openapi.json").json() == json.loads(TARGET.read_text())
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert look_service.get(path).status_code == 404


def test_every_operation_tells_its_errors_in_one_form() -> None:
    for path, operations in json.loads(TARGET.read_text())["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path != "/ready":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, (path, method, status)


def test_it_says_of_a_photo_what_the_schema_of_look_says(photos: list[Path]) -> None:
    """Both know the same fields, all of them required, with the same values to choose from."""
    made = Looked.model_json_schema()
    Draft202012Validator.check_schema(made)
    known = SCHEMA["$defs"]
    for ours, theirs in (("Face", "face"), ("FaceWearing", "wearing")):
        assert set(made["$defs"][ours]["properties"]) == set(known[theirs]["properties"])
        assert set(made["$defs"][ours]["required"]) == set(known[theirs]["required"])
        assert made["$defs"][ours]["additionalProperties"] is known[theirs]["additionalProperties"] is False
    labels = made["$defs"]["FaceWearing"]["properties"]["label"]["enum"]
    assert labels == known["wearing"]["properties"]["label"]["enum"]
    kinds = made["$defs"]["FaceWearing"]["properties"]["kind"]["anyOf"]
    assert [*kinds[0]["enum"], None] == known["wearing"]["properties"]["kind"]["enum"]


def test_made_up_requests_get_the_answers_it_names() -> None:
    """schemathesis; many more requests are in ``benchmarks/service.py``."""
    with running("--quiet", environment={"MASQUERADE_SERVE_RATE": "0"}) as service:
        service.wait_until_ready()
        statuses = check_api(f"http://127.0.0.1:{service.port}", 4)
        assert service.end() == 0
        assert "Traceback" not in "".join(service.lines)
    assert not [name for name in statuses if name.split()[-1].startswith("5")], statuses
    assert {name.split()[1] for name in statuses} >= {"/v1/look", "/v1/look/batch", "/health", "/ready", "/metrics"}
