"""Spans of a call's way, to an exporter in memory and to a collector on a socket; partners never hear of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry import spans
from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.parties.http_peer import serve


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.use_tracer(provider.get_tracer("tests"))
    yield exporter
    spans.use_tracer(None)


class TestSpans:
    def test_show_a_call_its_store_and_its_leg(self, cast: Cast, exporter: InMemorySpanExporter):
        body = as_json(location_document(id="L1"))

        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=body, to="FR*MSP", headers={"X-Correlation-ID": "cor-1"})

        made = {span.name: span for span in exporter.get_finished_spans()}
        assert {"call", "store", "forward"} <= set(made)
        assert made["forward"].parent is not None
        assert made["forward"].parent.span_id == made["call"].context.span_id
        assert all((span.attributes or {})["hub.correlation_id"] == "cor-1" for span in made.values())
        assert (made["forward"].attributes or {})["hub.platform"] == cast.emsp.platform.pk

    def test_show_a_delivery(self, cast: Cast, exporter: InMemorySpanExporter):
        body = as_json(location_document(id="L1"))
        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=body, headers={"X-Correlation-ID": "cor-2"})
        exporter.clear()

        cast.hub.deliver()

        deliveries = [span for span in exporter.get_finished_spans() if span.name == "deliver"]
        assert [(span.attributes or {})["hub.correlation_id"] for span in deliveries] == ["cor-2"]

    def test_are_nothing_partners_hear_of(self, cast: Cast, exporter: InMemorySpanExporter):
        body = as_json(location_document(id="L1"))

        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=body, to="FR*MSP")
        cast.cpo.call("PUT", "locations", "NL/CPO/L2", body=as_json(location_document(id="L2")))
        cast.hub.deliver()

        assert len(cast.emsp.seen) == 2
        for seen in cast.emsp.seen:
            sent = {name.lower() for name in seen.headers}
            assert not sent & {"traceparent", "tracestate", "baggage", "b3", "uber-trace-id"}

    def test_cost_nothing_when_nobody_wants_them(self):
        assert spans.span("call", x=1) is spans.span("store")


class TestExport:
    def test_goes_to_a_collector(self):
        code = """
import sys
from telemetry import spans
spans.configure(sys.argv[1])
with spans.span("call", **{"hub.module": "tokens"}):
    pass
spans._State.tracer.span_processor.force_flush()
"""
        with serve(lambda handler: handler.answer(b"{}")) as collector:
            subprocess.run([sys.executable, "-c", code, collector.url], check=True, timeout=60)

        assert [seen.path for seen in collector.seen] == ["/v1/traces"]
        assert b"hub.module" in collector.seen[0].body

    def test_is_refused_without_the_library(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

        with pytest.raises(RuntimeError, match=r"requirements-otel\.lock"):
            spans.configure("http://127.0.0.1:4318")
