"""Tokens as their owners told them. `object_key` is uid and type together (TOK-03)."""

from __future__ import annotations

from django.db import models

from parties.owned import OwnedObject


class Token(OwnedObject):
    uid_key = models.CharField(max_length=39, db_collation="C", db_index=True)  # never cut: tokens are found by it
    type = models.CharField(max_length=16)
    contract_id = models.TextField(default="")
    valid = models.BooleanField(default=True)
    whitelist = models.CharField(max_length=16, default="")
    stale_at = models.DateTimeField(null=True)  # a complete list of its owner lacked it (TOK-05); still served

    class Meta(OwnedObject.Meta):
        pass
