"""Standard VAT rates of the EU states, GB, CH and NO since 2018 or earlier. Staff keeps them up to date."""

import datetime
from decimal import Decimal

from django.db import migrations

# Country, then rate and first day, in turn; each ends the day before the next.
RATES = """
AT 20 1984-01-01
BE 21 1996-01-01
BG 20 1999-01-01
CH 7.7 2018-01-01 8.1 2024-01-01
CY 19 2014-01-13
CZ 21 2013-01-01
DE 19 2007-01-01 16 2020-07-01 19 2021-01-01
DK 25 1992-01-01
EE 20 2009-07-01 22 2024-01-01 24 2025-07-01
ES 21 2012-09-01
FI 24 2013-01-01 25.5 2024-09-01
FR 20 2014-01-01
GB 20 2011-01-04
GR 24 2016-06-01
HR 25 2012-03-01
HU 27 2012-01-01
IE 23 2012-01-01 21 2020-09-01 23 2021-03-01
IT 22 2013-10-01
LT 21 2009-09-01
LU 17 2015-01-01 16 2023-01-01 17 2024-01-01
LV 21 2012-07-01
MT 18 2004-01-01
NL 21 2012-10-01
NO 25 2005-01-01
PL 23 2011-01-01
PT 23 2011-01-01
RO 19 2017-01-01 21 2025-08-01
SE 25 1990-07-01
SI 22 2013-07-01
SK 20 2011-01-01 23 2025-01-01
"""


def seed(apps, schema_editor):
    model = apps.get_model("settlement", "VatRate")
    model.objects.bulk_create(model(**row) for line in RATES.split("\n") if line for row in _read(line))


def _read(line):
    country, *rest = line.split()
    days = [datetime.date.fromisoformat(text) for text in rest[1::2]]
    ends = [day - datetime.timedelta(days=1) for day in days[1:]] + [None]
    for rate, first, last in zip(rest[::2], days, ends, strict=True):
        yield {"country": country, "rate": Decimal(rate), "valid_from": first, "valid_until": last}


class Migration(migrations.Migration):
    dependencies = [("settlement", "0002_closed_is_closed")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
