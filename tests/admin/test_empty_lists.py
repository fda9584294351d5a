"""An empty list says how its rows come about, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin

from tests.admin.every_page import ALL, url_of

pytestmark = pytest.mark.django_db

OF_DJANGO = {"auth_group", "auth_user"}
PAGES: dict[str, Any] = {
    f"{model._meta.app_label}_{model._meta.model_name}": page for model, page in admin.site._registry.items()
}


class TestEmptyLists:
    @pytest.mark.parametrize("name", sorted(set(ALL) - OF_DJANGO))
    def test_say_how_rows_come_about(self, staff, name):
        PAGES[name].model._default_manager.all().delete()

        page = staff.get(url_of(name, "changelist")).content.decode()

        assert PAGES[name].when_empty
        assert f">{PAGES[name].when_empty}<" in page

    def test_that_a_search_emptied_say_how_to_search(self, staff, rows):
        page = staff.get(url_of("reconciliation_finding", "changelist"), {"q": "nothing-of-this-name"})

        text = page.content.decode()
        assert "Nothing fits the search or the filters" in text
        assert "several words narrow it down</p>" in text
        assert PAGES["reconciliation_finding"].when_empty not in text
