"""What other apps say is wrong: told at once, each subject for itself, until it is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.deliver import deliver
from alerts.evaluate import evaluate
from alerts.models import Alert, Kind, Report
from alerts.report import Trouble, report
from tests.alerts.conftest import Webhook
from tests.management.cast import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def trouble(reason: str = "no rate") -> Trouble:
    return Trouble(title="It cannot be closed", detail=reason, advice="Enter a rate.")


def say(*subjects: str, reason: str = "no rate", about: set[str] | None = None) -> None:
    report(Kind.NOT_CLOSED, {subject: trouble(reason) for subject in subjects}, about=about, now=NOW)


def get_open() -> dict[str, str]:
    """Detail by subject."""
    return dict(Alert.objects.filter(kind=Kind.NOT_CLOSED, closed_at=None).values_list("subject", "detail"))


class TestReport:
    def test_is_told_once_and_taken_back_once(self, webhook: Webhook):
        say("a – b")
        for minute in range(3):
            evaluate(now=NOW + timedelta(minutes=minute))
        say()
        evaluate(now=LATER)
        deliver(now=LATER)

        assert webhook.messages == [("opened", "not_closed"), ("closed", "not_closed")]

    def test_is_about_each_subject_for_itself(self):
        say("a – b", "c – d")
        evaluate(now=NOW)
        assert set(get_open()) == {"a – b", "c – d"}

        say("c – d")
        evaluate(now=LATER)

        assert set(get_open()) == {"c – d"}

    def test_keeps_what_was_not_looked_at(self):
        say("a – b", "c – d")

        say(about={"a – b"})

        assert list(Report.objects.values_list("subject", flat=True)) == ["c – d"]

    def test_says_why_as_it_is_now(self):
        say("a – b")
        evaluate(now=NOW)
        say("a – b", reason="no VAT rate")
        evaluate(now=LATER)

        assert get_open() == {"a – b": "no VAT rate"}
        assert Report.objects.count() == 1
