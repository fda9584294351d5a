"""What hub and agreements may say about CDR control."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from cdrs.control.terms import as_text, make_thresholds, read_setting, read_terms

SOME = {
    "severities": {"cdr_late": "hold", "token_unknown": "pass"},
    "bounds": {"late": 86400, "max_energy": Decimal("120.50"), "max_cost": None},
    "tolerances": {"total": 2, "kwh": "0.01"},
    "refuse": True,
}


class TestReadTerms:
    def test_keeps_numbers_exact_and_no_float(self):
        terms = read_terms(SOME)

        assert terms["bounds"] == {"late": 86400, "max_energy": "120.50", "max_cost": None}
        assert terms["tolerances"] == {"total": "2", "kwh": "0.01"}
        assert read_terms({"bounds": {"max_energy": 0.1}}) == {"bounds": {"max_energy": "0.1"}}

    def test_reads_what_it_has_written(self):
        assert read_terms(read_terms(SOME)) == read_terms(SOME)

    def test_leaves_out_what_says_nothing(self):
        assert read_terms({"severities": {}, "refuse": False}) == {}

    @pytest.mark.parametrize(
        ("document", "named"),
        [
            ([], "not a JSON object"),
            ({"severity": {}}, "severity: unknown; there are severities, bounds, tolerances, refuse"),
            ({"severities": {"no_such_rule": "hold"}}, "severities.no_such_rule: unknown: no rule has this id"),
            ({"severities": {"cdr_late": "error"}}, "severities.cdr_late: 'error' is none of pass, flag, hold, reject"),
            ({"severities": ["cdr_late"]}, "severities: is not a JSON object"),
            ({"bounds": {"max_time": 1}}, "bounds.max_time: unknown; there are future"),
            ({"bounds": {"late": -1}}, "bounds.late: -1 is not a number of seconds"),
            ({"bounds": {"late": True}}, "bounds.late: True"),
            ({"bounds": {"late": "1 day"}}, "bounds.late"),
            ({"bounds": {"future": None}}, "bounds.future"),
            ({"bounds": {"max_energy": "many"}}, "bounds.max_energy"),
            ({"bounds": {"max_energy": -1}}, "bounds.max_energy: -1 is below 0"),
            ({"bounds": {"power_slack": None}}, "bounds.power_slack"),
            ({"tolerances": {"total": None}}, "tolerances.total"),
            ({"tolerances": {"cents": 1}}, "tolerances.cents: unknown; there are total, line, kwh, hours"),
            ({"refuse": "yes"}, "refuse: 'yes' is neither true nor false"),
        ],
    )
    def test_says_what_makes_no_sense(self, document, named):
        with pytest.raises(ValueError, match=re.escape(named)):
            read_terms(document)

    def test_of_the_hub_refuse_nothing(self):
        with pytest.raises(ValueError, match="refuse: unknown"):
            read_setting('{"refuse": true}')

    def test_of_the_hub_are_json(self):
        with pytest.raises(ValueError, match="not JSON"):
            read_setting("severities=1")


class TestMakeThresholds:
    def test_takes_the_agreements_word_before_the_hubs(self):
        hub = read_setting(
            '{"bounds": {"late": 3600, "max_energy": 100, "max_cost": 50}, "severities": {"cdr_late": "flag"}}'
        )

        thresholds = make_thresholds(hub, as_text(read_terms(SOME)))

        assert thresholds.bounds.late == timedelta(days=1)
        assert (thresholds.bounds.max_energy, thresholds.bounds.max_cost) == (Decimal("120.50"), None)
        assert (thresholds.policy.total, thresholds.policy.kwh_tolerance) == (Decimal(2), Decimal("0.01"))
        assert thresholds.policy.severities == {"cdr_late": "hold", "token_unknown": "pass"}

    def test_names_what_differs_differently(self):
        plain, other = read_setting("{}"), read_setting('{"bounds": {"late": 1}}')

        names = {
            make_thresholds(hub, terms).policy.name for hub in (plain, other) for terms in ("{}", '{"refuse":true}')
        }

        assert len(names) == 4
        assert make_thresholds(plain, '{"refuse":true}').policy.name.startswith(make_thresholds(plain).policy.name)
