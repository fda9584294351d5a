"""How alerts get out, and what happens when they do not."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from alerts.deliver import CLAIM, deliver, get_pause
from alerts.evaluate import evaluate
from alerts.models import Alert, Message
from tests.alerts.conftest import SECRET, Webhook
from tests.management.cast import NOW, make_client, make_dead_letter, make_platform, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(webhook: Webhook, settings: Any) -> Alert:
    settings.HUB_ALERT_EMAILS = ["ops@example.com", "night@example.com"]
    make_dead_letter(make_platform())
    evaluate(now=NOW)
    return Alert.objects.get()


class TestEmail:
    def test_says_what_is_wrong_and_what_to_do(self, alert: Alert):
        deliver(now=NOW)

        sent = mail.outbox[0]
        assert sent.to == ["ops@example.com", "night@example.com"]
        assert "Charge Co did not take 1 object" in sent.subject
        assert "what to do: Dead letters in the admin" in sent.body
        assert f"/admin/alerts/alert/{alert.pk}/change/" in sent.body

    def test_is_tried_again_until_the_mail_server_takes_it(self, alert: Alert, settings: Any):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens
        assert deliver(now=NOW) == 1  # the webhook takes it all the same
        waiting = Message.objects.get(sent_at=None)
        assert (waiting.channel, waiting.attempts, waiting.due_at) == ("email", 1, NOW + get_pause(0))
        assert waiting.last_error

        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        assert deliver(now=NOW + timedelta(seconds=1)) == 0
        assert deliver(now=NOW + timedelta(minutes=1)) == 1
        assert len(mail.outbox) == 1

    def test_keeps_line_breaks_out_of_the_subject(self, alert: Alert):
        Alert.objects.update(title="x\r\nBcc: all@example.com")
        deliver(now=NOW)

        assert "\n" not in mail.outbox[0].subject


class TestWebhook:
    def test_is_signed(self, alert: Alert, webhook: Webhook):
        deliver(now=NOW)

        seen = webhook.peer.seen[0]
        stamped = seen.headers["x-hub-timestamp"].encode() + b"." + seen.body
        expected = hmac.new(SECRET.encode(), stamped, hashlib.sha256).hexdigest()
        assert seen.headers["x-hub-signature"] == f"sha256={expected}"
        assert "authorization" not in seen.headers
        told = json.loads(seen.body)["messages"][0]
        assert (told["about"], told["alert"]["id"]) == ("opened", alert.pk)

    def test_is_tried_again_until_it_answers(self, alert: Alert, webhook: Webhook):
        webhook.status = 500
        for minute in range(60):
            deliver(now=NOW + timedelta(minutes=minute))
        tries = len(webhook.peer.seen)
        webhook.status = 200
        deliver(now=NOW + timedelta(hours=2))

        assert 4 <= tries <= 12  # further and further apart
        assert webhook.messages == [("opened", "dead_letters")]

    def test_an_outage_loses_neither_the_alarm_nor_the_all_clear(self, alert: Alert, webhook: Webhook):
        webhook.status = 503
        deliver(now=NOW)
        alert.platform.dead_letters.all().delete()  # type: ignore[union-attr]
        evaluate(now=NOW + timedelta(minutes=5))
        webhook.status = 200
        deliver(now=NOW + timedelta(hours=1))

        assert webhook.messages == [("opened", "dead_letters"), ("closed", "dead_letters")]

    def test_of_a_sender_that_died_is_sent_by_the_next(self, alert: Alert, webhook: Webhook):
        Message.objects.update(due_at=NOW + CLAIM, attempts=1)

        assert deliver(now=NOW + timedelta(seconds=1)) == 0
        assert deliver(now=NOW + CLAIM) == 2

    @pytest.mark.parametrize("url", ["http://10.0.0.1/x", "http://169.254.169.254/latest", "file:///etc/passwd"])
    def test_goes_through_the_egress_guard(self, alert: Alert, webhook: Webhook, settings: Any, url: str):
        settings.HUB_ALERT_WEBHOOK = url
        deliver(now=NOW)

        waiting = Message.objects.get(channel="webhook")
        assert waiting.sent_at is None
        assert "internal" in waiting.last_error or "not allowed" in waiting.last_error


class TestCommand:
    def test_tests_every_channel(self, alert: Alert, webhook: Webhook):
        out = StringIO()
        call_command("alerts", "test", stdout=out)

        assert out.getvalue().split() == ["email:", "sent", "webhook:", "sent"]
        assert webhook.messages == [("test", "test")]

    def test_says_which_channel_fails(self, alert: Alert, webhook: Webhook):
        webhook.status = 404
        with pytest.raises(CommandError, match="webhook: the webhook answered HTTP 404"):
            call_command("alerts", "test", stdout=StringIO())

    def test_says_when_nobody_would_be_told(self):
        with pytest.raises(CommandError, match="HUB_ALERT_EMAILS"):
            call_command("alerts", "test")

    def test_lists_what_is_wrong(self, alert: Alert):
        out = StringIO()
        call_command("alerts", stdout=out)

        assert "Charge Co did not take 1 object" in out.getvalue()
        assert "what to do" in out.getvalue()


class TestPages:
    def test_api_shows_alerts_and_whether_they_were_told(self, alert: Alert):
        deliver(now=NOW)
        answer = make_client("traffic:read").get("/api/alerts/?state=open").json()

        assert [(one["kind"], one["state"]) for one in answer["results"]] == [("dead_letters", "open")]
        assert {message["channel"] for message in answer["results"][0]["messages"]} == {"email", "webhook"}
        assert make_client("traffic:read", name="b").get("/api/alerts/?state=closed").json()["results"] == []
        assert make_client("platforms:read", name="c").get("/api/alerts/").status_code == 403

    def test_admin_shows_them_on_their_page_and_on_the_first(self, alert: Alert, client: Any):
        client.force_login(make_staff())

        assert alert.title in client.get("/admin/").content.decode()
        assert alert.title in client.get("/admin/alerts/alert/").content.decode()
        assert "all-clear" not in client.get(f"/admin/alerts/alert/{alert.pk}/change/").content.decode()
        assert client.get("/admin/alerts/alert/add/").status_code == 403
