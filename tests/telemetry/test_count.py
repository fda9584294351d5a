"""Series have few labels, whatever strangers send, and counting costs little."""

from __future__ import annotations

from telemetry import count, tally
from telemetry.metrics import REGISTRY
from telemetry.work import Work


def get(name: str, **labels: str) -> float:
    tally.tell()  # a hub that runs in this process gathers
    return REGISTRY.get_sample_value(name, labels) or 0.0


class TestNoteCallIn:
    def test_counts_by_module_and_class_of_the_status(self):
        labels = {"direction": "in", "module": "cdrs", "interface": "RECEIVER", "method": "POST", "code": "2xxx"}
        before = get("hub_calls_total", **labels)

        count.note_call_in(Work(module="cdrs", method="POST", platform=987641), interface="RECEIVER", code=2001)

        assert get("hub_calls_total", **labels) == before + 1
        assert get("hub_platform_calls_total", direction="in", platform="987641", code="2xxx") == 1

    def test_what_a_stranger_makes_up_is_other(self):
        for number in range(50):
            work = Work(module=f"module{number}", method=f"M{number}")
            count.note_call_in(work, interface=f"x{number}", code=987_654_321)

        tally.tell()
        made = [s for metric in REGISTRY.collect() for s in metric.samples if s.name == "hub_calls_total"]
        assert not any("module1" in str(sample.labels) for sample in made)
        labels = {"direction": "in", "module": "other", "interface": "none", "method": "other", "code": "other"}
        assert get("hub_calls_total", **labels) == 50

    def test_time_that_partners_took_is_not_the_hub_s(self):
        work = Work(module="tokens")
        work.begin_waiting()
        work.begin_waiting()  # two partners at the same time
        work.end_waiting()
        work.end_waiting()
        work.started -= 5
        work.waited += 5

        assert work.get_own_seconds() < 1


class TestNoteAnswer:
    def test_tells_refused_tokens_from_other_errors(self):
        count.note_answer(987654, http_status=401, seconds=0.1)
        count.note_answer(987654, http_status=404, seconds=0.1)
        count.note_no_answer(987654, end="timeout")

        assert [get("hub_partner_requests_total", platform="987654", end=e) for e in ("token", "4xx", "timeout")] == [
            1
        ] * 3
        assert get("hub_partner_seconds_count", platform="987654") == 2
