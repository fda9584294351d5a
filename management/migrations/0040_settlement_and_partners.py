"""Brings the two lines of migrations together: scopes of settlement, and partner tokens."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("management", "0020_settlement_scopes"), ("management", "0030_partner_token")]

    operations = []
