"""Steps 7 and 8 of the scenario: a bill is disputed and credited; the month is settled and invoiced, to the cent."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from simulator import cast, ledger, pdf
from simulator.clock import format_moment
from simulator.errors import PeerError
from simulator.figures import Figure
from simulator.hub_api import PartnerApi
from simulator.ledger import Fee, Place, Sums
from simulator.stage import Stage

_ATTACHED = "factur-x.xml"
_ZERO = Decimal(0)


class MoneySteps(Stage):
    """What the hub says is compared with what the partners' own documents give."""

    dispute_number = 0

    def dispute(self) -> list[Figure]:
        """7: the eMSP disputes the bill with too many kWh; the CPO takes it back and bills the session as it was."""
        one = self._find_charged("other_kwh")
        cpo, emsp, (bill,) = one["party"], one["emsp"], one["cdr_ids"]
        figures = [self._open_dispute(cpo, emsp, bill)]
        sent = self._home[cpo].order("correct", party=cpo, emsp=emsp, cdr_id=bill)
        self._resend()
        figures += self._check_correction(cpo, emsp, sent)
        self.hub.reconcile_now()
        pending = self._wait(self._count_waiting, lambda seen: seen == 0)
        figures.append(self.figures.check("CDRs waiting after the correction", demanded=0, seen=pending))
        self.hub.watch_disputes_now()
        ended = self._wait(self.get_dispute, lambda seen: bool(seen["replacement_cdr_id"]))
        seen = {name: ended[name] for name in ("state", "is_holding", "credit_cdr_id", "replacement_cdr_id")}
        demanded = {"state": "credited", "is_holding": False}
        demanded |= {"credit_cdr_id": sent["credit"], "replacement_cdr_id": sent["replacement"]}
        figures.append(self.figures.check(f"how {emsp}'s dispute of {bill} ended", demanded=demanded, seen=seen))
        self._tell("7/8", f"{emsp} disputed {bill}; {cpo} took it back by {sent['credit']}: {ended['state']}")
        return figures

    def _count_waiting(self) -> int:
        """Not compared yet, or not judged by their price: what waits is in no statement."""
        found = self.hub.get_reconciliation()
        return int(found["pending"] + found["unrated"])

    def settle(self) -> list[Figure]:
        """8: staff enters companies and terms and closes the month of all pairs; each statement is invoiced."""
        self._enter_companies_and_terms()
        ran = self.hub.settle(until=format_moment(self.month.end))
        figures = [self.figures.check("pairs that could not be settled", demanded={}, seen=ran["failures"])]
        sums, fees = self.reckon_sums(), self.reckon_fees()
        figures += self._check_statements(sums)
        figures += self._check_lines()
        figures += self._check_fees(fees)
        figures += self._check_invoices()
        self._tell("8/8", f"{self.month.name} closed: {len(sums)} statements, {len(self.hub.list_invoices())} invoices")
        return figures

    def get_dispute(self) -> dict[str, Any]:
        return self.hub.get_dispute(self.dispute_number)

    # What there must be, from the partners' documents

    def get_held(self) -> set[str]:
        """CDRs that must wait: of a session billed twice, the second."""
        return {one["cdr_ids"][1] for one in self.charged if one["fault"] == "billed_twice"}

    def get_cdrs(self) -> list[dict[str, Any]]:
        return [cdr for party in self._find("CPO") for cdr in self._home[party].get_own(party=party, module="cdrs")]

    def reckon_sums(self) -> dict[Place, Sums]:
        pairs = [(one.provider, one.consumer) for one in cast.AGREEMENTS]
        same = {pair for pair in pairs if cast.COMPANIES[pair[0]].country == cast.COMPANIES[pair[1]].country}
        return ledger.sum_up(self.get_cdrs(), month=self.month, held=self.get_held(), same_country=same)

    def reckon_fees(self) -> list[Fee]:
        sums = self.reckon_sums()
        taxed = {party for party, one in cast.COMPANIES.items() if one.country == cast.HUB_COMPANY.country}
        fees: list[Fee] = []
        for terms in cast.TERMS:
            own = [
                one for place, one in sums.items() if (place.seller, place.buyer) == (terms.provider, terms.consumer)
            ]
            fees += ledger.charge(terms, own, taxed=taxed, vat=cast.HUB_VAT)
        return fees

    # What the steps are made of

    def _find_charged(self, fault: str) -> dict[str, Any]:
        return next(one for one in self.charged if one["fault"] == fault)

    def _open_partner_api(self, party: str) -> PartnerApi:
        if self._partner_token is None:
            raise PeerError("disputes need tokens of the partner API: give the scenario `partner_token`")
        token = self._partner_token(self._home[party].config.name)
        return PartnerApi(public_url=self.hub.public_url, token=token)

    def _open_dispute(self, cpo: str, emsp: str, bill: str) -> Figure:
        """By the eMSP, from the finding it is shown; the CPO is shown the dispute and answers."""
        opener, challenged = self._open_partner_api(emsp), self._open_partner_api(cpo)
        finding = next(one for one in opener.list_findings(cdr_id=bill) if one["kind"] == "energy_differs")
        reason = f"{finding['actual']} kWh are billed, {finding['expected']} kWh were charged."
        self.dispute_number = opener.open_dispute(finding=finding["id"], reason=reason)["id"]
        shown = [(one["cdr_id"], one["owner"], one["token_owner"]) for one in challenged.list_disputes(state="open")]
        challenged.write(self.dispute_number, "The meter was read wrongly: a credit and the right bill follow.")
        for api in (opener, challenged):
            api.close()
        return self.figures.check(f"disputes shown to {cpo}", demanded=[(bill, cpo, emsp)], seen=shown)

    def _check_correction(self, cpo: str, emsp: str, sent: dict[str, Any]) -> list[Figure]:
        """Credit and replacement are at the eMSP like any CDR."""
        keys = [f"{cpo}/{sent[name]}".upper() for name in ("credit", "replacement")]
        own = self._get_owned([cpo], "cdrs")
        demanded = {key: own[key] for key in keys}

        def get_copies() -> dict[str, str]:
            copies = self._home[emsp].get_objects(kind="received", party=emsp, module="cdrs")
            return {key: copies[key] for key in keys if key in copies}

        seen = self._wait(get_copies, lambda seen: seen == demanded)
        return [self.figures.check(f"credit and replacement at {emsp}", demanded=demanded, seen=seen)]

    def _enter_companies_and_terms(self) -> None:
        hub = next(iter(self.platforms.values())).get_report()["hub"]
        for party, company in {hub: cast.HUB_COMPANY, **cast.COMPANIES}.items():
            self.hub.enter_company({"party": party} | asdict(company))
        for terms in cast.TERMS:
            self.hub.enter_terms(
                {
                    "provider": terms.provider,
                    "consumer": terms.consumer,
                    "valid_from": format_moment(self.month.start),  # a minimum is owed from then on
                    "time_zone": cast.TIME_ZONE,
                    "fee_per_session": terms.per_session,
                    "fee_per_kwh": terms.per_kwh,
                    "fee_percentage": terms.percentage,
                    "fee_minimum": terms.minimum,
                    "fee_currency": terms.currency,
                    "fee_payer": terms.payer,
                }
            )

    def _check_statements(self, sums: dict[Place, Sums]) -> list[Figure]:
        """Between all pairs, and of each the count, the energy and the amounts."""
        seen = {read_place(one): read_sums(one) for one in self.hub.list_statements(kind="cdr")}
        pairs = sorted({(place.seller, place.buyer) for place in seen})
        demanded = sorted((one.provider, one.consumer) for one in cast.AGREEMENTS)
        figures = [self.figures.check("pairs with statements", demanded=demanded, seen=pairs)]
        for place in sorted(sums.keys() | seen.keys(), key=str):
            name = f"statement {place.seller} to {place.buyer}, {place.country}, {place.currency}"
            figures.append(self.figures.check(name, demanded=sums.get(place), seen=seen.get(place)))
        return figures

    def _check_lines(self) -> list[Figure]:
        """CDR by CDR: what must wait, what is of another month, and what was never billed, is in no line."""
        lines = [line for one in self.hub.list_statements(kind="cdr") for line in self.hub.list_lines(one["id"])]
        seen = {line["cdr_id"] for line in lines}
        outside = ledger.get_outside(self.get_cdrs(), month=self.month)
        unbilled = self._find_charged("no_cdr")["session_id"].lower()
        return [
            self.figures.check("CDRs in more than one line", demanded=0, seen=len(lines) - len(seen)),
            self.figures.check("held CDRs in statements", demanded=set(), seen=seen & self.get_held()),
            self.figures.check("CDRs of other months in statements", demanded=set(), seen=seen & outside),
            self.figures.check(
                "lines of the session without CDR",
                demanded=0,
                seen=sum(line["session_id"] == unbilled for line in lines),
            ),
        ]

    def _check_fees(self, fees: list[Fee]) -> list[Figure]:
        """Each pair's fees, and what each payer is billed for all its pairs."""
        figures, statements = [], self.hub.list_statements(kind="fee")
        for terms in cast.TERMS:
            pair = (terms.provider, terms.consumer)
            demanded = sum((one.net for one in fees if (one.provider, one.consumer) == pair), _ZERO)
            seen = self.get_fees().get((*pair, terms.currency), _ZERO)
            figures.append(self.figures.check(f"fees for {' to '.join(pair)}", demanded=demanded, seen=seen))
        billed = {(one["buyer"], one["currency"]): (Decimal(one["net"]), Decimal(one["vat"])) for one in statements}
        for key in sorted({(one.payer, one.currency) for one in fees} | billed.keys()):
            own = [one for one in fees if (one.payer, one.currency) == key]
            sums = (sum((one.net for one in own), _ZERO), sum((one.vat for one in own), _ZERO))
            figures.append(
                self.figures.check(f"fees billed to {key[0]} in {key[1]}", demanded=sums, seen=billed.get(key))
            )
        return figures

    def get_fees(self) -> dict[tuple[str, str, str], Decimal]:
        """By pair and currency, without VAT, all payers together: as the hub's statements have them."""
        found: dict[tuple[str, str, str], Decimal] = {}
        for statement in self.hub.list_statements(kind="fee"):
            for line in self.hub.list_lines(statement["id"]):
                key = (line["provider"], line["consumer"], statement["currency"])
                found[key] = found.get(key, _ZERO) + Decimal(line["net"])
        return found

    def _check_invoices(self) -> list[Figure]:
        """One PDF of each statement, over the same amount, with the XML inside."""
        statements = {one["reference"]: one for kind in ("cdr", "fee") for one in self.hub.list_statements(kind=kind)}
        for reference in statements:
            self.hub.issue_invoice(reference)
        invoices = self.hub.list_invoices()
        demanded = sorted((reference, Decimal(one["gross"])) for reference, one in statements.items())
        seen = sorted((one["statement"], Decimal(one["signed_due"])) for one in invoices)
        files = [self.hub.fetch_pdf(one["id"]) for one in invoices]
        good = sum(pdf.is_pdf(content) and pdf.holds(content, _ATTACHED) for content in files)
        return [
            self.figures.check("statements invoiced, and over how much", demanded=demanded, seen=seen),
            self.figures.check(f"PDFs with {_ATTACHED} inside", demanded=len(statements), seen=good),
        ]


def read_place(statement: dict[str, Any]) -> Place:
    return Place(
        seller=statement["seller"],
        buyer=statement["buyer"],
        country=statement["country"],
        currency=statement["currency"],
    )


def read_sums(statement: dict[str, Any]) -> Sums:
    return Sums(
        cdrs=statement["line_count"],
        sessions=statement["session_count"],
        **{name: Decimal(statement[column]) for name, column in _AMOUNTS.items()},
    )


_AMOUNTS = {"kwh": "energy", "net": "net", "vat": "vat", "gross": "gross"}
