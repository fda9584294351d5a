from __future__ import annotations

import pytest

from invoicing.patterns import InvalidPattern, check_pattern, fill_pattern


class TestFillPattern:
    def test_writes_a_number_as_the_issuer_wants_it(self):
        text = fill_pattern("{prefix}{year}-{number:06d}", prefix="RE", party="NLCPO", year=2026, number=42)

        assert text == "RE2026-000042"


class TestCheckPattern:
    @pytest.mark.parametrize(
        "pattern", ["{year}{number}", "{prefix}/{party}/{year}/{number:08d}", "{{x}}{year}-{number}"]
    )
    def test_takes(self, pattern: str):
        check_pattern(pattern)

    @pytest.mark.parametrize(
        ("pattern", "wrong"),
        [
            ("{prefix}-{number}", "year"),
            ("{year}", "number"),
            ("{year}{number}{name}", "only"),
            ("{year.__class__}{number}", "only"),
            ("{year}{number:06d", "cannot be read"),
            ("{year}{number:q}", "cannot be read"),
            ("{year}{}{number}", "only"),
            ("{year}{number:040d}", "characters"),
        ],
    )
    def test_refuses(self, pattern: str, wrong: str):
        with pytest.raises(InvalidPattern, match=wrong):
            check_pattern(pattern)
