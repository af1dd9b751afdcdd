"""The clauses of the agreement draft, in plain words of our own: what RERA's rules want settled.

"The Act" is the Real Estate (Regulation and Development) Act, 2016. A line that begins with `#` is
a heading, every other line a paragraph; what stands in braces is filled in from the booking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

WORDS = """
# The parties
The promoter is {builder}, with its successors. The allottee is {customer}, with heirs and \
permitted assigns. Both are named with their particulars at the head of this draft.
# Title and approvals
The promoter states that it holds the right to develop and sell the land of the project, that \
the sanctions needed for the work are in force, and that every charge or dispute on the land has \
been disclosed to the allottee in writing.
The allottee has seen, or may ask to see, the title papers, the sanctioned plans and the \
specifications before signing.
# Registration of the project
{registration}
# What is sold
The promoter agrees to sell, and the allottee to buy, unit {unit} of {project}, with a carpet \
area of {carpet_area} and an undivided share in the common areas, as set out at the head of this \
draft.
Carpet area is the net usable floor area within the outer walls: internal walls count; outer \
walls, shafts, balconies and open terraces do not. If the area as built differs, the difference \
is settled at the rate of this agreement; what was paid for a shortfall is paid back with \
interest.
# Price
The total price is {total}, made up as in the table of the price. It includes the taxes known on \
the day of booking. It is not raised afterwards, except by what the government newly levies or \
by changes that the allottee orders in writing; a levy that falls away lowers it.
# Stamp duty and registration
Stamp duty and the registration fee are borne by the allottee and are no part of the price. \
Today they are estimated at {stamp_duty} and {registration_fee}.
# Payment
The allottee pays by the plan “{plan}”, as in the schedule of payments. A stage of the work is \
asked for only when it is complete, with a demand that leaves {due_days} days to pay. Nothing \
beyond the token is asked for before this agreement is registered (section 13 of the Act).
Each payment is booked first to the installment that it names, then to the one that is due \
first, and is receipted.
# Tax deducted at source
{tax_at_source}
# The project's account
The promoter keeps seventy per cent of what allottees pay in a separate account of the project \
and draws on it only for land and building, in step with the work (section 4 of the Act).
# Completion and possession
The promoter completes the project and hands over the unit by {completion}. War, flood, drought, \
fire, cyclone, earthquake or another calamity of nature, and an order of a court or authority \
that is not the promoter's fault, extend that day by as long as they last.
When the occupancy certificate is issued the promoter offers possession in writing. The allottee \
takes it once everything payable is paid, and bears the outgoings of the unit from then on.
# Delay and interest
If possession is late the allottee may leave the project and receive everything paid, with \
interest, or stay and receive interest for every month of delay (section 18 of the Act). The \
rate is {interest} % a year, simple.
What the allottee pays late bears the same {interest} % a year from the due date on, once \
{grace_days} days have passed. Neither side pays more than the other.
# Withdrawal and cancellation
The allottee may withdraw. The promoter then keeps {deduction} % of the total price, never more \
than was paid, and returns the rest within {refund_days} days.
The promoter may end this agreement for the allottee's default only if a demanded installment \
stays unpaid, in spite of a written notice, until it has been overdue for more than \
{default_days} days. If the promoter ends it otherwise, everything paid is returned with \
interest.
# The works and changes to them
The unit and the common areas are built as sanctioned and specified. The promoter changes \
neither the unit without the allottee's consent nor the common areas or the layout without that \
of two thirds of the allottees (section 14 of the Act).
Changes that the allottee asks for are quoted in writing, and are built and charged only once \
the quote is accepted.
# Defects
A defect of structure, workmanship or quality that is notified within five years of possession \
is put right by the promoter without charge within thirty days, or else compensated (section \
14(3) of the Act).
# Conveyance, association and maintenance
The promoter conveys the unit to the allottee, and the common areas to the association of \
allottees, by registered deed within three months of the occupancy certificate (section 17 of \
the Act), and hands over the plans and papers.
The promoter helps to form the association, and until it takes over maintains the common areas \
at a reasonable charge for which it accounts.
# Use of the unit
The allottee uses the unit for what it is sanctioned for, keeps to the rules of the association, \
and alters nothing that bears load or belongs to all.
# Mortgages and loans
After this agreement the promoter does not mortgage the unit or create a charge on it; one that \
is made all the same does not affect the allottee (section 11(4)(h) of the Act).
{loan}
# Transfer
The promoter does not transfer the majority of its rights in the project without the consents \
that section 15 of the Act asks for. The allottee may assign this agreement with the promoter's \
written consent, which is not refused without reason.
# Notices
Notices are sent in writing to the addresses and e-mail addresses at the head of this draft; a \
change of address counts once it was told.
# Law and disputes
The law of India applies, with the rules of {state} under the Act. Disputes that talking does \
not settle go to the authority or the adjudicating officer under the Act.
# The whole agreement
This agreement, once registered, takes the place of the allotment letter and of whatever was \
said before. It is changed only in writing, signed by both. If a part of it cannot stand, the \
rest does; who once does not insist on a right keeps it.
Nothing in it takes from the allottee a right that the Act gives.
"""


def clauses(facts: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Each clause with its number and heading, and its paragraphs with `facts` filled in.

    A paragraph that comes out empty is left out. What is filled in is text and nothing else: it
    adds no line, no heading, no brace.
    """
    for number, part in enumerate(WORDS.strip().removeprefix("# ").split("\n# "), start=1):
        heading, *paragraphs = part.splitlines()
        filled = [paragraph.format_map(facts) for paragraph in paragraphs]
        yield f"{number}. {heading}", [paragraph for paragraph in filled if paragraph]
