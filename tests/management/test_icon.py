"""Every browser asks for it, on every page."""

from __future__ import annotations

from django.contrib.staticfiles import finders
from django.test import Client


class TestIcon:
    def test_is_there(self, client: Client):
        answer = client.get("/favicon.ico")

        assert answer.status_code == 302
        assert finders.find(answer.headers["Location"].removeprefix("/static/"))
