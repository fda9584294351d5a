"""Disputes, settlement and invoices of the small hub, in memory: enough to play steps 7 and 8 against it.

It reckons with the scenario's own account, so it proves nothing about amounts. `careless`: it settles what is held.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from simulator import cast, ledger
from simulator.ledger import Fee, Place, Sums
from simulator.month import Month
from simulator.store import Objects

HUB = "NL*HUB"
_PDF = b"%PDF-1.7\nstream\n" + zlib.compress(b"(factur-x.xml)") + b"\nendstream\n"


class SmallMoney:
    def __init__(self, cdrs: Objects, findings: list[dict[str, Any]], month: Month, *, careless: bool) -> None:
        self._cdrs, self._findings, self._month, self._careless = cdrs, findings, month, careless
        self._disputes: list[dict[str, Any]] = []
        self._statements: list[dict[str, Any]] = []
        self._lines: dict[int, list[dict[str, Any]]] = {}
        self._invoices: dict[str, dict[str, Any]] = {}

    def answer(self, method: str, path: list[str], query: dict[str, str], asked: dict[str, Any]) -> Any:
        """None: not about money."""
        match path:
            case ["partner", "findings"]:
                return _page(self._show_findings(query["cdr_id"]))
            case ["partner", "disputes"] if method == "POST":
                return self._open(asked)
            case ["partner", "disputes"]:
                return _page(self._disputes)
            case ["partner", "disputes", _, "message"] | ["companies"] | ["terms"]:
                return {}
            case ["disputes", "run"]:
                return self._watch()
            case ["disputes", number]:
                return self._disputes[int(number)]
            case ["settlement", "run"]:
                return self._settle()
            case ["statements"]:
                return _page(one for one in self._statements if one["kind"] == query["kind"])
            case ["statements", number, "lines"]:
                return _page(self._lines[int(number)])
            case ["invoices", "issue"]:
                return self._issue(asked["statement"])
            case ["invoices"]:
                return _page(self._invoices.values())
            case ["invoices", _, "pdf"]:
                return _PDF
        return None

    def _show_findings(self, cdr_id: str) -> list[dict[str, Any]]:
        return [
            one | {"id": number, "actual": "12", "expected": "7"}
            for number, one in enumerate(self._findings)
            if one.get("cdr_id") == cdr_id
        ]

    def _open(self, asked: dict[str, Any]) -> dict[str, Any]:
        cdr = next(one for one in self._cdrs if one["id"] == self._findings[asked["finding"]]["cdr_id"])
        parties = {"owner": _owner(cdr), "token_owner": _owner(cdr["cdr_token"])}
        money = {"amount": str(cdr["total_cost"]["excl_vat"]), "currency": cdr["currency"]}
        dispute = {"id": len(self._disputes), "cdr_id": cdr["id"], "state": "open", "is_holding": True}
        self._disputes.append(dispute | parties | money | {"credit_cdr_id": "", "replacement_cdr_id": ""})
        return self._disputes[-1]

    def _watch(self) -> dict[str, Any]:
        for dispute in self._disputes:
            credit = next(one for one in self._cdrs if one.get("credit_reference_id") == dispute["cdr_id"])
            bills = [one for one in self._cdrs if one["session_id"] == credit["session_id"] and not one.get("credit")]
            dispute |= {"state": "credited", "is_holding": False, "credit_cdr_id": credit["id"]}
            dispute["replacement_cdr_id"] = bills[-1]["id"]
        return {}

    def _settle(self) -> dict[str, Any]:
        twice = {one["cdr_id"] for one in self._findings if one["kind"] == "session_billed_twice"}
        held = set() if self._careless else twice
        sums = ledger.sum_up(self._cdrs, month=self._month, held=held, same_country=())
        fees: list[Fee] = []
        for terms in cast.TERMS:
            pair = (terms.provider, terms.consumer)
            own = [one for place, one in sums.items() if (place.seller, place.buyer) == pair]
            fees += ledger.charge(terms, own, taxed={cast.CPO_NL}, vat=cast.HUB_VAT)
        for place, one in sums.items():
            self._add_statement(place, one, held)
        for payer, currency in sorted({(fee.payer, fee.currency) for fee in fees}):
            self._add_fees(payer, currency, [fee for fee in fees if (fee.payer, fee.currency) == (payer, currency)])
        return {"statements": self._statements, "failures": {}}

    def _add_statement(self, place: Place, sums: Sums, held: set[str]) -> None:
        lines = [
            {"cdr_id": one["id"], "session_id": one["session_id"].lower()}
            for one in self._cdrs
            if (_owner(one), _owner(one["cdr_token"])) == (place.seller, place.buyer)
            and one["id"] not in held
            and ledger.sum_up([one], month=self._month, held=(), same_country=())
        ]
        counts = {"line_count": sums.cdrs, "session_count": sums.sessions, "energy": str(sums.kwh)}
        self._add("cdr", place.seller, place.buyer, place.currency, net=sums.net, vat=sums.vat, lines=lines)
        self._statements[-1] |= counts | {"country": place.country}

    def _add_fees(self, payer: str, currency: str, fees: list[Fee]) -> None:
        lines = [{"provider": fee.provider, "consumer": fee.consumer, "net": str(fee.net)} for fee in fees]
        net, vat = sum((fee.net for fee in fees), Decimal(0)), sum((fee.vat for fee in fees), Decimal(0))
        self._add("fee", HUB, payer, currency, net=net, vat=vat, lines=lines)

    def _add(
        self,
        kind: str,
        seller: str,
        buyer: str,
        currency: str,
        *,
        net: Decimal,
        vat: Decimal,
        lines: list[dict[str, Any]],
    ) -> None:
        number = len(self._statements)
        amounts = {"net": str(net), "vat": str(vat), "gross": str(net + vat)}
        parties = {"seller": seller, "buyer": buyer, "currency": currency}
        self._statements.append({"id": number, "reference": f"R{number}", "kind": kind} | parties | amounts)
        self._lines[number] = lines

    def _issue(self, reference: str) -> dict[str, Any]:
        one = next(one for one in self._statements if one["reference"] == reference)
        amount = {"signed_due": one["gross"], "currency": one["currency"]}
        parties = {"issuer": one["seller"], "recipient": one["buyer"]}
        names = {"id": one["id"], "number": f"2026-{one['id']}", "statement": reference}
        return self._invoices.setdefault(reference, names | parties | amount)


def _owner(document: dict[str, Any]) -> str:
    return f"{document['country_code']}*{document['party_id']}"


def _page(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"next": None, "results": list(results)}
