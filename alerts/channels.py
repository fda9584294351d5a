"""How alerts get out: one e-mail or one signed POST for all that is due at the moment. Knows no alert rules."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from alerts.models import Message
from ocpi.times import format_datetime
from parties.client import Peer, PeerError, SyncClient

WEBHOOK_SECONDS = 10.0


class NotSent(Exception):
    """It has to be tried again."""


def get_channels() -> list[str]:
    """Those that are set up."""
    return [
        *([Message.Channel.EMAIL.value] if settings.HUB_ALERT_EMAILS else []),
        *([Message.Channel.WEBHOOK.value] if settings.HUB_ALERT_WEBHOOK else []),
    ]


def send(channel: str, messages: Sequence[dict[str, Any]], *, now: datetime) -> None:
    """
    Raises:
        NotSent: the mail server or the webhook did not take it.
    """
    if channel == Message.Channel.EMAIL:
        _send_email(messages)
    else:
        _send_webhook(messages, now=now)


def describe(message: Message) -> dict[str, Any]:
    """As the webhook gets it; e-mails are made from the same."""
    alert = message.alert
    return {
        "id": message.pk,
        "about": message.about,
        "alert": {
            "id": alert.pk,
            "kind": alert.kind,
            "severity": alert.severity,
            "title": alert.title,
            "detail": alert.detail,
            "advice": alert.advice,
            "platform": alert.platform_id,
            "opened_at": format_datetime(alert.opened_at) if alert.opened_at else None,
            "closed_at": format_datetime(alert.closed_at) if alert.closed_at else None,
            "link": f"{settings.HUB_PUBLIC_URL}/admin/alerts/alert/{alert.pk}/change/",
        },
    }


def describe_test(*, now: datetime) -> dict[str, Any]:
    return {
        "id": 0,
        "about": "test",
        "alert": {
            "id": 0,
            "kind": "test",
            "severity": "warning",
            "title": "A test: nothing is wrong",
            "detail": "Somebody ran `manage.py alerts test`.",
            "advice": "If you read this, the channel works.",
            "platform": None,
            "opened_at": format_datetime(now),
            "closed_at": None,
            "link": f"{settings.HUB_PUBLIC_URL}/admin/alerts/alert/",
        },
    }


_WORDS = {"opened": "", "reminder": "still: ", "closed": "all-clear: ", "test": ""}


def _get_line(message: dict[str, Any]) -> str:
    return f"{_WORDS[message['about']]}{message['alert']['title']}"


def _send_email(messages: Sequence[dict[str, Any]]) -> None:
    first = _get_line(messages[0])
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    paragraphs = []
    for message in messages:
        alert = message["alert"]
        lines = [
            f"{_get_line(message)} [{alert['severity']}]",
            alert["detail"],
            f"since {alert['opened_at']}" + (f", over {alert['closed_at']}" if alert["closed_at"] else ""),
            *([f"what to do: {alert['advice']}"] if message["about"] != "closed" and alert["advice"] else []),
            alert["link"],
        ]
        paragraphs.append("\n".join(line for line in lines if line))
    subject = " ".join(f"[{settings.HUB_NAME}] {first}{more}".split())[:200]
    mail = EmailMessage(subject=subject, body="\n\n".join(paragraphs) + "\n", to=settings.HUB_ALERT_EMAILS)
    try:
        mail.send()
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error


def sign(body: bytes, *, timestamp: str, secret: str) -> str:
    """`X-Hub-Signature`: HMAC-SHA256 of the timestamp, a dot and the body, so that neither can be replaced."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def _send_webhook(messages: Sequence[dict[str, Any]], *, now: datetime) -> None:
    told = {"hub": str(settings.HUB_PARTY), "sent_at": format_datetime(now), "messages": list(messages)}
    body = json.dumps(told, ensure_ascii=False).encode()
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Timestamp": timestamp,
        "X-Hub-Signature": sign(body, timestamp=timestamp, secret=settings.HUB_ALERT_SECRET),
    }
    try:
        with SyncClient(max_answer=64 * 1024) as client:
            answer = client.request(
                Peer(id=0, token=""),
                method="POST",
                url=settings.HUB_ALERT_WEBHOOK,
                body=body,
                headers=headers,
                timeout=WEBHOOK_SECONDS,
            )
    except PeerError as error:
        raise NotSent(str(error)) from error
    if not 200 <= answer.http_status < 300:
        raise NotSent(f"the webhook answered HTTP {answer.http_status}")
