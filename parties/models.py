"""Who is connected, and how we reach them: platforms, the parties on them, their endpoints, the hub's own tokens."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from ocpi.calls import ConnectionStatus, Interface, PartyId, Role, Version
from parties.party_behind import PartyBehind as PartyBehind
from parties.pull_schedule import check_pull_schedule
from parties.quirks import SETTINGS, Quirk
from parties.secrets import EncryptedTextField, make_token, token_digest


class Platform(models.Model):
    """One back end: one set of credentials, one or many parties (CRED-19).

    Incoming tokens are kept as keyed digests only; the outgoing one is encrypted at rest.
    """

    class State(models.TextChoices):
        PLANNED = "PLANNED", "planned: not registered yet"
        REGISTERED = "REGISTERED", "registered"
        SUSPENDED = "SUSPENDED", "suspended or unregistered"

    name = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    is_online = models.BooleanField(
        default=True, help_text="Set by the still-alive check; offline parties get no calls."
    )
    version = models.CharField(max_length=8, choices=[(v.value, v.value) for v in Version], default=Version.V2_2_1)
    versions_url = models.CharField(max_length=255, blank=True)
    token_out = EncryptedTextField(blank=True, default="", help_text="What the hub shows to this platform.")
    token_in_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    token_in_previous_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    token_in_previous_until = models.DateTimeField(null=True, blank=True)
    token_in_earlier_digest = models.CharField(max_length=64, blank=True, default="", db_default="", db_index=True)
    token_in_earlier_until = models.DateTimeField(null=True, blank=True)
    token_a_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    sends_raw_token = models.BooleanField(default=False, help_text="Older peers: token not Base64-encoded (TRANS-04).")
    wants_trailing_slash = models.BooleanField(
        default=False, help_text="Its URLs work only with a slash at the end: the hub adds one (AMB-15)."
    )
    wraps_single_objects = models.BooleanField(
        default=False, help_text="It sends a single object as a list of one: the hub takes it out (TRANS-15)."
    )
    takes_no_patch = models.BooleanField(
        default=False, help_text="It gets a PUT of the whole stored object in place of a PATCH."
    )
    date_to_is_inclusive = models.BooleanField(
        default=False, help_text="It means date_to to include that moment: the hub answers it so (TRANS-20)."
    )
    fills_operator = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Locations that the hub itself lists or tells it get `operator` from their owner's business details "
        "where it is absent (LOC-14).",
    )
    max_in_flight = models.PositiveIntegerField(
        default=64, help_text="Calls of the hub to it at the same time, all processes together."
    )
    rate_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Calls per second it may make. Empty: as for everybody. 0: no limit."
    )
    pull_schedule = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_pull_schedule],
        help_text='Hours between two pulls of each list, as {"locations": 6}. Empty: the hub waits for pushes.',
    )
    pull_full_hours = models.PositiveIntegerField(
        default=168, help_text="A scheduled pull reads the whole list once in so many hours. 0: never."
    )
    registered_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(help_text="Last change of state or reachability: HubClientInfo's last_updated.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token_in_digest"], condition=~Q(token_in_digest=""), name="platform_token_in_unique"
            ),
            models.UniqueConstraint(
                fields=["token_a_digest"], condition=~Q(token_a_digest=""), name="platform_token_a_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    # Mutators

    def issue_token_a(self) -> str:
        """A fresh one-time token to hand over outside OCPI (CRED-02). Only its digest is kept: show it now or never."""
        token = make_token()
        self.token_a_digest = token_digest(token)
        self.save(update_fields=["token_a_digest"])
        return token

    def suspend(self, *, now: datetime) -> None:
        """End of the connection (HCI-06): both tokens are void, nothing is sent any more, until a new Token A."""
        self.state = self.State.SUSPENDED
        self.token_in_digest = self.token_in_previous_digest = self.token_in_earlier_digest = self.token_a_digest = ""
        self.token_out = ""
        self.changed_at = now
        self.save(
            update_fields=[
                "state",
                "token_in_digest",
                "token_in_previous_digest",
                "token_in_earlier_digest",
                "token_a_digest",
                "token_out",
                "changed_at",
            ]
        )

    def apply_quirk(self, quirk: Quirk) -> bool:
        """Do from now on as this partner does. False: the hub does so for everybody, there is nothing to set."""
        setting = SETTINGS.get(quirk)
        if setting is None:
            return False
        setattr(self, setting, True)
        self.save(update_fields=[setting])
        return True

    # Properties

    @property
    def quirks(self) -> frozenset[Quirk]:
        return frozenset(quirk for quirk, setting in SETTINGS.items() if getattr(self, setting))

    @property
    def ending_tokens(self) -> dict[str, datetime]:
        """Digests besides the one in force, and until when each is good; what they are: `parties.handshake`."""
        slots = (
            (self.token_in_previous_digest, self.token_in_previous_until),
            (self.token_in_earlier_digest, self.token_in_earlier_until),
        )
        return {digest: until for digest, until in slots if digest and until is not None}

    @property
    def status(self) -> ConnectionStatus:
        """HCI-09: what HubClientInfo says of this platform's parties."""
        if self.state == self.State.PLANNED:
            return ConnectionStatus.PLANNED
        if self.state == self.State.SUSPENDED:
            return ConnectionStatus.SUSPENDED
        return ConnectionStatus.CONNECTED if self.is_online else ConnectionStatus.OFFLINE


class Party(models.Model):
    """One role of one company (CRED-19); (role, country, party) belongs to one platform until staff moves it."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="parties")
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    role = models.CharField(max_length=8, choices=[(r.value, r.value) for r in Role])
    name = models.CharField(max_length=100)
    business_details = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True, help_text="Off: the role was withdrawn by its platform (CRED-22).")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "parties"
        constraints = [
            models.UniqueConstraint(Lower("country_code"), Lower("party_id"), "role", name="party_role_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.id_pair} {self.role}"

    @property
    def id_pair(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)


class Endpoint(models.Model):
    """What a platform offers, from its version details (VERS-04)."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="endpoints")
    module = models.CharField(max_length=64)
    interface = models.CharField(max_length=8, choices=[(i.value, i.value) for i in Interface])
    url = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "module", "interface"], name="endpoint_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.module} {self.interface}"


class DetectedQuirk(models.Model):
    """A habit of a partner that the hub came across (`parties.quirks`). The example names no person and no object."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="detected_quirks")
    quirk = models.CharField(max_length=24, choices=[(q.value, q.value.replace("_", " ")) for q in Quirk])
    count = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    example = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "quirk"], name="detected_quirk_unique")]

    def __str__(self) -> str:
        return f"{self.platform}: {self.get_quirk_display()}"

    @property
    def setting(self) -> str:
        """The field of its platform that settles it; "" where the hub takes it from everybody."""
        return SETTINGS.get(Quirk(self.quirk), "")

    @property
    def is_applied(self) -> bool:
        return bool(self.setting) and bool(getattr(self.platform, self.setting))


class Heartbeat(models.Model):
    """When we last heard of a platform (HCI-11). Its own table: written often, and no routing fact hangs on it."""

    platform = models.OneToOneField(Platform, on_delete=models.CASCADE, primary_key=True)
    heard_at = models.DateTimeField(null=True)
    probed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    missed_since = models.DateTimeField(null=True)  # it was away: its changes from then on are to be asked for (HCI-14)

    def __str__(self) -> str:
        return f"{self.platform} heard {self.heard_at}"


class FactsVersion(models.Model):
    """One row, raised by triggers on every table that routing facts come from: processes reload when it moved."""

    version = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.version)


class ListChange(models.Model):
    """That objects of an owner came into the lists of a table or left them, noted by triggers in the transaction that
    did it. The sum of `shown` is how many are in them; that of `changes` only ever grows (`parties.list_counts`)."""

    id = models.BigAutoField(primary_key=True)
    shelf = models.CharField(max_length=63, db_collation="C")  # the table
    owner = models.CharField(max_length=5, db_collation="C")
    audience = models.CharField(max_length=5, db_collation="C")
    changes = models.BigIntegerField()
    shown = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["shelf", "owner", "audience"], include=["changes", "shown"], name="list_change_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.shelf} {self.owner} {self.shown:+}"
