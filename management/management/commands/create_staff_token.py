"""`manage.py create_staff_token --name X --scopes all`: prints a new staff token, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from management.models import StaffToken


class Command(BaseCommand):
    help = "Creates a token for the management API and prints it on standard output. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="whose or what for; unique")
        parser.add_argument("--scopes", nargs="+", required=True, help='scopes such as platforms:read, or "all"')
        parser.add_argument("--days", type=int, default=None, help="ends after so many days; without it: never")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        scopes = [scope for text in options["scopes"] for scope in text.split(",")]
        expires_at = now + timedelta(days=options["days"]) if options["days"] is not None else None
        try:
            _, text = StaffToken.issue(name=options["name"], scopes=scopes, now=now, expires_at=expires_at)
        except ValueError as e:
            raise CommandError(str(e)) from e
        except IntegrityError as e:
            raise CommandError(f"there is a staff token called {options['name']!r} already: choose another name") from e
        self.stdout.write(text)
