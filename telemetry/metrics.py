"""The series that processes count themselves. What is read from the database at a scrape is in `management.gauges`.

Labels have few values: never a path, an object or a person; platforms by their number, whose name is in
`hub_platform_info`. Everything a stranger can choose (methods, modules) is mapped to known words.
"""

from __future__ import annotations

from prometheus_client import values

from telemetry import folder

if folder.get_folder() is not None:
    values.ValueClass = values.MultiProcessValue(folder.get_process_name)

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()
REGISTRY = CollectorRegistry()

OWN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
PARTNER_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 30.0)

calls = Counter(
    "hub_calls",
    "OCPI calls in and out, by module and class of the OCPI status code (none: no answer).",
    ["direction", "module", "interface", "method", "code"],
    registry=REGISTRY,
)
platform_calls = Counter(
    "hub_platform_calls",
    "OCPI calls from (in) and to (out) a platform, by class of the OCPI status code.",
    ["direction", "platform", "code"],
    registry=REGISTRY,
)
calls_open = Gauge(
    "hub_calls_open",
    "OCPI calls that are being worked on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
calls_refused = Counter(
    "hub_calls_refused",
    "OCPI calls that the hub would not take on: overload (503), rate (429).",
    ["reason"],
    registry=REGISTRY,
)
call_seconds = Histogram(
    "hub_call_seconds",
    "The hub's own part of a call that came in: without the time partners took.",
    ["module"],
    buckets=OWN_SECONDS,
    registry=REGISTRY,
)
partner_seconds = Histogram(
    "hub_partner_seconds",
    "How long a platform took to answer a request of the hub's, whatever the request.",
    ["platform"],
    buckets=PARTNER_SECONDS,
    registry=REGISTRY,
)
partner_requests = Counter(
    "hub_partner_requests",
    "Requests to a platform by their end: 2xx to 5xx, token (401, 403, 407), timeout, unreachable, busy, resting.",
    ["platform", "end"],
    registry=REGISTRY,
)
writer_batch = Histogram(
    "hub_writer_batch_jobs",
    "Calls that were stored in one transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
writer_commit_seconds = Histogram(
    "hub_writer_commit_seconds",
    "One transaction of the writer, COMMIT included.",
    buckets=OWN_SECONDS,
    registry=REGISTRY,
)
writer_waiting = Gauge(
    "hub_writer_waiting",
    "Calls that wait to be stored.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
writer_failures = Counter(
    "hub_writer_failures",
    "Calls that were not stored, or perhaps not: busy, unreachable, other.",
    ["reason"],
    registry=REGISTRY,
)
reader_seconds = Histogram(
    "hub_reader_seconds",
    "One read of the web process from the database, waiting for a connection included.",
    buckets=OWN_SECONDS,
    registry=REGISTRY,
)
facts_confirmed = Gauge(
    "hub_facts_confirmed_timestamp_seconds",
    "When the routing facts of the web process that is furthest behind were last known to be true.",
    ["process"],  # so that processes without routing facts have none
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
facts_loads = Counter("hub_facts_loads", "Times that routing facts were read anew.", registry=REGISTRY)
tasks = Counter("hub_tasks", "Background tasks by outcome: done, failed.", ["task", "outcome"], registry=REGISTRY)
task_seconds = Histogram(
    "hub_task_seconds",
    "How long background tasks took.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0),
    registry=REGISTRY,
)
alert_messages = Counter(
    "hub_alert_messages",
    "Alert messages by channel (email, webhook) and outcome (sent, failed).",
    ["channel", "outcome"],
    registry=REGISTRY,
)
