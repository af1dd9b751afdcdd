"""The deals of the demo data: who buys what, how long ago, and how it went; and what was wished
and charged on some of them. Days count back from the day of loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One booking.

    `method` is how the customer pays; what he pays by `upi` he reports first, a `cheque` clears
    after two days. `trouble` befalls his first cheque (`bounced`) or what he pays at the
    agreement (`reversed`). `agreed_after` counts days to the agreement; after it he pays what is
    demanded, until `stops` days before the loading, where that is given.
    """

    buyer: int
    place: str
    unit: tuple[str, str]
    plan: str
    days_ago: float
    outcome: str
    method: str = "bank_transfer"
    trouble: str = ""
    discount: tuple[str, str] | None = None
    agreed_after: int = 28
    stops: float = 0
    reason: str = ""
    wish: str | None = None
    bank: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens to a change request next, `after` so many days: an action of its service."""

    action: str
    after: float
    cost: str = "0.00"
    days: int = 10
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change request of the buyer of a unit; with a `sketch` it has an attachment, and `shown_by`
    names the 3D model that shows what is wished."""

    unit: tuple[str, str]
    days_ago: float
    kind: str
    title: str
    steps: tuple[Step, ...] = ()
    now_is: str | None = None
    wanted: str | None = None
    sketch: bool = False
    structural: bool = False
    shown_by: str | None = None
    priority: str = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levy:
    """A charge that the builder raises on the sale of a unit; without an amount it is the interest
    on what is overdue. With `withdrawn_because` it is void after two days."""

    unit: tuple[str, str]
    days_ago: float
    code: str
    label: str
    amount: str | None = None
    withdrawn_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A payment that the buyer of a unit reports, part of the row `sequence`; `declined_because`
    is what the builder answers the next day, if anything."""

    unit: tuple[str, str]
    days_ago: float
    sequence: int
    amount: str
    method: str
    declined_because: str | None = None


def _deal(
    days_ago: float, buyer: int, place: str, unit: str, plan: str, outcome: str, **more: Any
) -> Deal:
    tower, _, number = unit.partition(" ")
    return Deal(
        buyer=buyer,
        place=place,
        unit=(tower, number),
        plan=plan,
        days_ago=days_ago,
        outcome=outcome,
        **more,
    )


DEALS = (
    _deal(1320, 4, "meridian", "Meridian Meridian-302", "full_payment", "handed_over"),
    _deal(1290, 9, "meridian", "Meridian Meridian-502", "loan", "handed_over", method="loan",
          bank="Canara Bank"),
    _deal(1235, 15, "meridian", "Meridian Meridian-403", "construction_linked", "handed_over"),
    _deal(1180, 12, "meridian", "Meridian Meridian-601", "installments", "handed_over"),
    _deal(1150, 1, "orchard", "Villa V-03", "construction_linked", "handed_over"),
    _deal(1010, 0, "orchard", "Villa V-11", "installments", "handed_over", method="bank_transfer",
          wish="ದಯವಿಟ್ಟು ಮಾವಿನ ಮರವನ್ನು ಉಳಿಸಿ: please keep the mango tree by the gate."),
    _deal(610, 5, "seafront", "One One-1802", "construction_linked", "agreement_registered",
          wish="Seventh-floor parking close to the lift, if it can be."),
    _deal(540, 0, "lakeside", "A A-903", "construction_linked", "agreement_registered",
          stops=70, agreed_after=35),
    _deal(455, 2, "lakeside", "B B-701", "loan", "agreement_registered", method="loan",
          bank="State Bank of India"),
    _deal(410, 8, "seafront", "One One-903", "installments", "agreement_registered", stops=360),
    _deal(372, 14, "lakeside", "C C-404", "construction_linked", "agreement_registered",
          method="cheque", trouble="reversed"),
    _deal(330, 6, "riverwalk", "Mula Mula-501", "construction_linked", "cancelled_by_customer",
          reason="We are moving to Copenhagen for work.", agreed_after=45),
    _deal(305, 3, "techpark", "Square Square-201", "installments", "confirmed", method="cheque"),
    _deal(260, 13, "riverwalk", "Mutha Mutha-302", "loan", "agreement_registered",
          method="loan", bank="HDFC Bank", discount=("150000.00", "Festive offer, Diwali")),
    _deal(205, 10, "sahakar", "Kaveri Kaveri-402", "construction_linked", "agreement_registered"),
    _deal(160, 11, "riverwalk", "Bazaar Bazaar-004", "full_payment", "confirmed",
          method="cheque", trouble="bounced"),
    _deal(120, 7, "sahakar", "Godavari Godavari-705", "installments", "cancelled_by_builder",
          reason="The layout of this line had to be changed for the fire lane."),
    _deal(96, 16, "lakeside", "A A-402", "construction_linked", "expired"),
    _deal(90, 16, "lakeside", "A A-402", "construction_linked", "confirmed", method="upi"),
    _deal(80, 17, "orchard", "Villa V-38", "full_payment", "agreement_registered",
          stops=60),
    _deal(75, 18, "sahakar", "Kaveri Kaveri-801", "loan", "cancelled_early", method="upi",
          reason="The loan was not sanctioned."),
    _deal(66, 0, "riverwalk", "Mutha Mutha-601", "loan", "cancelled_early", method="upi",
          reason="The bank wants more years of returns; we stay with Lakeside."),
    _deal(58, 12, "lakeside", "C C-803", "construction_linked", "cancelled_owing",
          reason="We found a flat closer to the university."),
    _deal(52, 19, "riverwalk", "Mula Mula-804", "full_payment", "confirmed",
          discount=("200000.00", "Early bird, senior citizen")),
    _deal(41, 7, "lakeside", "B B-302", "installments", "rejected_paid",
          reason="The buyer's name differs from the PAN; please book again in the right name."),
    _deal(33, 6, "riverwalk", "Mutha Mutha-803", "construction_linked", "confirmed"),
    _deal(20, 18, "sahakar", "Godavari Godavari-302", "loan", "token_paid", method="upi"),
    _deal(12, 10, "lakeside", "C C-1002", "construction_linked", "token_paid"),
    _deal(9, 13, "lakeside", "B B-1101", "full_payment", "rejected",
          reason="The unit is promised to the landowner; A-1101 is free."),
    _deal(6.5, 2, "seafront", "One One-2104", "construction_linked", "expired"),
    _deal(2.2, 0, "lakeside", "A A-1103", "construction_linked", "pending",
          wish="Kitchen platform two inches lower than standard, please."),
    _deal(1.6, 14, "lakeside", "B B-504", "loan", "pending_cheque", method="cheque",
          bank="Axis Bank"),
    _deal(1.1, 5, "seafront", "One One-1201", "installments", "pending_reported", method="upi"),
    _deal(0.4, 19, "riverwalk", "Mula Mula-304", "full_payment", "pending"),
)  # fmt: skip

CHANGES = (
    Change(unit=("lakeside", "A-903"), days_ago=300, kind="electrical",
           title="Two more sockets in the study", wanted="Two 16 A sockets under the window",
           steps=(
               Step(action="review", after=1),
               Step(action="quote", after=2, cost="18500.00", days=7),
               Step(action="accept", after=3),
               Step(action="start", after=12),
               Step(action="complete", after=30),
           )),
    Change(unit=("lakeside", "A-903"), days_ago=62, kind="fixtures",
           title="Rain shower in the main bathroom", now_is="Hand shower",
           wanted="Ceiling-mounted rain shower, 200 mm",
           steps=(Step(action="quote", after=2, cost="42000.00", days=15),
                  Step(action="accept", after=4))),
    Change(unit=("lakeside", "A-903"), days_ago=9, kind="layout", priority="high",
           title="Open the kitchen to the living room", sketch=True, structural=True,
           shown_by="Open kitchen",
           now_is="Half wall with a door", wanted="No wall; beam as the engineer says",
           steps=(Step(action="review", after=1),
                  Step(action="quote", after=2, cost="135000.00", days=21))),
    Change(unit=("lakeside", "A-903"), days_ago=1.5, kind="finishes", priority="low",
           title="ಬಿಳಿ ಬಣ್ಣ: warm white instead of ivory in the bedrooms"),
    Change(unit=("lakeside", "B-701"), days_ago=120, kind="plumbing", sketch=True,
           title="Move the washing machine to the balcony",
           steps=(Step(action="review", after=2),
                  Step(action="reject", after=2,
                       reason="The balcony drain is for rain only; the slab cannot be cored."))),
    Change(unit=("lakeside", "B-701"), days_ago=80, kind="finishes",
           title="Matt instead of glossy tiles in the bathrooms",
           steps=(Step(action="quote", after=3, days=5), Step(action="start", after=20))),
    Change(unit=("lakeside", "C-404"), days_ago=100, kind="fixtures",
           title="Italian marble in the foyer",
           steps=(Step(action="quote", after=4, cost="310000.00", days=30),
                  Step(action="decline", after=3, reason="More than we had thought of."))),
    Change(unit=("lakeside", "C-404"), days_ago=90, kind="electrical",
           title="Provision for a car charger",
           steps=(Step(action="quote", after=4, cost="65000.00", days=14),)),
    Change(unit=("lakeside", "A-402"), days_ago=30, kind="other",
           title="A pooja niche in the dining room",
           steps=(Step(action="withdraw", after=2, reason="We will have it made by our carpenter."),
                  )),
    Change(unit=("lakeside", "A-402"), days_ago=12, kind="layout", sketch=True,
           title="Sliding door between dining and balcony",
           steps=(Step(action="review", after=2),)),
    Change(unit=("seafront", "One-1802"), days_ago=240, kind="layout", sketch=True,
           title="Join the staff room to the utility", priority="high",
           steps=(Step(action="review", after=3),
                  Step(action="quote", after=4, cost="480000.00", days=45),
                  Step(action="accept", after=6),
                  Step(action="void", after=60,
                       reason="The fire authority did not clear the second exit."))),
    Change(unit=("riverwalk", "Mula-501"), days_ago=45, kind="plumbing",
           title="A second sink in the kitchen"),
)  # fmt: skip

LEVIES = (
    Levy(unit=("orchard", "V-11"), days_ago=33, code="maintenance", label="Maintenance, one year",
         amount="18000.00"),
    Levy(unit=("lakeside", "A-903"), days_ago=10, code="parking", label="Second covered car park",
         amount="300000.00"),
    Levy(unit=("lakeside", "B-701"), days_ago=40, code="penalty", label="Cheque returned",
         amount="1500.00", withdrawn_because="The return was the bank's own mistake."),
    Levy(unit=("seafront", "One-903"), days_ago=18, code="interest",
         label="Interest on the overdue instalments"),
    Levy(unit=("orchard", "V-38"), days_ago=6, code="interest",
         label="Interest on the balance"),
)  # fmt: skip

REPORTS = (
    Said(unit=("lakeside", "A-903"), days_ago=1.2, sequence=6, amount="500000.00",
         method="bank_transfer"),
    Said(unit=("seafront", "One-903"), days_ago=30, sequence=3, amount="1000000.00",
         method="cheque", declined_because="No such cheque has reached us."),
    Said(unit=("seafront", "One-903"), days_ago=2, sequence=3, amount="750000.00", method="upi"),
)  # fmt: skip

PARTS = (("lakeside", "A-903", 50, 6, "800000.00"), ("orchard", "V-38", 20, 2, "2500000.00"))
"""Parts that were paid of a row after all: place, unit, days ago, sequence, amount."""
