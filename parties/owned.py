"""OwnedObject: a document of a party, kept as it was told, with what queries need beside it (decisions 1 and 2)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from parties.display import show_party


class OwnedObject(models.Model):
    """`id` counts in order of first receipt (TRANS-23). Ids compare in lower case; documents keep their spelling.

    `audience` is "" for the hub's own copy; a push addressed to one party is that party's variant and carries its key.
    """

    id = models.BigAutoField(primary_key=True)
    owner = models.CharField(max_length=5, db_collation="C")
    object_key = models.CharField(max_length=64, db_collation="C")
    audience = models.CharField(max_length=5, default="", blank=True, db_collation="C")
    object_id = models.CharField(max_length=64)
    version = models.CharField(max_length=8, default="2.2.1")
    document = models.TextField()
    last_updated = models.DateTimeField()
    is_verified = models.BooleanField(default=True)  # False: relayed although invalid; never served by GET all
    flags = models.TextField(default="", blank=True)  # what is odd but refuses nothing, one line each (TRANS-44)
    deleted_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    verdict_code = models.IntegerField(null=True)  # the receiver's status_code; 4002/4003 when it was not reached
    verdict_message = models.TextField(default="")
    verdict_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["owner", "object_key", "audience"], name="%(class)s_key"),
        ]
        indexes = [
            models.Index(fields=["owner", "last_updated"], name="%(class)s_owner_updated"),
            models.Index(  # the variants for one party, which are few beside the hub's own copies
                fields=["audience", "owner", "object_key"], condition=~Q(audience=""), name="%(class)s_variant"
            ),
        ]

    def __str__(self) -> str:
        return f"{show_party(self.owner)} {self.object_id}"
