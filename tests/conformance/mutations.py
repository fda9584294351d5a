"""Behaviours to take out of the hub, one at a time: the row's test has to fail then. `mutate.py` does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    row: str
    file: str
    old: str  # exactly once in the file
    new: str
    what: str  # what the hub does then


AUTH, VIEWS, DECIDE, RELAY = "gateway/auth.py", "gateway/views.py", "routing/decide.py", "gateway/relay.py"
CONFIGURATION, HANDSHAKE, NEGOTIATION = "gateway/configuration.py", "parties/handshake.py", "parties/negotiation.py"
DIRECTED, RESPONSE_URLS, PLAN, PAGES = (
    "gateway/directed.py",
    "gateway/response_urls.py",
    "forwarding/plan.py",
    "ocpi/pages.py",
)
ANNOUNCE, PATCH, PIPELINE = "agreements/announce.py", "ocpi/patch.py", "gateway/pipeline.py"
SESSIONS, CDRS, TARIFFS, TOKENS = (
    "charging_sessions/module.py",
    "cdrs/module.py",
    "tariffs/module.py",
    "tokens/module.py",
)
COMMANDS, PROFILES, LOCATIONS = "commands/module.py", "charging_profiles/module.py", "locations/module.py"

MUTATIONS: list[Mutation] = [
    Mutation(
        "TRANS-04",
        AUTH,
        "if is_raw and not fact.is_raw:\n        return",
        "if False:\n        return",
        "takes raw tokens of everybody",
    ),
    Mutation("TRANS-05", "ocpi/auth_header.py", '.rstrip("\\r\\n")', "", "keeps the line end of a token"),
    Mutation(
        "TRANS-06",
        CONFIGURATION,
        'raise NotAuthorized("this token is for registration only")',
        "return",
        "opens every module to Token A",
    ),
    Mutation(
        "TRANS-13", PIPELINE, "http_status=201 if created else 200", "http_status=200", "answers new objects with 200"
    ),
    Mutation(
        "TRANS-19", "parties/owned_reads.py", '"o.last_updated < %s")', '"o.last_updated <= %s")', "includes date_to"
    ),
    Mutation("TRANS-21", PAGES, '("X-Limit", str(page.limit))', '("X-Limit", str(total))', "says the total as X-Limit"),
    Mutation("TRANS-22", PAGES, "            *page.date_texts,\n", "", "forgets the filter on page 2"),
    Mutation(
        "TRANS-24",
        PAGES,
        "    if not is_number or not least",
        "    if not is_number:\n        return default\n    if not least",
        "passes over a limit that is no number",
    ),
    Mutation(
        "TRANS-29",
        PATCH,
        "        if bytes(raw) == _NULL:\n            continue",
        "        if False:\n            continue",
        "takes null in a PATCH for a value",
    ),
    Mutation(
        "TRANS-37",
        VIEWS,
        '(b"X-Correlation-ID", _one_line(ids[1]))',
        '(b"X-Correlation-ID", _one_line(new_id()))',
        "does not echo the correlation id",
    ),
    Mutation("TRANS-38", VIEWS, "made = new_id()", 'made = ""', "makes up no message ids"),
    Mutation(
        "VERS-02",
        CONFIGURATION,
        '[{"version": Version.V2_2_1, "url": url}]',
        '[{"version": Version.V2_2_1, "url": url}] * 2',
        "lists its version twice",
    ),
    Mutation(
        "VERS-04",
        CONFIGURATION,
        '{"identifier": "hubclientinfo", "role": "SENDER"',
        '{"identifier": "hubclientinfo", "role": "RECEIVER"',
        "offers HubClientInfo the wrong way round",
    ),
    Mutation(
        "VERS-05",
        NEGOTIATION,
        "credentials_url = endpoint.url  #",
        'credentials_url = endpoint.url if endpoint.role == "SENDER" else ""  #',
        "minds the role of a credentials entry",
    ),
    Mutation(
        "CRED-02",
        HANDSHAKE,
        'token_a_digest="", state=Platform.State.REGISTERED',
        "state=Platform.State.REGISTERED",
        "keeps Token A after the registration",
    ),
    Mutation(
        "CRED-08",
        NEGOTIATION,
        "    if not any(module in FUNCTIONAL_MODULES for module, _ in endpoints):",
        "    if False:",
        "registers peers without a module",
    ),
    Mutation(
        "CRED-09",
        NEGOTIATION,
        'raise UnsupportedVersion(f"the versions endpoint',
        'raise UnableToUseClientApi(f"the versions endpoint',
        "says 3001 for a missing version",
    ),
    Mutation(
        "CRED-10",
        HANDSHAKE,
        "token_slots.offer(platform, token_b, until=now + OPEN_OFFER)",
        "pass",
        "posts a token that does not work yet",
    ),
    Mutation(
        "CRED-14",
        HANDSHAKE,
        "token_in_previous_digest=caller_digest or platform.token_in_digest",
        'token_in_previous_digest=""',
        "drops the old token with the answer",
    ),
    Mutation(
        "CRED-16",
        CONFIGURATION,
        "_answer(handshake.get_hub_credentials(caller.token))",
        '_answer(handshake.get_hub_credentials("other"))',
        "shows another token",
    ),
    Mutation("CRED-17", NEGOTIATION, '"role": "HUB"', '"role": "CPO"', "calls itself a CPO"),
    Mutation(
        "CRED-23",
        HANDSHAKE,
        "until=None if compromised else now + token_slots.GRACE",
        "until=now + token_slots.GRACE",
        "leaves a compromised token its grace",
    ),
    Mutation(
        "HCI-01",
        CONFIGURATION,
        'is_before(parse_datetime(info["last_updated"]), page.date_to)',
        "True",
        "does not look at date_to",
    ),
    Mutation("HCI-02", ANNOUNCE, '"status": node.status.value', '"state": node.status.value', "leaves the status out"),
    Mutation(
        "HCI-04",
        ANNOUNCE,
        "return min(moments, default=None)",
        "return min(moments, default=now)",
        "shows everybody to everybody",
    ),
    Mutation(
        "ROUTE-02",
        VIEWS,
        'raise InvalidParameter(f"OCPI-{which}-{missing}: is missing; routing headers come in pairs")',
        "return None",
        "takes half a pair of headers",
    ),
    Mutation(
        "ROUTE-10",
        RELAY,
        "    request_id = new_id()",
        "    request_id = call.request_id",
        "passes the request id on",
    ),
    Mutation("ROUTE-14", RELAY, "_TOKEN_PROBLEMS = (401, 403, 407)", "_TOKEN_PROBLEMS = (407,)", "hands a 401 on"),
    Mutation(
        "ROUTE-15",
        DECIDE,
        "Reject(UnknownReceiver(receiver))",
        'Reject(HubError("unknown"))',
        "says 4000 for an unknown receiver",
    ),
    Mutation(
        "ROUTE-18",
        DECIDE,
        'HubError(f"{receiver} does not offer',
        'ReceiverNotConnected(f"{receiver} does not offer',
        "says 4003 for a missing module",
    ),
    Mutation(
        "ROUTE-24", PLAN, "sender=network.hub,  # ROUTE-24", "sender=sender.party,", "tells on in the owner's name"
    ),
    Mutation(
        "ROUTE-25",
        DECIDE,
        "Role.CPO: frozenset({Role.EMSP, Role.NSP, Role.OTHER, Role.NAP})",
        "Role.CPO: frozenset({Role.EMSP})",
        "tells eMSPs only",
    ),
    Mutation(
        "ROUTE-44",
        DIRECTED,
        "final = _with_location(reply, location) if reply.is_success else reply",
        "final = reply",
        "answers a CDR without a Location",
    ),
    Mutation(
        "ROUTE-45",
        RESPONSE_URLS,
        "Outgoing(module.with_response_url(call, aliases.get_alias_url(alias)), alias)",
        "Outgoing(call, alias)",
        "shows the requester's URL to the CPO",
    ),
    Mutation(
        "LOC-05",
        LOCATIONS,
        'UnknownLocation("no such location: PUT it first") if strict else None',
        "None",
        "takes parts of unknown locations",
    ),
    Mutation(
        "LOC-07",
        LOCATIONS,
        '_METHODS = ("GET", "PUT", "PATCH")',
        '_METHODS = ("GET", "PUT", "PATCH", "DELETE")',
        "offers DELETE of locations",
    ),
    Mutation(
        "LOC-19",
        LOCATIONS,
        "owner_roles = frozenset({Role.CPO, Role.NAP})",
        "owner_roles = frozenset({Role.CPO, Role.NAP, Role.EMSP})",
        "takes locations of eMSPs",
    ),
    Mutation(
        "SESS-02",
        SESSIONS,
        'if not call.path and not read_query(call.query).get("date_from"):',
        "if False:",
        "lists sessions without date_from",
    ),
    Mutation(
        "SESS-05", SESSIONS, "append=v2_2_1.APPENDED", "append=frozenset()", "replaces charging periods by a PATCH"
    ),
    Mutation(
        "CDR-03",
        "gateway/directed.py",
        '_with_header(reply, "Location", aliases',
        '_with_header(reply, "X-Location", aliases',
        "names no Location",
    ),
    Mutation(
        "CDR-05",
        CDRS,
        "        if is_accepted(stored):\n            if strict:",
        "        if is_accepted(stored):\n            if False:",
        "takes a changed CDR without a word",
    ),
    Mutation(
        "CDR-09",
        CDRS,
        "        check_addressee(call, read_token_owner(call.body))  # CDR-09",
        "        pass",
        "sends CDRs to others than the token's owner",
    ),
    Mutation(
        "TAR-02", TARIFFS, '("GET", "PUT", "DELETE")', '("GET", "PUT", "PATCH", "DELETE")', "offers PATCH of tariffs"
    ),
    Mutation(
        "TAR-04",
        TARIFFS,
        'if call.method != "DELETE" or',
        'if call.method == "DELETE" or',
        "deletes a tariff in use without a warning",
    ),
    Mutation("TOK-03", TOKENS, 'f"{uid}|{kind}"', 'f"{uid}|RFID"', "leaves the type out of the key"),
    Mutation("TOK-13", TOKENS, "    broadcast = True", "    broadcast = False", "keeps tokens to itself"),
    Mutation(
        "TOK-16",
        TOKENS,
        "if len(rows) == 1 else Resolved(ask=True)",
        "if False else NOTHING",
        "asks nobody about a token",
    ),
    Mutation("SESS-07", "parties/token_owner.py", " and owner.key not in call.acts_for", "", "knows no mandates"),
    Mutation("SESS-17", "gateway/senders.py", " and call.sender.key in call.acts_for", "", "lets all pass on sessions"),
    Mutation("CMD-15", "routing/network.py", " and permit.allows(action)", "", "allows every command"),
    Mutation(
        "LOC-14", LOCATIONS, "if operator is None or told.operator not in", "if True or told not in", "fills none in"
    ),
    Mutation(
        "CDR-18", "reconciliation/checks.py", '= "undelivered_cdr"', '= "undelivered"', "names no undelivered CDR"
    ),
    Mutation(
        "CMD-04",
        RESPONSE_URLS,
        'raise InvalidParameter(f"{KIND}: {e}") from e',
        "pass",
        "takes a response_url that it may not call",
    ),
    Mutation(
        "CMD-12",
        COMMANDS,
        "        if _get_command(match) in WITH_TOKEN or _has_token(fields):",
        "        if False:",
        "sends commands with others' tokens",
    ),
    Mutation(
        "CP-08",
        PROFILES,
        "        return Resolved(PartyId.of_key(rows[0][0])) if rows else NOTHING",
        "        return NOTHING",
        "does not know who set a profile",
    ),
    Mutation(
        "CDR-06",
        "cdrs/wire/v2_2_1.py",
        "if self.credit and not self.credit_reference_id:",
        "if False:",
        "takes credits that name no CDR",
    ),
    Mutation(
        "CDR-07",
        "cdrs/wire/v2_2_1.py",
        'yield "total_cost: is negative though the CDR is no credit"',
        "yield from ()",
        "does not flag a negative total",
    ),
    Mutation(
        "CDR-08",
        "cdrs/wire/v2_2_1.py",
        "if not self.credit and len(self.id) > 36:",
        "if not self.credit and len(self.id) > 39:",
        "takes long ids of all CDRs",
    ),
    Mutation(
        "TAR-05",
        "tariffs/module.py",
        "absence = Absence.REMOVED",
        "absence = Absence.MEANS_NOTHING",
        "keeps tariffs that a full list no longer has",
    ),
    Mutation(
        "TOK-08",
        "tokens/module.py",
        "else Resolved(ask=True)",
        "else NOTHING",
        "asks nobody about an unknown token",
    ),
    Mutation(
        "CMD-05",
        "gateway/aliases.py",
        'AND "user" = %s AND',
        'AND "user" > 0 * %s AND',
        "takes results from everybody",
    ),
    Mutation(
        "CMD-06",
        "gateway/relay.py",
        "request_id = new_id()",
        "request_id = call.request_id",
        "passes the CPO's request id on",
    ),
    Mutation(
        "CMD-16",
        "commands/module.py",
        'pattern="{command}",',
        'pattern="{command}/custom",',
        "takes no custom commands",
    ),
    Mutation(
        "CP-01",
        "charging_profiles/module.py",
        "return call.interface is Interface.RECEIVER",
        "return False",
        "demands no response_url",
    ),
    Mutation(
        "CP-05",
        "ocpi/response_url.py",
        'if "?" in value:',
        "if False:",
        "cuts a nested URL at its &",
    ),
    Mutation(
        "CP-12",
        "charging_profiles/mixed.py",
        "if len(senders) < 2:",
        "if True:",
        "does not flag a second sender",
    ),
]
