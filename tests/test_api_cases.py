"""Made requests at the documented HTTP interface: whatever comes, it never fails with a 5xx."""

from __future__ import annotations

from collections import Counter

import pytest
import requests
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from lengths import tell, times
from whole_server import HOST, whole_server

from rag.api.routes import OPENAPI

CASES = times(240, 5_600)
"""Over all operations that take anything; half of them are as described, half are not."""
WANTED = times(200, 5_000)
"""Some operations have fewer different requests than their share."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with whole_server(tmp_path_factory.mktemp("cases")) as (app, _):
        yield TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False)


def test_no_made_request_makes_the_server_fail(client):
    described = schemathesis.openapi.from_dict(client.get(OPENAPI).json())
    operations = [found.ok() for found in described.get_all_operations()]
    taking = [one for one in operations if one.body or one.query or one.path_parameters]
    seen: Counter[int] = Counter()
    for operation in taking:
        for mode in schemathesis.GenerationMode:
            cases = operation.as_strategy(mode)
            _ask(client, cases, CASES // len(taking) // 2, seen)
    asked, failed = seen.total(), sum(count for status, count in seen.items() if status >= 500)
    tell("made requests", "≥ 5,000 without a 5xx", f"{asked}, {failed} failed", holds=not failed)
    assert asked >= WANTED
    assert {200, 422} <= set(seen)


def _ask(client, cases, most, seen):
    @settings(
        max_examples=most, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases)
    def ask(case):
        sent = requests.Request(**case.as_transport_kwargs(base_url=f"http://{HOST}")).prepare()
        response = client.request(sent.method, sent.url, headers=sent.headers, content=sent.body)
        seen[response.status_code] += 1
        assert response.status_code < 500, (sent.url, sent.body, response.text)

    ask()
