"""Create the first administrator: `python -m roaming_hub.stack.admin_login`. Says nothing if there is one already."""

from __future__ import annotations

import os
import secrets

import django


def create_first() -> tuple[str, str] | None:
    """Name and password of a new administrator; None when there is one."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    name, password = "admin", os.environ.get("HUB_ADMIN_PASSWORD") or secrets.token_urlsafe(12)
    users.create_superuser(name, password=password)
    return name, password


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")
    django.setup()
    if login := create_first():
        print(*login)
