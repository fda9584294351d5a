"""`manage.py alerts list|test|evaluate`: what is wrong now, and whether operators would hear of it."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.timesince import timesince

from alerts import channels
from alerts.deliver import deliver
from alerts.evaluate import evaluate
from alerts.models import Alert, Message


class Command(BaseCommand):
    help = "list: open alerts; test: send a test over every channel; evaluate: look now instead of in a few seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", choices=["list", "test", "evaluate"], default="list")
        parser.add_argument("--all", action="store_true", help="list: closed ones of the last days, too")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["what"] == "test":
            self._test(now=now)
            return
        if options["what"] == "evaluate":
            evaluate(now=now)
            deliver(now=now)
        self._list(now=now, with_closed=options["all"])

    def _list(self, *, now: datetime, with_closed: bool) -> None:
        alerts = Alert.objects.exclude(opened_at=None).order_by("closed_at", "-opened_at")
        shown = list(alerts[:100] if with_closed else alerts.filter(closed_at=None))
        for alert in shown:
            assert alert.opened_at is not None
            state = f"over since {timesince(alert.closed_at, now)}" if alert.closed_at else "open"
            self.stdout.write(f"{alert.severity:8} {state}, for {timesince(alert.opened_at, alert.closed_at or now)}")
            self.stdout.write(f"         {alert.title}")
            for line in (alert.detail, f"what to do: {alert.advice}" if alert.advice else ""):
                if line:
                    self.stdout.write(f"         {line}")
        if not shown:
            self.stdout.write("no open alert")
        stuck = Message.objects.filter(sent_at=None, attempts__gt=0).order_by("-id").first()
        if stuck is not None:
            self.stdout.write(f"messages wait: {stuck.channel} failed: {stuck.last_error}")
        if not channels.get_channels():
            self.stdout.write("nobody is told: neither HUB_ALERT_EMAILS nor HUB_ALERT_WEBHOOK is set")

    def _test(self, *, now: datetime) -> None:
        if not channels.get_channels():
            raise CommandError("nobody would be told: set HUB_ALERT_EMAILS or HUB_ALERT_WEBHOOK")
        failed = []
        for channel in channels.get_channels():
            try:
                channels.send(channel, [channels.describe_test(now=now)], now=now)
            except channels.NotSent as error:
                failed.append(f"{channel}: {error}")
            else:
                self.stdout.write(f"{channel}: sent")
        if failed:
            raise CommandError("; ".join(failed))
