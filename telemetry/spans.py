"""OpenTelemetry, if HUB_OTEL_ENDPOINT is set: spans of calls, stores, legs and deliveries, sent by OTLP over HTTP.

Nothing of it is ever sent to partners: spans are made by hand, no HTTP client is instrumented.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from telemetry import work

NOTHING: AbstractContextManager[Any] = nullcontext()


class _State:
    endpoint = ""
    tracer: Any = None


def configure(endpoint: str, *, service: str = "roaming-hub") -> None:
    """Raises RuntimeError where the extra is not installed: somebody asked for traces and would get none."""
    if endpoint and importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise RuntimeError(
            "HUB_OTEL_ENDPOINT is set, but OpenTelemetry is not installed: "
            "pip install --require-hashes -r requirements-otel.lock"
        )
    _State.endpoint = endpoint.rstrip("/")
    _State.tracer = None


def use_tracer(tracer: Any) -> None:
    """For tests: spans go there. None: none are made."""
    _State.tracer = tracer


def are_made() -> bool:
    """Worth asking where even to name what a span is of costs something: once per delivery."""
    return _State.tracer is not None or bool(_State.endpoint)


def span(name: str, **attributes: Any) -> AbstractContextManager[Any]:
    """`with span("call"):` costs nothing worth measuring when traces are off."""
    if _State.tracer is None:
        if not _State.endpoint:
            return NOTHING
        _State.tracer = _make_tracer(_State.endpoint)
    at = work.get()
    if at is not None:
        attributes.setdefault("hub.correlation_id", at.correlation_id)
        attributes.setdefault("hub.request_id", at.request_id)
    made: AbstractContextManager[Any] = _State.tracer.start_as_current_span(
        name, attributes={key: value for key, value in attributes.items() if value not in (None, "")}
    )
    return made


def _make_tracer(endpoint: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "roaming-hub"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    return provider.get_tracer("roaming_hub")


def _forget() -> None:
    _State.tracer = None  # its thread stayed with our parent


os.register_at_fork(after_in_child=_forget)
