"""Italian. What stands in braces is filled in; its name stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # Kinds of invoice
    "invoice": "Fattura",
    "credit_note": "Nota di credito",
    "fee_invoice": "Fattura per commissioni dell’hub",
    # The head of the page
    "number": "Numero",
    "issue_date": "Data di emissione",
    "due_date": "Scadenza",
    "period": "Periodo della prestazione",
    "statement": "Rendiconto",
    "preceding": "Rettifica la fattura",
    # Who
    "seller": "Prestatore",
    "buyer": "Cliente",
    "vat_number": "Partita IVA",
    "registration": "N. registro imprese",
    "party": "Parte OCPI",
    # The table, and its sums
    "description": "Descrizione",
    "quantity": "Quantità",
    "unit_price": "Prezzo unitario",
    "average": "ø: media, arrotondata",
    "vat": "IVA",
    "net": "Imponibile",
    "net_total": "Totale imponibile",
    "vat_total": "IVA",
    "total": "Totale fattura",
    "rounding": "Arrotondamento IVA per sessione",
    "due": "Importo dovuto",
    "vat_summary": "Riepilogo IVA",
    "rate": "Aliquota",
    "basis": "Imponibile",
    "amount": "Importo",
    # Payment
    "payment": "Pagamento",
    "pay": "Si prega di pagare {amount} entro il {date} indicando {number}.",
    "credited": "{amount} vengono accreditati a vostro favore.",
    "nothing_due": "Nessun importo da pagare.",
    "converted": "Totale in {currency}: {total}, di cui IVA {vat}. 1 {own} = {rate} {currency} al {date} ({source}).",
    # Notes
    "issued_by": "Emessa da {issuer} in nome e per conto di {seller} (articolo 220 della direttiva 2006/112/CE).",
    "reverse_charge": "Inversione contabile: l’IVA è dovuta dal destinatario (articoli da 194 a 196 della direttiva "
    "2006/112/CE).",
    "outside_scope": "IVA non addebitata: prestazione da {seller} a {buyer}, fuori campo IVA in {seller}.",
    "exempt": "Senza IVA: il prestatore non ne indica alcuna per queste sessioni.",
    # What French law wants said, where the seller is French (BR-FR-05)
    "fr_late_payment": "Salvo diverso accordo, in caso di ritardo di pagamento sono dovuti, senza sollecito, "
    "interessi al tasso della più recente operazione di rifinanziamento della BCE maggiorato di 10 punti percentuali "
    "(articolo L441-10 del Codice di commercio francese).",
    "fr_recovery": "In caso di ritardo di pagamento è inoltre dovuto un importo forfettario di 40 EUR per i costi di "
    "recupero (articolo D441-5 del Codice di commercio francese).",
    "fr_discount": "Salvo diverso accordo, non è previsto alcuno sconto per pagamento anticipato.",
    # Lines of charging
    "charging": "Ricarica di veicoli elettrici ({country})",
    "sessions": "{count} sessioni di ricarica",
    "one_session": "1 sessione di ricarica",
    "late": "Sessioni di ricarica di periodi precedenti",
    "corrections": "Rettifiche di periodi precedenti",
    # The hub's fees
    "fee_per_session": "Commissione dell’hub per sessione",
    "fee_per_kwh": "Commissione dell’hub per kWh",
    "fee_percentage": "Commissione dell’hub sul fatturato",
    "fee_minimum": "Fino alla commissione minima",
    "fee_share": "{percent} % di {amount} {currency}",
    "fee_pairs": "{count} coppie di partner",
    # A cancellation
    "cancels": "Annulla integralmente la fattura {number}. Motivo: {reason}",
    # The foot of the page
    "page": "Pagina {page} di {pages}",
    "machine_readable": "Questo PDF contiene la stessa fattura in XML EN 16931 (Factur-X). Il file CSV allegato "
    "elenca ogni voce.",
    "no_xml_currency": "Questa fattura non ha XML: la sua valuta non è tra quelle ammesse da EN 16931. Il file CSV "
    "allegato elenca ogni voce.",
    "no_xml_decimals": "Questa fattura non ha XML: EN 16931 non ammette importi con tre decimali. Il file CSV "
    "allegato elenca ogni voce.",
    # The e-mail
    "mail_subject": "{kind} {number} di {seller}",
    "mail_greeting": "Buongiorno,",
    "mail_body": "in allegato: {kind} {number} di {seller} per {amount}, dal {start} al {end}.",
    "mail_files": "Il PDF contiene la fattura in XML EN 16931 (Factur-X); il file CSV elenca ogni voce.",
}
