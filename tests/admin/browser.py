"""What a browser sends to the admin."""

from __future__ import annotations

from django.urls import reverse
from lxml import html


def select(client, name, deed, *rows):
    data = {"action": deed, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(f"admin:{name}_changelist"), data, follow=True)


def read_form(page) -> dict[str, str]:
    """What a browser would send of it, untouched."""
    (form,) = [one for one in html.fromstring(page.content).forms if one.get("id", "").endswith("_form")]
    return {name: value for name, value in form.form_values() if not name.startswith("_")}
