"""What stands on invoices and in their e-mails, in the languages we have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from invoicing.languages import DEFAULT


def say(key: str, *, language: str, **values: str) -> str:
    """
    Raises:
        KeyError: there is no such word.
    """
    words = WORDS[key]
    return words.get(language, words[DEFAULT]).format(**values)


WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "invoice": {"en": "Invoice", "de": "Rechnung", "fr": "Facture", "it": "Fattura", "nl": "Factuur"},
    "credit_note": {
        "en": "Credit note",
        "de": "Rechnungskorrektur",
        "fr": "Avoir",
        "it": "Nota di credito",
        "nl": "Creditnota",
    },
    "fee_invoice": {
        "en": "Invoice for hub fees",
        "de": "Rechnung über Hub-Gebühren",
        "fr": "Facture des frais de plateforme",
        "it": "Fattura per commissioni dell’hub",
        "nl": "Factuur voor hubkosten",
    },
    "number": {"en": "Number", "de": "Nummer", "fr": "Numéro", "it": "Numero", "nl": "Nummer"},
    "issue_date": {
        "en": "Date of issue",
        "de": "Ausstellungsdatum",
        "fr": "Date d’émission",
        "it": "Data di emissione",
        "nl": "Factuurdatum",
    },
    "due_date": {
        "en": "Due",
        "de": "Zahlbar bis",
        "fr": "Échéance",
        "it": "Scadenza",
        "nl": "Vervaldatum",
    },
    "period": {
        "en": "Period of supply",
        "de": "Leistungszeitraum",
        "fr": "Période de prestation",
        "it": "Periodo della prestazione",
        "nl": "Leveringsperiode",
    },
    "statement": {"en": "Statement", "de": "Abrechnung", "fr": "Relevé", "it": "Rendiconto", "nl": "Afrekening"},
    "preceding": {
        "en": "Corrects invoice",
        "de": "Korrigiert Rechnung",
        "fr": "Corrige la facture",
        "it": "Rettifica la fattura",
        "nl": "Corrigeert factuur",
    },
    "seller": {"en": "Seller", "de": "Leistender", "fr": "Prestataire", "it": "Prestatore", "nl": "Leverancier"},
    "buyer": {"en": "Buyer", "de": "Leistungsempfänger", "fr": "Client", "it": "Cliente", "nl": "Afnemer"},
    "vat_number": {
        "en": "VAT number",
        "de": "USt-IdNr.",
        "fr": "N° de TVA",
        "it": "Partita IVA",
        "nl": "Btw-nummer",
    },
    "registration": {
        "en": "Company number",
        "de": "Registernummer",
        "fr": "N° d’immatriculation",
        "it": "N. registro imprese",
        "nl": "Registratienummer",
    },
    "party": {
        "en": "OCPI party",
        "de": "OCPI-Partei",
        "fr": "Partie OCPI",
        "it": "Parte OCPI",
        "nl": "OCPI-partij",
    },
    "description": {
        "en": "Description",
        "de": "Bezeichnung",
        "fr": "Désignation",
        "it": "Descrizione",
        "nl": "Omschrijving",
    },
    "quantity": {"en": "Quantity", "de": "Menge", "fr": "Quantité", "it": "Quantità", "nl": "Aantal"},
    "unit_price": {
        "en": "Price per unit",
        "de": "Preis je Einheit",
        "fr": "Prix unitaire",
        "it": "Prezzo unitario",
        "nl": "Prijs per eenheid",
    },
    "average": {
        "en": "ø: average, rounded",
        "de": "ø: Durchschnitt, gerundet",
        "fr": "ø : moyenne, arrondie",
        "it": "ø: media, arrotondata",
        "nl": "ø: gemiddelde, afgerond",
    },
    "vat": {"en": "VAT", "de": "USt.", "fr": "TVA", "it": "IVA", "nl": "Btw"},
    "net": {"en": "Net", "de": "Netto", "fr": "HT", "it": "Imponibile", "nl": "Netto"},
    "net_total": {
        "en": "Total excluding VAT",
        "de": "Summe ohne Umsatzsteuer",
        "fr": "Total hors TVA",
        "it": "Totale imponibile",
        "nl": "Totaal exclusief btw",
    },
    "vat_total": {
        "en": "VAT",
        "de": "Umsatzsteuer",
        "fr": "TVA",
        "it": "IVA",
        "nl": "Btw",
    },
    "total": {
        "en": "Total including VAT",
        "de": "Gesamtbetrag",
        "fr": "Total TTC",
        "it": "Totale fattura",
        "nl": "Totaal inclusief btw",
    },
    "rounding": {
        "en": "Rounding of VAT per session",
        "de": "Rundung der USt. je Ladevorgang",
        "fr": "Arrondi de TVA par session",
        "it": "Arrotondamento IVA per sessione",
        "nl": "Afronding btw per sessie",
    },
    "due": {
        "en": "Amount due",
        "de": "Zahlbetrag",
        "fr": "Net à payer",
        "it": "Importo dovuto",
        "nl": "Te betalen",
    },
    "vat_summary": {
        "en": "VAT summary",
        "de": "Umsatzsteuer im Einzelnen",
        "fr": "Détail de la TVA",
        "it": "Riepilogo IVA",
        "nl": "Btw-overzicht",
    },
    "rate": {"en": "Rate", "de": "Satz", "fr": "Taux", "it": "Aliquota", "nl": "Tarief"},
    "basis": {"en": "Basis", "de": "Bemessungsgrundlage", "fr": "Base", "it": "Imponibile", "nl": "Grondslag"},
    "amount": {"en": "Amount", "de": "Betrag", "fr": "Montant", "it": "Importo", "nl": "Bedrag"},
    "payment": {"en": "Payment", "de": "Zahlung", "fr": "Paiement", "it": "Pagamento", "nl": "Betaling"},
    "pay": {
        "en": "Please pay {amount} by {date}, stating {number}.",
        "de": "Bitte zahlen Sie {amount} bis zum {date} unter Angabe von {number}.",
        "fr": "Merci de régler {amount} au plus tard le {date} en indiquant {number}.",
        "it": "Si prega di pagare {amount} entro il {date} indicando {number}.",
        "nl": "Gelieve {amount} te betalen vóór of op {date} onder vermelding van {number}.",
    },
    "credited": {
        "en": "{amount} is credited to you.",
        "de": "{amount} werden Ihnen gutgeschrieben.",
        "fr": "{amount} sont portés à votre crédit.",
        "it": "{amount} vengono accreditati a vostro favore.",
        "nl": "{amount} wordt u gecrediteerd.",
    },
    "nothing_due": {
        "en": "Nothing is to be paid.",
        "de": "Es ist nichts zu zahlen.",
        "fr": "Aucun paiement n’est dû.",
        "it": "Nessun importo da pagare.",
        "nl": "Er hoeft niets te worden betaald.",
    },
    "converted": {
        "en": "Total in {currency}: {total}, of which VAT {vat}. 1 {own} = {rate} {currency} on {date} ({source}).",
        "de": "Gesamtbetrag in {currency}: {total}, davon Umsatzsteuer {vat}. "
        "1 {own} = {rate} {currency} am {date} ({source}).",
        "fr": "Total en {currency} : {total}, dont TVA {vat}. 1 {own} = {rate} {currency} au {date} ({source}).",
        "it": "Totale in {currency}: {total}, di cui IVA {vat}. 1 {own} = {rate} {currency} al {date} ({source}).",
        "nl": "Totaal in {currency}: {total}, waarvan btw {vat}. 1 {own} = {rate} {currency} op {date} ({source}).",
    },
    "issued_by": {
        "en": "Issued by {issuer} in the name and on behalf of {seller} (Article 220 of Directive 2006/112/EC).",
        "de": "Ausgestellt von {issuer} im Namen und für Rechnung von {seller} (Artikel 220 der "
        "Richtlinie 2006/112/EG).",
        "fr": "Émise par {issuer} au nom et pour le compte de {seller} (article 220 de la directive 2006/112/CE).",
        "it": "Emessa da {issuer} in nome e per conto di {seller} (articolo 220 della direttiva 2006/112/CE).",
        "nl": "Uitgereikt door {issuer} in naam en voor rekening van {seller} (artikel 220 van Richtlijn 2006/112/EG).",
    },
    "reverse_charge": {
        "en": "Reverse charge: VAT is owed by the recipient (Articles 194 to 196 of Directive 2006/112/EC).",
        "de": "Steuerschuldnerschaft des Leistungsempfängers (Artikel 194 bis 196 der Richtlinie 2006/112/EG).",
        "fr": "Autoliquidation : TVA due par le preneur (articles 194 à 196 de la directive 2006/112/CE).",
        "it": "Inversione contabile: l’IVA è dovuta dal destinatario (articoli da 194 a 196 della "
        "direttiva 2006/112/CE).",
        "nl": "Btw verlegd naar de afnemer (artikelen 194 tot en met 196 van Richtlijn 2006/112/EG).",
    },
    "outside_scope": {
        "en": "No VAT is charged: supplied from {seller} to {buyer}, outside of the scope of VAT in {seller}.",
        "de": "Keine Umsatzsteuer: Leistung aus {seller} nach {buyer}, in {seller} nicht steuerbar.",
        "fr": "TVA non facturée : prestation de {seller} vers {buyer}, hors champ de la TVA en {seller}.",
        "it": "IVA non addebitata: prestazione da {seller} a {buyer}, fuori campo IVA in {seller}.",
        "nl": "Geen btw in rekening gebracht: levering vanuit {seller} naar {buyer}, in {seller} "
        "buiten de werking van de btw.",
    },
    "fr_late_payment": {
        "en": "Unless agreed otherwise, late payment bears interest at the rate of the ECB’s latest refinancing "
        "operation plus 10 percentage points, without a reminder (Article L441-10 of the French Commercial "
        "Code).",
        "de": "Sofern nichts anderes vereinbart ist, fallen bei verspäteter Zahlung ohne Mahnung Zinsen in Höhe des "
        "Satzes des jüngsten Refinanzierungsgeschäfts der EZB zuzüglich 10 Prozentpunkten an (Artikel L441-10 "
        "des französischen Handelsgesetzbuchs).",
        "fr": "Sauf convention contraire, tout retard de paiement entraîne, sans rappel, des pénalités au taux de la "
        "plus récente opération de refinancement de la BCE majoré de 10 points de pourcentage (article L441-10 "
        "du Code de commerce).",
        "it": "Salvo diverso accordo, in caso di ritardo di pagamento sono dovuti, senza sollecito, interessi al "
        "tasso della più recente operazione di rifinanziamento della BCE maggiorato di 10 punti percentuali "
        "(articolo L441-10 del Codice di commercio francese).",
        "nl": "Tenzij anders overeengekomen is bij te late betaling zonder aanmaning rente verschuldigd tegen het "
        "tarief van de jongste herfinancieringstransactie van de ECB plus 10 procentpunten (artikel L441-10 van "
        "het Franse Wetboek van Koophandel).",
    },
    "fr_recovery": {
        "en": "Late payment also costs a fixed sum of EUR 40 for recovery (Article D441-5 of the French Commercial "
        "Code).",
        "de": "Bei verspäteter Zahlung ist außerdem eine Beitreibungspauschale von 40 EUR zu zahlen (Artikel D441-5 "
        "des französischen Handelsgesetzbuchs).",
        "fr": "Tout retard de paiement entraîne en outre une indemnité forfaitaire de 40 EUR pour frais de "
        "recouvrement (article D441-5 du Code de commerce).",
        "it": "In caso di ritardo di pagamento è inoltre dovuto un importo forfettario di 40 EUR per i costi di "
        "recupero (articolo D441-5 del Codice di commercio francese).",
        "nl": "Bij te late betaling is bovendien een vast bedrag van 40 EUR voor invorderingskosten verschuldigd "
        "(artikel D441-5 van het Franse Wetboek van Koophandel).",
    },
    "fr_discount": {
        "en": "Unless agreed otherwise, there is no discount for early payment.",
        "de": "Sofern nichts anderes vereinbart ist, wird bei vorzeitiger Zahlung kein Skonto gewährt.",
        "fr": "Sauf convention contraire, aucun escompte n’est accordé pour paiement anticipé.",
        "it": "Salvo diverso accordo, non è previsto alcuno sconto per pagamento anticipato.",
        "nl": "Tenzij anders overeengekomen wordt bij vervroegde betaling geen korting verleend.",
    },
    "exempt": {
        "en": "Without VAT: the supplier states none for these charging sessions.",
        "de": "Ohne Umsatzsteuer: der Leistende weist für diese Ladevorgänge keine aus.",
        "fr": "Sans TVA : le prestataire n’en indique aucune pour ces sessions.",
        "it": "Senza IVA: il prestatore non ne indica alcuna per queste sessioni.",
        "nl": "Zonder btw: de leverancier vermeldt er geen voor deze laadsessies.",
    },
    "charging": {
        "en": "Charging of electric vehicles in {country}",
        "de": "Laden von Elektrofahrzeugen in {country}",
        "fr": "Recharge de véhicules électriques ({country})",
        "it": "Ricarica di veicoli elettrici ({country})",
        "nl": "Laden van elektrische voertuigen in {country}",
    },
    "sessions": {
        "en": "{count} charging sessions",
        "de": "{count} Ladevorgänge",
        "fr": "{count} sessions de recharge",
        "it": "{count} sessioni di ricarica",
        "nl": "{count} laadsessies",
    },
    "one_session": {
        "en": "1 charging session",
        "de": "1 Ladevorgang",
        "fr": "1 session de recharge",
        "it": "1 sessione di ricarica",
        "nl": "1 laadsessie",
    },
    "late": {
        "en": "Charging sessions of earlier periods",
        "de": "Ladevorgänge früherer Zeiträume",
        "fr": "Sessions de recharge de périodes antérieures",
        "it": "Sessioni di ricarica di periodi precedenti",
        "nl": "Laadsessies van eerdere perioden",
    },
    "corrections": {
        "en": "Corrections of earlier periods",
        "de": "Berichtigungen früherer Zeiträume",
        "fr": "Corrections de périodes antérieures",
        "it": "Rettifiche di periodi precedenti",
        "nl": "Correcties van eerdere perioden",
    },
    "fee_per_session": {
        "en": "Hub fee per charging session",
        "de": "Hub-Gebühr je Ladevorgang",
        "fr": "Frais de plateforme par session",
        "it": "Commissione dell’hub per sessione",
        "nl": "Hubkosten per laadsessie",
    },
    "fee_per_kwh": {
        "en": "Hub fee per kWh",
        "de": "Hub-Gebühr je kWh",
        "fr": "Frais de plateforme par kWh",
        "it": "Commissione dell’hub per kWh",
        "nl": "Hubkosten per kWh",
    },
    "fee_percentage": {
        "en": "Hub fee on turnover",
        "de": "Hub-Gebühr auf den Umsatz",
        "fr": "Frais de plateforme sur le chiffre d’affaires",
        "it": "Commissione dell’hub sul fatturato",
        "nl": "Hubkosten over de omzet",
    },
    "fee_minimum": {
        "en": "Up to the minimum fee",
        "de": "Bis zur Mindestgebühr",
        "fr": "Complément jusqu’au minimum",
        "it": "Fino alla commissione minima",
        "nl": "Tot de minimumkosten",
    },
    "fee_share": {
        "en": "{percent} % of {amount} {currency}",
        "de": "{percent} % von {amount} {currency}",
        "fr": "{percent} % de {amount} {currency}",
        "it": "{percent} % di {amount} {currency}",
        "nl": "{percent} % van {amount} {currency}",
    },
    "fee_pairs": {
        "en": "{count} pairs of parties",
        "de": "{count} Partnerpaare",
        "fr": "{count} paires de partenaires",
        "it": "{count} coppie di partner",
        "nl": "{count} partnerparen",
    },
    "cancels": {
        "en": "Cancels invoice {number} in full. Reason: {reason}",
        "de": "Storniert Rechnung {number} vollständig. Grund: {reason}",
        "fr": "Annule intégralement la facture {number}. Motif : {reason}",
        "it": "Annulla integralmente la fattura {number}. Motivo: {reason}",
        "nl": "Annuleert factuur {number} volledig. Reden: {reason}",
    },
    "page": {
        "en": "Page {page} of {pages}",
        "de": "Seite {page} von {pages}",
        "fr": "Page {page} sur {pages}",
        "it": "Pagina {page} di {pages}",
        "nl": "Pagina {page} van {pages}",
    },
    "machine_readable": {
        "en": "This PDF contains the same invoice as EN 16931 XML (Factur-X). The CSV beside it "
        "has all items one by one.",
        "de": "Dieses PDF enthält dieselbe Rechnung als XML nach EN 16931 (Factur-X). Die CSV-Datei "
        "dazu nennt alle Posten einzeln.",
        "fr": "Ce PDF contient la même facture en XML EN 16931 (Factur-X). Le fichier CSV joint détaille chaque poste.",
        "it": "Questo PDF contiene la stessa fattura in XML EN 16931 (Factur-X). Il file CSV "
        "allegato elenca ogni voce.",
        "nl": "Deze PDF bevat dezelfde factuur als EN 16931-XML (Factur-X). Het bijgevoegde "
        "CSV-bestand noemt elke post.",
    },
    "no_xml_currency": {
        "en": "There is no XML of this invoice: its currency is none of those that EN 16931 has. The CSV beside "
        "it has all items one by one.",
        "de": "Zu dieser Rechnung gibt es kein XML: Ihre Währung ist keine von denen, die EN 16931 kennt. Die "
        "CSV-Datei dazu nennt alle Posten einzeln.",
        "fr": "Cette facture n’a pas de XML : sa monnaie n’est pas de celles qu’admet EN 16931. Le fichier CSV "
        "joint détaille chaque poste.",
        "it": "Questa fattura non ha XML: la sua valuta non è tra quelle ammesse da EN 16931. Il file CSV allegato "
        "elenca ogni voce.",
        "nl": "Van deze factuur is er geen XML: haar valuta is geen van die EN 16931 kent. Het bijgevoegde "
        "CSV-bestand noemt elke post.",
    },
    "no_xml_decimals": {
        "en": "There is no XML of this invoice: EN 16931 cannot say amounts with three decimals. The CSV beside "
        "it has all items one by one.",
        "de": "Zu dieser Rechnung gibt es kein XML: EN 16931 kennt keine Beträge mit drei Nachkommastellen. Die "
        "CSV-Datei dazu nennt alle Posten einzeln.",
        "fr": "Cette facture n’a pas de XML : EN 16931 n’admet pas de montants à trois décimales. Le fichier CSV "
        "joint détaille chaque poste.",
        "it": "Questa fattura non ha XML: EN 16931 non ammette importi con tre decimali. Il file CSV allegato "
        "elenca ogni voce.",
        "nl": "Van deze factuur is er geen XML: EN 16931 kent geen bedragen met drie decimalen. Het bijgevoegde "
        "CSV-bestand noemt elke post.",
    },
    "mail_subject": {
        "en": "{kind} {number} of {seller}",
        "de": "{kind} {number} von {seller}",
        "fr": "{kind} {number} de {seller}",
        "it": "{kind} {number} di {seller}",
        "nl": "{kind} {number} van {seller}",
    },
    "mail_greeting": {
        "en": "To whom it may concern,",
        "de": "Guten Tag,",
        "fr": "Bonjour,",
        "it": "Buongiorno,",
        "nl": "Goedendag,",
    },
    "mail_body": {
        "en": "attached is {kind} {number} of {seller} over {amount}, for {start} to {end}.",
        "de": "anbei {kind} {number} von {seller} über {amount} für den Zeitraum {start} bis {end}.",
        "fr": "veuillez trouver ci-joint : {kind} {number} de {seller} d’un montant de {amount}, du {start} au {end}.",
        "it": "in allegato: {kind} {number} di {seller} per {amount}, dal {start} al {end}.",
        "nl": "bijgaand {kind} {number} van {seller} ten bedrage van {amount}, voor {start} tot en met {end}.",
    },
    "mail_files": {
        "en": "The PDF contains the invoice as EN 16931 XML (Factur-X); the CSV has all items one by one.",
        "de": "Das PDF enthält die Rechnung als XML nach EN 16931 (Factur-X); die CSV-Datei nennt alle Posten einzeln.",
        "fr": "Le PDF contient la facture en XML EN 16931 (Factur-X) ; le fichier CSV détaille chaque poste.",
        "it": "Il PDF contiene la fattura in XML EN 16931 (Factur-X); il file CSV elenca ogni voce.",
        "nl": "De PDF bevat de factuur als EN 16931-XML (Factur-X); het CSV-bestand noemt elke post.",
    },
}

UNITS: Final[Mapping[str, str]] = {"KWH": "kWh", "HUR": "h", "MIN": "min", "C62": "×"}
