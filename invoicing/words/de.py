"""German. What stands in braces is filled in; its name stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # Kinds of invoice
    "invoice": "Rechnung",
    "credit_note": "Rechnungskorrektur",
    "fee_invoice": "Rechnung über Hub-Gebühren",
    # The head of the page
    "number": "Nummer",
    "issue_date": "Ausstellungsdatum",
    "due_date": "Zahlbar bis",
    "period": "Leistungszeitraum",
    "statement": "Abrechnung",
    "preceding": "Korrigiert Rechnung",
    # Who
    "seller": "Leistender",
    "buyer": "Leistungsempfänger",
    "vat_number": "USt-IdNr.",
    "registration": "Registernummer",
    "party": "OCPI-Partei",
    # The table, and its sums
    "description": "Bezeichnung",
    "quantity": "Menge",
    "unit_price": "Preis je Einheit",
    "average": "ø: Durchschnitt, gerundet",
    "vat": "USt.",
    "net": "Netto",
    "net_total": "Summe ohne Umsatzsteuer",
    "vat_total": "Umsatzsteuer",
    "total": "Gesamtbetrag",
    "rounding": "Rundung der USt. je Ladevorgang",
    "due": "Zahlbetrag",
    "vat_summary": "Umsatzsteuer im Einzelnen",
    "rate": "Satz",
    "basis": "Bemessungsgrundlage",
    "amount": "Betrag",
    # Payment
    "payment": "Zahlung",
    "pay": "Bitte zahlen Sie {amount} bis zum {date} unter Angabe von {number}.",
    "credited": "{amount} werden Ihnen gutgeschrieben.",
    "nothing_due": "Es ist nichts zu zahlen.",
    "converted": "Gesamtbetrag in {currency}: {total}, davon Umsatzsteuer {vat}. 1 {own} = {rate} {currency} am "
    "{date} ({source}).",
    # Notes
    "issued_by": "Ausgestellt von {issuer} im Namen und für Rechnung von {seller} (Artikel 220 der Richtlinie "
    "2006/112/EG).",
    "reverse_charge": "Steuerschuldnerschaft des Leistungsempfängers (Artikel 194 bis 196 der Richtlinie 2006/112/EG).",
    "outside_scope": "Keine Umsatzsteuer: Leistung aus {seller} nach {buyer}, in {seller} nicht steuerbar.",
    "exempt": "Ohne Umsatzsteuer: der Leistende weist für diese Ladevorgänge keine aus.",
    # What French law wants said, where the seller is French (BR-FR-05)
    "fr_late_payment": "Sofern nichts anderes vereinbart ist, fallen bei verspäteter Zahlung ohne Mahnung Zinsen in "
    "Höhe des Satzes des jüngsten Refinanzierungsgeschäfts der EZB zuzüglich 10 Prozentpunkten an (Artikel L441-10 "
    "des französischen Handelsgesetzbuchs).",
    "fr_recovery": "Bei verspäteter Zahlung ist außerdem eine Beitreibungspauschale von 40 EUR zu zahlen (Artikel "
    "D441-5 des französischen Handelsgesetzbuchs).",
    "fr_discount": "Sofern nichts anderes vereinbart ist, wird bei vorzeitiger Zahlung kein Skonto gewährt.",
    # Lines of charging
    "charging": "Laden von Elektrofahrzeugen in {country}",
    "sessions": "{count} Ladevorgänge",
    "one_session": "1 Ladevorgang",
    "late": "Ladevorgänge früherer Zeiträume",
    "corrections": "Berichtigungen früherer Zeiträume",
    # The hub's fees
    "fee_per_session": "Hub-Gebühr je Ladevorgang",
    "fee_per_kwh": "Hub-Gebühr je kWh",
    "fee_percentage": "Hub-Gebühr auf den Umsatz",
    "fee_minimum": "Bis zur Mindestgebühr",
    "fee_share": "{percent} % von {amount} {currency}",
    "fee_pairs": "{count} Partnerpaare",
    # A cancellation
    "cancels": "Storniert Rechnung {number} vollständig. Grund: {reason}",
    # The foot of the page
    "page": "Seite {page} von {pages}",
    "machine_readable": "Dieses PDF enthält dieselbe Rechnung als XML nach EN 16931 (Factur-X). Die CSV-Datei dazu "
    "nennt alle Posten einzeln.",
    "no_xml_currency": "Zu dieser Rechnung gibt es kein XML: Ihre Währung ist keine von denen, die EN 16931 kennt. "
    "Die CSV-Datei dazu nennt alle Posten einzeln.",
    "no_xml_decimals": "Zu dieser Rechnung gibt es kein XML: EN 16931 kennt keine Beträge mit drei Nachkommastellen. "
    "Die CSV-Datei dazu nennt alle Posten einzeln.",
    # The e-mail
    "mail_subject": "{kind} {number} von {seller}",
    "mail_greeting": "Guten Tag,",
    "mail_body": "anbei {kind} {number} von {seller} über {amount} für den Zeitraum {start} bis {end}.",
    "mail_files": "Das PDF enthält die Rechnung als XML nach EN 16931 (Factur-X); die CSV-Datei nennt alle Posten "
    "einzeln.",
}
