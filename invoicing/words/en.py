"""English. What stands in braces is filled in; its name stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # Kinds of invoice
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "fee_invoice": "Invoice for hub fees",
    # The head of the page
    "number": "Number",
    "issue_date": "Date of issue",
    "due_date": "Due",
    "period": "Period of supply",
    "statement": "Statement",
    "preceding": "Corrects invoice",
    # Who
    "seller": "Seller",
    "buyer": "Buyer",
    "vat_number": "VAT number",
    "registration": "Company number",
    "party": "OCPI party",
    # The table, and its sums
    "description": "Description",
    "quantity": "Quantity",
    "unit_price": "Price per unit",
    "average": "ø: average, rounded",
    "vat": "VAT",
    "net": "Net",
    "net_total": "Total excluding VAT",
    "vat_total": "VAT",
    "total": "Total including VAT",
    "rounding": "Rounding of VAT per session",
    "due": "Amount due",
    "vat_summary": "VAT summary",
    "rate": "Rate",
    "basis": "Basis",
    "amount": "Amount",
    # Payment
    "payment": "Payment",
    "pay": "Please pay {amount} by {date}, stating {number}.",
    "credited": "{amount} is credited to you.",
    "nothing_due": "Nothing is to be paid.",
    "converted": "Total in {currency}: {total}, of which VAT {vat}. 1 {own} = {rate} {currency} on {date} ({source}).",
    # Notes
    "issued_by": "Issued by {issuer} in the name and on behalf of {seller} (Article 220 of Directive 2006/112/EC).",
    "reverse_charge": "Reverse charge: VAT is owed by the recipient (Articles 194 to 196 of Directive 2006/112/EC).",
    "outside_scope": "No VAT is charged: supplied from {seller} to {buyer}, outside of the scope of VAT in {seller}.",
    "exempt": "Without VAT: the supplier states none for these charging sessions.",
    # What French law wants said, where the seller is French (BR-FR-05)
    "fr_late_payment": "Unless agreed otherwise, late payment bears interest at the rate of the ECB’s latest "
    "refinancing operation plus 10 percentage points, without a reminder (Article L441-10 of the French Commercial "
    "Code).",
    "fr_recovery": "Late payment also costs a fixed sum of EUR 40 for recovery (Article D441-5 of the French "
    "Commercial Code).",
    "fr_discount": "Unless agreed otherwise, there is no discount for early payment.",
    # Lines of charging
    "charging": "Charging of electric vehicles in {country}",
    "sessions": "{count} charging sessions",
    "one_session": "1 charging session",
    "late": "Charging sessions of earlier periods",
    "corrections": "Corrections of earlier periods",
    # The hub's fees
    "fee_per_session": "Hub fee per charging session",
    "fee_per_kwh": "Hub fee per kWh",
    "fee_percentage": "Hub fee on turnover",
    "fee_minimum": "Up to the minimum fee",
    "fee_share": "{percent} % of {amount} {currency}",
    "fee_pairs": "{count} pairs of parties",
    # A cancellation
    "cancels": "Cancels invoice {number} in full. Reason: {reason}",
    # The foot of the page
    "page": "Page {page} of {pages}",
    "machine_readable": "This PDF contains the same invoice as EN 16931 XML (Factur-X). The CSV beside it has all "
    "items one by one.",
    "no_xml_currency": "There is no XML of this invoice: its currency is none of those that EN 16931 has. The CSV "
    "beside it has all items one by one.",
    "no_xml_decimals": "There is no XML of this invoice: EN 16931 cannot say amounts with three decimals. The CSV "
    "beside it has all items one by one.",
    # The e-mail
    "mail_subject": "{kind} {number} of {seller}",
    "mail_greeting": "To whom it may concern,",
    "mail_body": "attached is {kind} {number} of {seller} over {amount}, for {start} to {end}.",
    "mail_files": "The PDF contains the invoice as EN 16931 XML (Factur-X); the CSV has all items one by one.",
}
