"""French. What stands in braces is filled in; its name stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # Kinds of invoice
    "invoice": "Facture",
    "credit_note": "Avoir",
    "fee_invoice": "Facture des frais de plateforme",
    # The head of the page
    "number": "Numéro",
    "issue_date": "Date d’émission",
    "due_date": "Échéance",
    "period": "Période de prestation",
    "statement": "Relevé",
    "preceding": "Corrige la facture",
    # Who
    "seller": "Prestataire",
    "buyer": "Client",
    "vat_number": "N° de TVA",
    "registration": "N° d’immatriculation",
    "party": "Partie OCPI",
    # The table, and its sums
    "description": "Désignation",
    "quantity": "Quantité",
    "unit_price": "Prix unitaire",
    "average": "ø : moyenne, arrondie",
    "vat": "TVA",
    "net": "HT",
    "net_total": "Total hors TVA",
    "vat_total": "TVA",
    "total": "Total TTC",
    "rounding": "Arrondi de TVA par session",
    "due": "Net à payer",
    "vat_summary": "Détail de la TVA",
    "rate": "Taux",
    "basis": "Base",
    "amount": "Montant",
    # Payment
    "payment": "Paiement",
    "pay": "Merci de régler {amount} au plus tard le {date} en indiquant {number}.",
    "credited": "{amount} sont portés à votre crédit.",
    "nothing_due": "Aucun paiement n’est dû.",
    "converted": "Total en {currency} : {total}, dont TVA {vat}. 1 {own} = {rate} {currency} au {date} ({source}).",
    # Notes
    "issued_by": "Émise par {issuer} au nom et pour le compte de {seller} (article 220 de la directive 2006/112/CE).",
    "reverse_charge": "Autoliquidation : TVA due par le preneur (articles 194 à 196 de la directive 2006/112/CE).",
    "outside_scope": "TVA non facturée : prestation de {seller} vers {buyer}, hors champ de la TVA en {seller}.",
    "exempt": "Sans TVA : le prestataire n’en indique aucune pour ces sessions.",
    # What French law wants said, where the seller is French (BR-FR-05)
    "fr_late_payment": "Sauf convention contraire, tout retard de paiement entraîne, sans rappel, des pénalités au "
    "taux de la plus récente opération de refinancement de la BCE majoré de 10 points de pourcentage (article L441-10 "
    "du Code de commerce).",
    "fr_recovery": "Tout retard de paiement entraîne en outre une indemnité forfaitaire de 40 EUR pour frais de "
    "recouvrement (article D441-5 du Code de commerce).",
    "fr_discount": "Sauf convention contraire, aucun escompte n’est accordé pour paiement anticipé.",
    # Lines of charging
    "charging": "Recharge de véhicules électriques ({country})",
    "sessions": "{count} sessions de recharge",
    "one_session": "1 session de recharge",
    "late": "Sessions de recharge de périodes antérieures",
    "corrections": "Corrections de périodes antérieures",
    # The hub's fees
    "fee_per_session": "Frais de plateforme par session",
    "fee_per_kwh": "Frais de plateforme par kWh",
    "fee_percentage": "Frais de plateforme sur le chiffre d’affaires",
    "fee_minimum": "Complément jusqu’au minimum",
    "fee_share": "{percent} % de {amount} {currency}",
    "fee_pairs": "{count} paires de partenaires",
    # A cancellation
    "cancels": "Annule intégralement la facture {number}. Motif : {reason}",
    # The foot of the page
    "page": "Page {page} sur {pages}",
    "machine_readable": "Ce PDF contient la même facture en XML EN 16931 (Factur-X). Le fichier CSV joint détaille "
    "chaque poste.",
    "no_xml_currency": "Cette facture n’a pas de XML : sa monnaie n’est pas de celles qu’admet EN 16931. Le fichier "
    "CSV joint détaille chaque poste.",
    "no_xml_decimals": "Cette facture n’a pas de XML : EN 16931 n’admet pas de montants à trois décimales. Le fichier "
    "CSV joint détaille chaque poste.",
    # The e-mail
    "mail_subject": "{kind} {number} de {seller}",
    "mail_greeting": "Bonjour,",
    "mail_body": "veuillez trouver ci-joint : {kind} {number} de {seller} d’un montant de {amount}, du {start} au "
    "{end}.",
    "mail_files": "Le PDF contient la facture en XML EN 16931 (Factur-X) ; le fichier CSV détaille chaque poste.",
}
