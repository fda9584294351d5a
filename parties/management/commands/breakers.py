"""`manage.py breakers`: the platforms that are left alone because they did not answer; `--close NAME` ends it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from parties.limits.listing import close_breaker, list_breakers
from parties.models import Platform


class Command(BaseCommand):
    help = "Platforms whose circuit breaker is not closed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--close", metavar="NAME", help="call this platform again at once, in all processes")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["close"]:
            return self._close(options["close"])
        rows = list_breakers(now=now())
        if rows is None:
            raise CommandError("Redis is away: each process goes by what it sees itself.")
        if not rows:
            self.stdout.write("All breakers are closed.")
        for row in rows:
            when = f"next try {row.next_probe:%H:%M:%S} UTC" if row.next_probe else "may be called"
            since = f"{row.since:%Y-%m-%d %H:%M:%S} UTC"
            self.stdout.write(
                f"{row.name}  {row.state}  since {since}  {row.failures} failures  {when}  last: {row.reason}"
            )

    def _close(self, name: str) -> None:
        platform = Platform.objects.filter(name=name).first()
        if platform is None:
            raise CommandError(f"There is no platform {name!r}.")
        if not close_breaker(platform.pk):
            raise CommandError("Redis is away: the other processes cannot be told.")
        self.stdout.write(f"{name} is called again.")
