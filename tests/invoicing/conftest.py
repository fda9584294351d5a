"""As for settlement: no float comes near an amount, not even inside of libraries, and there are VAT rates."""

from __future__ import annotations

from tests.settlement.conftest import _no_float as _no_float
from tests.settlement.conftest import _vat_rates as _vat_rates
