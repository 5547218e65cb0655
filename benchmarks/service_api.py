"""Requests that schemathesis makes up from the service's own OpenAPI, right and wrong ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any


def check_api(url: str, examples: int, seed: int = 0) -> Counter[str]:
    """Send requests to every operation of a running service and check each answer.

    Args:
        url: of the service, without a path.
        examples: requests an operation.
        seed: of what is made up.

    Returns:
        How often each operation answered with each status.

    Raises:
        schemathesis.core.failures.FailureGroup: an answer is a server error or not what OpenAPI says.
    """
    import hypothesis
    import schemathesis

    for kind in ("jpeg", "png", "webp", "bmp", "tiff", "heic"):
        schemathesis.openapi.media_type(f"image/{kind}", hypothesis.strategies.binary())
    schema: Any = schemathesis.openapi.from_url(f"{url}/openapi.json")
    statuses: Counter[str] = Counter()
    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    for found in schema.get_all_operations():
        for mode in schemathesis.GenerationMode:
            try:
                _asking(found.ok(), mode, statuses, seed, settings)()
            except hypothesis.errors.Unsatisfiable:  # nothing about this operation can be wrong
                continue
    return statuses


def _asking(operation: Any, mode: Any, statuses: Counter[str], seed: int, settings: Any) -> Callable[[], None]:
    import hypothesis

    def ask(case: Any) -> None:
        answer = case.call(timeout=600)
        statuses[f"{operation.label} {answer.status_code}"] += 1
        # a negative request may be right by chance: a body of any bytes is one, until it is decoded
        case.validate_response(answer, excluded_checks=_not_meant())

    drawn: Any = hypothesis.given(operation.as_strategy(generation_mode=mode))
    asking: Callable[[], None] = hypothesis.seed(seed)(settings(drawn(ask)))
    return asking


def _not_meant() -> list[Any]:
    """Checks that do not hold: bytes that are no photo are right by the schema, and on loopback no key is asked for."""
    from schemathesis.specs.openapi import checks

    return [checks.negative_data_rejection, checks.positive_data_acceptance, checks.ignored_auth]
