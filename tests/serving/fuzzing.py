"""Made-up requests out of the OpenAPI document, and what no answer to any request may be.

``python tests/serving/fuzzing.py URL 5000`` asks a service that runs somewhere so many times.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.errors import InvalidSchema
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

SLOW = 10.0
"""Seconds after which a request counts as hung; machines that run tests are busy."""

TELLTALE = (
    "Traceback",
    'File "',
    "site-packages",
    "/foretaste/",
    "sqlalchemy",
    "sqlite3",
    "psycopg",
    "/tmp/",
    "/home/",
)
"""What an answer says only when something inside shows."""


def check_answer(response: Any, sent: str, seconds: float) -> None:
    """Fails if an answer is an error of the server, tells of its inside, is no problem document, or took too long."""
    said = f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:500]}"
    assert response.status_code < 500, said
    assert seconds < SLOW, f"{seconds:.1f} s for {said}"
    leaks = [sign for sign in TELLTALE if sign in response.text and sign not in sent]
    assert not leaks, f"{leaks} in {said}"
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json", said
        assert {"type", "title", "status", "detail"} <= set(response.json()), said
    assert response.headers["x-content-type-options"] == "nosniff", said


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """The operations of an OpenAPI document."""
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        yield found.ok()


def fuzz(document: dict[str, Any], client: Any, examples: int, *, seed: int = 0) -> Counter[int]:
    """Asks every operation with requests that fit the document and requests that do not; counts answers by status.

    Args:
        document: The OpenAPI document.
        client: Sends them; an ``httpx.Client``, or one like it.
        examples: Requests of each kind for each operation.
        seed: Of the requests.
    """
    counts: Counter[int] = Counter()
    for operation in operations(document):
        for mode in GenerationMode:
            try:
                _fuzz_one(operation.as_strategy(generation_mode=mode), client, examples, seed, counts)
            except (InvalidSchema, Unsatisfiable):  # there is no wrong request to an operation without inputs
                continue
    return counts


def _fuzz_one(strategy: Any, client: Any, examples: int, seed: int, counts: Counter[int]) -> None:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=not seed,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=strategy)
    def one(case: Any) -> None:
        told = case.as_transport_kwargs(base_url=str(client.base_url).rstrip("/"))
        began = time.perf_counter()
        try:
            response = client.request(**told)
        except (UnicodeEncodeError, httpx.InvalidURL, httpx.LocalProtocolError, ValueError, TypeError):
            counts[0] += 1  # the client itself will not send it
            return
        check_answer(response, repr(told), time.perf_counter() - began)
        case.validate_response(response, checks=[response_schema_conformance, status_code_conformance])
        counts[response.status_code] += 1

    one()


def main(url: str, cases: int) -> None:
    """Asks a running service at least so many times, and says how it answered."""
    warnings.simplefilter("ignore")  # of cookies that are set for one request
    with httpx.Client(base_url=url, timeout=60) as client:
        document = client.get("/openapi.json").json()
        operating = sum(1 for _ in operations(document))
        counts, seed = Counter[int](), 0
        while counts.total() - counts[0] < cases:
            counts += fuzz(document, client, max(10, cases // operating), seed=seed)
            seed += 1
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(counts.items()) if status)
    print(f"{counts.total() - counts[0]:,} requests, no error of the server ({told}; {counts[0]:,} not sent)")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
