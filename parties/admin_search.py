"""How staff searches pages about parties: words, each of which is a party ("NL*CPO"), a key, or a text."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ocpi.calls import PartyId


class SearchesParties:
    """Mixed in before the page. `key_fields` are kept in lower case, `text_fields` as they were written."""

    party_fields: tuple[str, ...] = ()
    key_fields: tuple[str, ...] = ()
    text_fields: tuple[str, ...] = ()
    search_help_text = 'A party ("NL*CPO"); several words narrow it down'

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in search_term.split():
            queryset = queryset.filter(self._get_match(word))
        return queryset, False

    def _get_match(self, word: str) -> Q:
        match = Q(pk__in=[])
        for field in self.text_fields:
            match |= Q(**{field: word})
        for field in self.key_fields:
            match |= Q(**{field: word.lower()})
        try:
            key = PartyId.of_text(word).key
        except ValueError:
            return match
        for field in self.party_fields:
            match |= Q(**{field: key})
        return match


class FindsParty:
    """Mixed in before the page of rows that are parties: "NL*CPO" finds one, besides what `search_fields` find."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, is_doubled = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        try:
            party = PartyId.of_text(search_term)
        except ValueError:
            return found, is_doubled
        named = queryset.filter(country_code__iexact=party.country_code, party_id__iexact=party.party_id)
        return found | named, is_doubled
