"""Every field has a name that programs can read: a placeholder is none, nor is the head of a column."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from tests.admin.every_page import ALL, EDITABLE, url_of

pytestmark = pytest.mark.django_db

OF_UNFOLD = {"search-input-command"}  # opened by nothing here
ADDED = (
    "management_partnertoken",
    "management_stafftoken",
    "parties_platform",
    "settlement_terms",
    "settlement_vatrate",
)


def find_nameless(page: bytes) -> Iterator[str]:
    tree = html.fromstring(page)
    labels = [label for label in tree.iter("label") if label.text_content().strip()]
    labelled = {label.get("for") for label in labels} | {_get_key(field) for label in labels for field in label.iter()}
    labelled.discard(None)
    for field in tree.iter("input", "select", "textarea"):
        is_shown = field.get("type") not in ("hidden", "submit") and "hidden" not in field.get("class", "").split()
        is_named = field.get("aria-label") or _get_key(field) in labelled
        if is_shown and not is_named and field.get("id") not in OF_UNFOLD:
            yield field.get("name") or field.tag


def _get_key(field: html.HtmlElement) -> str | None:
    return field.get("id") or field.get("name")


def find_groups(page: bytes) -> set[str]:
    return set(html.fromstring(page).xpath("//*[@role='group']/@aria-label"))


class TestFields:
    @pytest.mark.parametrize("name", ALL)
    def test_of_a_list_have_names(self, staff: Client, rows, name: str):
        assert list(find_nameless(staff.get(url_of(name, "changelist")).content)) == []

    @pytest.mark.parametrize("name", sorted(EDITABLE))
    def test_of_a_form_have_names(self, staff: Client, rows, name: str):
        assert list(find_nameless(staff.get(url_of(name, "change", rows[name])).content)) == []

    @pytest.mark.parametrize("name", ADDED)
    def test_of_a_new_row_have_names(self, staff: Client, name: str):
        assert list(find_nameless(staff.get(url_of(name, "add")).content)) == []

    def test_of_the_pages_of_our_own_have_names(self, staff: Client):
        pages = [reverse("admin:index"), reverse("admin:management_journeys")]
        pages.append(url_of("agreements_agreement", "enter"))

        assert [name for page in pages for name in find_nameless(staff.get(page).content)] == []

    def test_of_a_moment_are_a_group(self, staff: Client):
        assert "Valid from" in find_groups(staff.get(url_of("settlement_terms", "add")).content)
        assert "Valid from" in find_groups(staff.get(url_of("agreements_agreement", "enter")).content)

    def test_for_a_search_say_what_is_searched(self, staff: Client):
        page = staff.get(url_of("charging_sessions_session", "changelist")).content.decode()

        assert 'aria-label="Search sessions"' in page
