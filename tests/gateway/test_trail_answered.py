"""What a partner answered when it was no answer in OCPI's sense is in the call log all the same (ROUTE-14)."""

from __future__ import annotations

import pytest

from management.models import LogCall
from tests.conftest import Cast
from tests.documents import as_json, location_document


class TestOutRow:
    @pytest.mark.parametrize("status", [401, 403, 502])
    def test_holds_the_partner_s_http_status(self, cast: Cast, status: int):
        cast.emsp.answer_with(b"<html>no</html>", status=status)

        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=as_json(location_document(id="L1")), to="FR*MSP")

        row = LogCall.objects.get(leg="out")
        assert (row.http_status, row.platform) == (status, cast.emsp.platform.pk)
        assert row.outcome == "failed"
