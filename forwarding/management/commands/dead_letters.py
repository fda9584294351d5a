"""`manage.py dead_letters [list|show|resend|close]`: what receivers would not take, and sending it again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from forwarding.management.commands.lanes import find_platform
from forwarding.models import DeadLetter
from forwarding.resend import get_open, resend_these
from parties.display import mask_path, show_party


class Command(BaseCommand):
    help = "Lists, shows, resends or closes dead letters: deliveries that a receiver would not take."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", default="list", choices=["list", "show", "resend", "close"])
        parser.add_argument("ids", nargs="*", type=int, help="of the letters")
        parser.add_argument("--platform", default="", help="of the receiver: id or name")
        parser.add_argument("--module", default="")
        parser.add_argument("--reason", default="", help="a part of the reason")
        parser.add_argument("--all", action="store_true", help="every open one (that fits the filters)")
        parser.add_argument("--limit", type=int, default=50, help="how many are listed")

    def handle(self, *args: Any, **options: Any) -> None:
        letters = self._choose(options)
        if options["what"] == "list":
            return self._list(letters, limit=options["limit"])
        if options["what"] == "show":
            return self._show(options["ids"])
        if not (options["ids"] or options["all"] or options["platform"] or options["module"] or options["reason"]):
            raise CommandError("Say which: ids, --platform, --module or --reason, or --all.")
        if options["what"] == "close":
            number = letters.update(closed_at=timezone.now(), note="closed by staff")
            self.stdout.write(f"{number} closed; nothing is sent.")
            return None
        done = resend_these(letters, clock=timezone.now)
        self.stdout.write(f"{done}.")
        if done.failed:
            raise CommandError("Not all could be written; what is still open can be resent again.")
        return None

    def _choose(self, options: dict[str, Any]) -> QuerySet[DeadLetter]:
        letters = get_open().select_related("platform").order_by("event", "id")
        if options["ids"]:
            letters = letters.filter(pk__in=options["ids"])
        if options["platform"]:
            letters = letters.filter(platform=find_platform(options["platform"]))
        if options["module"]:
            letters = letters.filter(module=options["module"])
        if options["reason"]:
            letters = letters.filter(reason__icontains=options["reason"])
        return letters

    def _list(self, letters: QuerySet[DeadLetter], *, limit: int) -> None:
        total = letters.count()
        for letter in letters[:limit]:
            self.stdout.write(
                f"{letter.pk:>6}  {letter.created_at:%Y-%m-%d %H:%M}  {letter.platform.name[:24]:24}"
                f"  {letter.method} {letter.module}/{mask_path(letter.path, module=letter.module)}"
                f" to {show_party(letter.receiver)}: {letter.reason[:100]}"
            )
        self.stdout.write(f"{total} open" + (f", the oldest {limit} shown" if total > limit else ""))

    def _show(self, ids: list[int]) -> None:
        for letter in DeadLetter.objects.filter(pk__in=ids).select_related("platform").order_by("pk"):
            state = "closed" if letter.closed_at else "resent" if letter.resent_at else "open"
            for name, value in (
                ("letter", f"{letter.pk}, {state}{': ' + letter.note if letter.note else ''}"),
                ("receiver", f"{show_party(letter.receiver)} on {letter.platform.name}"),
                ("sender", show_party(letter.sender)),
                ("what", f"{letter.method} {letter.module}/{letter.path}{'?' + letter.query if letter.query else ''}"),
                ("reason", letter.reason),
                ("answer", f"HTTP {letter.http_status or '–'}, OCPI {letter.status_code or '–'}"),
                ("attempts", letter.attempts),
                ("event", f"{letter.event} of {letter.event_at:%Y-%m-%d %H:%M:%S} UTC"),
                ("correlation id", letter.correlation_id),
                ("body", letter.body),
            ):
                self.stdout.write(f"{name + ':':16}{value}")
