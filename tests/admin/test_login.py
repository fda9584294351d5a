"""Whoever comes to the login page itself is led to the dashboard."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_leads_to_the_dashboard(client: Client):
    User.objects.create_user("root", password="of-no-importance", is_staff=True)

    answer = client.post(reverse("admin:login"), {"username": "root", "password": "of-no-importance"})

    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))
