"""Whoever comes to the login page itself is led to the dashboard; and with what password."""

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


@pytest.mark.parametrize("password", ["short-1", "password123", "4827193650", "jane-miller"])
def test_takes_no_password_that_is_soon_guessed(staff: Client, password: str):
    """Nothing keeps anybody from trying."""
    form = {"username": "jane-miller", "usable_password": "true", "password1": password, "password2": password}

    assert staff.post(reverse("admin:auth_user_add"), form).status_code == 200

    assert not User.objects.filter(username="jane-miller").exists()
