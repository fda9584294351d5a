"""`manage.py create_partner_token --platform "Charge Co" --name X --scopes all`: prints a new partner token, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from management.models import PartnerToken
from parties.models import Platform


class Command(BaseCommand):
    help = "Creates a token for a platform's partner API and prints it on standard output. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--platform", required=True, help="the platform's name or number")
        parser.add_argument("--name", required=True, help="whose or what for; unique")
        parser.add_argument("--scopes", nargs="+", default=["all"], help='scopes such as findings:read, or "all"')
        parser.add_argument("--days", type=int, default=None, help="ends after so many days; without it: never")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        scopes = [scope for text in options["scopes"] for scope in text.split(",")]
        expires_at = now + timedelta(days=options["days"]) if options["days"] is not None else None
        platform = _find_platform(options["platform"])
        try:
            _, text = PartnerToken.issue(
                platform=platform, name=options["name"], scopes=scopes, now=now, expires_at=expires_at
            )
        except ValueError as e:
            raise CommandError(str(e)) from e
        except IntegrityError as e:
            raise CommandError(f"there is a partner token called {options['name']!r} already: choose another") from e
        self.stdout.write(text)


def _find_platform(text: str) -> Platform:
    platform = Platform.objects.filter(name=text).first()
    if platform is None and text.isdecimal():
        platform = Platform.objects.filter(pk=int(text)).first()
    if platform is None:
        names = ", ".join(Platform.objects.order_by("name").values_list("name", flat=True)[:20])
        raise CommandError(f"there is no platform {text!r} (there are: {names or 'none'})")
    return platform
