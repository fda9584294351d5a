"""Dutch. What stands in braces is filled in; its name stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # Kinds of invoice
    "invoice": "Factuur",
    "credit_note": "Creditnota",
    "fee_invoice": "Factuur voor hubkosten",
    # The head of the page
    "number": "Nummer",
    "issue_date": "Factuurdatum",
    "due_date": "Vervaldatum",
    "period": "Leveringsperiode",
    "statement": "Afrekening",
    "preceding": "Corrigeert factuur",
    # Who
    "seller": "Leverancier",
    "buyer": "Afnemer",
    "vat_number": "Btw-nummer",
    "registration": "Registratienummer",
    "party": "OCPI-partij",
    # The table, and its sums
    "description": "Omschrijving",
    "quantity": "Aantal",
    "unit_price": "Prijs per eenheid",
    "average": "ø: gemiddelde, afgerond",
    "vat": "Btw",
    "net": "Netto",
    "net_total": "Totaal exclusief btw",
    "vat_total": "Btw",
    "total": "Totaal inclusief btw",
    "rounding": "Afronding btw per sessie",
    "due": "Te betalen",
    "vat_summary": "Btw-overzicht",
    "rate": "Tarief",
    "basis": "Grondslag",
    "amount": "Bedrag",
    # Payment
    "payment": "Betaling",
    "pay": "Gelieve {amount} te betalen vóór of op {date} onder vermelding van {number}.",
    "credited": "{amount} wordt u gecrediteerd.",
    "nothing_due": "Er hoeft niets te worden betaald.",
    "converted": "Totaal in {currency}: {total}, waarvan btw {vat}. 1 {own} = {rate} {currency} op {date} ({source}).",
    # Notes
    "issued_by": "Uitgereikt door {issuer} in naam en voor rekening van {seller} (artikel 220 van Richtlijn "
    "2006/112/EG).",
    "reverse_charge": "Btw verlegd naar de afnemer (artikelen 194 tot en met 196 van Richtlijn 2006/112/EG).",
    "outside_scope": "Geen btw in rekening gebracht: levering vanuit {seller} naar {buyer}, in {seller} buiten de "
    "werking van de btw.",
    "exempt": "Zonder btw: de leverancier vermeldt er geen voor deze laadsessies.",
    # What French law wants said, where the seller is French (BR-FR-05)
    "fr_late_payment": "Tenzij anders overeengekomen is bij te late betaling zonder aanmaning rente verschuldigd "
    "tegen het tarief van de jongste herfinancieringstransactie van de ECB plus 10 procentpunten (artikel L441-10 van "
    "het Franse Wetboek van Koophandel).",
    "fr_recovery": "Bij te late betaling is bovendien een vast bedrag van 40 EUR voor invorderingskosten verschuldigd "
    "(artikel D441-5 van het Franse Wetboek van Koophandel).",
    "fr_discount": "Tenzij anders overeengekomen wordt bij vervroegde betaling geen korting verleend.",
    # Lines of charging
    "charging": "Laden van elektrische voertuigen in {country}",
    "sessions": "{count} laadsessies",
    "one_session": "1 laadsessie",
    "late": "Laadsessies van eerdere perioden",
    "corrections": "Correcties van eerdere perioden",
    # The hub's fees
    "fee_per_session": "Hubkosten per laadsessie",
    "fee_per_kwh": "Hubkosten per kWh",
    "fee_percentage": "Hubkosten over de omzet",
    "fee_minimum": "Tot de minimumkosten",
    "fee_share": "{percent} % van {amount} {currency}",
    "fee_pairs": "{count} partnerparen",
    # A cancellation
    "cancels": "Annuleert factuur {number} volledig. Reden: {reason}",
    # The foot of the page
    "page": "Pagina {page} van {pages}",
    "machine_readable": "Deze PDF bevat dezelfde factuur als EN 16931-XML (Factur-X). Het bijgevoegde CSV-bestand "
    "noemt elke post.",
    "no_xml_currency": "Van deze factuur is er geen XML: haar valuta is geen van die EN 16931 kent. Het bijgevoegde "
    "CSV-bestand noemt elke post.",
    "no_xml_decimals": "Van deze factuur is er geen XML: EN 16931 kent geen bedragen met drie decimalen. Het "
    "bijgevoegde CSV-bestand noemt elke post.",
    # The e-mail
    "mail_subject": "{kind} {number} van {seller}",
    "mail_greeting": "Goedendag,",
    "mail_body": "bijgaand {kind} {number} van {seller} ten bedrage van {amount}, voor {start} tot en met {end}.",
    "mail_files": "De PDF bevat de factuur als EN 16931-XML (Factur-X); het CSV-bestand noemt elke post.",
}
