"""`manage.py lanes [list|pause|resume|wake|restored]`: how far each platform has been told, and what holds it up."""

from __future__ import annotations

import dataclasses
import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from forwarding import lane_state
from forwarding.lane_state import PlatformLanes, get_platform_lanes
from forwarding.models import Lane
from parties.models import Platform


class Command(BaseCommand):
    help = "Shows how far each platform has been told and what holds it up; pauses, resumes and wakes its lanes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", default="list", choices=["list", "pause", "resume", "wake", "restored"])
        parser.add_argument("platform", nargs="?", default="", help="id or name of the platform")
        parser.add_argument("--note", default="", help="why it is paused; shown to everybody who looks")
        parser.add_argument("--behind", action="store_true", help="list only platforms that are not idle")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["what"] == "list":
            return self._list(options, now=now)
        if options["what"] == "restored":
            number = lane_state.mark_restored(now=now)
            self.stdout.write(f"{number} lanes: what is sent again since the backup will be marked as a repeat.")
            return None
        lanes = self._get_lanes(options["platform"])
        if options["what"] == "pause":
            number = lane_state.pause(lanes, note=options["note"], now=now)
            self.stdout.write(
                f"{number} lanes paused. What is promised waits; `lanes resume` goes on where it stopped."
            )
        elif options["what"] == "resume":
            self.stdout.write(f"{lane_state.resume(lanes)} lanes go on within a second.")
        else:
            self.stdout.write(f"{lane_state.wake(lanes)} lanes will be tried within a second.")
        return None

    def _get_lanes(self, text: str) -> QuerySet[Lane]:
        platform = find_platform(text)
        lanes = Lane.objects.filter(platform=platform)
        if not lanes.exists():
            raise CommandError(f"{platform} has no lanes yet: it has not registered.")
        return lanes

    def _list(self, options: dict[str, Any], *, now: datetime) -> None:
        chosen = [find_platform(options["platform"]).pk] if options["platform"] else None
        found = get_platform_lanes(now=now, platforms=chosen)
        if options["behind"]:
            found = [one for one in found if one.state is not lane_state.LaneState.IDLE]
        if options["json"]:
            self.stdout.write(json.dumps([dataclasses.asdict(one) for one in found], default=str, indent=2))
            return
        if not found:
            self.stdout.write(
                "No platform has anything waiting." if options["behind"] else "No platform has lanes yet."
            )
        for one in found:
            self._show(one, now=now)

    def _show(self, one: PlatformLanes, *, now: datetime) -> None:
        self.stdout.write(
            f"{one.platform:>4}  {one.name[:32]:32}  {one.status:10}  {one.state:24}"
            f"  {one.events_behind:>6} events, {one.seconds_behind} s behind; done up to event {one.cursor}"
        )
        for line in _explain(one, now=now):
            self.stdout.write(f"      {line}")


def _explain(one: PlatformLanes, *, now: datetime) -> list[str]:
    lines = []
    if one.paused_at:
        lines.append(f"paused since {_show_time(one.paused_at)}: {one.pause_note or 'no reason given'}")
    if one.leased_until:
        lines.append(f"a worker is at it, until {_show_time(one.leased_until)} at the latest or longer if it goes on")
    if one.next_probe:
        lines.append(f"its breaker is open: tried again at {_show_time(one.next_probe)} (`manage.py breakers`)")
    if one.retry_at and one.retry_at > now:
        lines.append(f"tries again at {_show_time(one.retry_at)}, after {one.failures} failures")
    if one.last_error:
        lines.append(f"last error: {one.last_error[:150]}")
    if one.oldest:
        old = one.oldest
        lines.append(
            f"oldest: {old.method} {old.object}, event {old.event} of {_show_time(old.at)}"
            f" (correlation id {old.correlation_id or 'none'})"
        )
    return lines


def _show_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def find_platform(text: str) -> Platform:
    """By id, or by name (whole, else a part that fits one only)."""
    if not text:
        raise CommandError("Say which platform: its id or name. `manage.py lanes` lists them.")
    found = list(
        Platform.objects.filter(pk=int(text)) if text.isdigit() else Platform.objects.filter(name__iexact=text)
    )
    found = found or list(Platform.objects.filter(name__icontains=text).order_by("name"))
    if len(found) != 1:
        names = ", ".join(platform.name for platform in found[:5])
        raise CommandError(f"{text!r} fits {len(found)} platforms{': ' + names if names else ''}.")
    return found[0]
