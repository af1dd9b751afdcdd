"""Every money operation in every order, held against an oracle that knows nothing of the program.

`MONEY_MACHINE_EXAMPLES` and `MONEY_MACHINE_STEPS` make it as large as one likes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from inspect import signature
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from realty.commands.audit import verify
from realty.db import Installment
from realty.db.session import session
from realty.errors import RealtyError
from tests.factories import make_builder, make_customer
from tests.services.cashbook import TOKEN, TOTAL, Case, booked
from tests.services.money_checks import check_booking, check_numbers
from tests.services.money_model import (
    DEAD,
    ENDS,
    MOVES,
    Book,
    Entry,
    Extra,
    Refusal,
    paise,
    rupees,
)

SLOW = {"cheque", "demand_draft"}
CHOICES: dict[str, list[Any]] = {
    "method": ["upi", "upi", "cheque", "cheque", "demand_draft", "cash", "loan"],
    "part": ["paisa", "third", "half", "most", "most", "beyond"],
    "some": [None, "paisa", "third", "half", "most", "beyond"],
    "transaction": [*[None] * 12, "T1", "T2", "T3"],
    "action": ["accept", "accept", "decline", "clear", "clear", "bounce", "fail"],
    "move": [*["confirm", "register", "expire"] * 3, "reject"],
    "by": ["customer", "builder", *["nobody"] * 6],
    "kind": ["variation", "charge"],
    "days": [0, 1, 4, 20, 90],
    "fits": [True, True, False],
    "taxed": [True, False],
    "which": [0, 1],
    "place": list(range(10)),
    "amount": [1, 99, 10**4, 10**7, 10**8],
}
WALK = [
    *["record", "record", "report", "move", "move", "refund", "reverse"] * 3,
    *["compensate", "add_row", "void_row", "wait"] * 2,
    *["move_booking", "end_or_hand_over"],
]
STAGES = st.sampled_from(["pending", "confirmed", "registered", "changed", "cancelled"])


def any_of(name: str) -> st.SearchStrategy[Any]:
    """One of the choices of that name."""
    return st.sampled_from(CHOICES[name])


def part_of(most: int, part: str) -> int:
    """An amount around the most that is possible; never nothing."""
    amounts = {"paisa": 1, "third": most // 3, "half": most // 2, "most": most, "beyond": most + 1}
    return max(1, amounts[part])


def outcome(act: Callable[[], Any]) -> tuple[Any, RealtyError | None]:
    """What an attempt gave, or how it was refused."""
    try:
        return act(), None
    except RealtyError as refused:
        return None, refused


class MoneyMachine(RuleBasedStateMachine):
    """Two bookings of one customer with one builder; time passes for both."""

    database_url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        builder, customer = make_builder(), make_customer()
        self.cases = [
            Case(builder, customer, booked(builder, customer, taxed=True)) for _ in range(2)
        ]
        self.books: list[Book] = []
        for _ in self.cases:
            self.books.append(Book(paise(TOTAL), paise(TOKEN), paise(TOKEN), self.books))
        self.expires = [case.columns()["expires_at"] for case in self.cases]

    @initialize(stages=st.tuples(STAGES, STAGES))
    def begin(self, stages: tuple[str, str]) -> None:
        """Bring each booking to where most of its life happens."""
        for which, stage in enumerate(stages):
            if stage != "pending":
                self.record(which, "upi", "most", None, False)
                self._confirm(which)
            if stage not in {"pending", "confirmed"}:
                self._register(which)
            if stage == "changed":
                self.add_row(which, "variation", 10**7)
                self.record(which, "upi", "most", None, False)
            if stage == "cancelled":
                self.wait(90)
                self._cancel(which, by_customer=False)

    # What each rule does: predict, attempt, compare.

    def attempt(self, expected: Refusal | None, act: Callable[[], Any]) -> Any:
        """Do it; a refusal must be the expected one, with its figure."""
        result, refused = outcome(act)
        if expected is None:
            assert refused is None, f"refused with {refused.code}: {refused.details}"
            return result
        assert refused is not None, f"not refused with {expected}"
        assert refused.code == expected.code
        if expected.figure is not None:
            assert refused.details[0].value == str(rupees(expected.figure))
        return None

    def pick(self, which: int, place: int, action: str, *, fits: bool) -> Entry | None:
        """A payment of a booking: one that the action may fit, or any."""
        book = self.books[which]
        source, kinds = MOVES[action]
        entries = [
            each
            for each in book.entries
            if not fits or (each.status == source and each.kind in kinds and book.left(each))
        ]
        return entries[-1 - place % len(entries)] if entries else None

    def follow(self, which: int) -> None:
        """Let the model's booking follow its money, and its hold."""
        book, before = self.books[which], self.books[which].status
        book.follow_token()
        if book.status == "pending" != before:
            self.expires[which] = self.cases[which].now + timedelta(hours=72)

    @rule(
        which=any_of("which"),
        method=any_of("method"),
        part=any_of("part"),
        transaction=any_of("transaction"),
        taxed=any_of("taxed"),
    )
    def record(
        self, which: int, method: str, part: str, transaction: str | None, taxed: bool
    ) -> None:
        case, book = self.cases[which], self.books[which]
        amount = part_of(book.room(method), part)
        over: dict[str, Any] = {"tds_amount": rupees(amount // 100)} if taxed else {}
        if transaction is not None and method != "cash":
            over["transaction_id"] = transaction
        number = over.get("transaction_id")
        expected = book.why_no_receipt(amount, method, number)
        made = self.attempt(expected, lambda: case.record(rupees(amount), method, **over))
        if made is not None:
            status = "pending" if method in SLOW else "completed"
            book.entries.append(Entry(made, "receipt", status, amount, method, number))
            self.follow(which)

    @rule(
        which=any_of("which"),
        method=any_of("method"),
        part=any_of("part"),
        transaction=any_of("transaction"),
    )
    def report(self, which: int, method: str, part: str, transaction: str | None) -> None:
        case, book = self.cases[which], self.books[which]
        amount = part_of(book.room(method), part)
        number = transaction if method != "cash" else None
        over = {"transaction_id": number} if number else {}
        made = self.attempt(
            book.why_no_report(), lambda: case.report(rupees(amount), method, **over)
        )
        if made is not None:
            book.entries.append(Entry(made, "receipt", "reported", amount, method, number))

    @rule(
        which=any_of("which"), place=any_of("place"), action=any_of("action"), fits=any_of("fits")
    )
    def move(self, which: int, place: int, action: str, fits: bool) -> None:
        case, book = self.cases[which], self.books[which]
        entry = self.pick(which, place, action, fits=fits)
        if entry is None:
            return
        owed, chosen = book.owed(), entry
        expected = book.why_not(action, entry)
        self.attempt(expected, lambda: case.move(chosen.id, action))
        if expected is not None:
            return
        slow = "pending" if entry.method in SLOW else "completed"
        entry.status = slow if action == "accept" else ENDS[action]
        self.follow(which)
        if entry.kind == "receipt" and not owed and book.owed():
            assert case.columns()["refund_due_date"] == case.today + timedelta(days=45)

    @rule(
        which=any_of("which"),
        place=any_of("place"),
        part=any_of("part"),
        method=any_of("method"),
        fits=any_of("fits"),
    )
    def refund(self, which: int, place: int, part: str, method: str, fits: bool) -> None:
        case, book = self.cases[which], self.books[which]
        entry = self.pick(which, place, "refund", fits=fits)
        if entry is None:
            return
        amount = part_of(min(book.left(entry), book.spare()), part)
        expected = book.why_not("refund", entry, amount)
        made = self.attempt(expected, lambda: case.refund(entry.id, rupees(amount), method))
        if made is not None:
            status = "pending" if method in SLOW else "completed"
            book.entries.append(Entry(made, "refund", status, amount, method, of=entry))

    @rule(which=any_of("which"), place=any_of("place"), some=any_of("some"), fits=any_of("fits"))
    def reverse(self, which: int, place: int, some: str | None, fits: bool) -> None:
        """A part of a payment, or all that is left of it."""
        case, book = self.cases[which], self.books[which]
        entry = self.pick(which, place, "reverse", fits=fits)
        if entry is None:
            return
        amount = None if some is None else part_of(book.left(entry), some)
        expected = book.why_not("reverse", entry, amount or 0)
        asked = None if amount is None else rupees(amount)
        taken = book.left(entry) if amount is None else amount
        made = self.attempt(expected, lambda: case.reverse(entry.id, asked))
        if made is not None:
            reversal = Entry(made, "reversal", "completed", taken, entry.method, of=entry)
            book.entries.append(reversal)
            self.follow(which)

    @rule(which=any_of("which"), part=any_of("part"), method=any_of("method"))
    def compensate(self, which: int, part: str, method: str) -> None:
        case, book = self.cases[which], self.books[which]
        amount = part_of(book.compensation, part)
        made = self.attempt(
            book.why_no_compensation(amount),
            lambda: case.record(rupees(amount), method, payment_type="compensation"),
        )
        if made is not None:
            status = "pending" if method in SLOW else "completed"
            book.entries.append(Entry(made, "compensation", status, amount, method))

    # What moves the booking.

    def step(self, which: int, sources: set[str], target: str, act: Callable[[], Any]) -> bool:
        """A move of the booking that is legal from `sources` alone; whether it was made."""
        book = self.books[which]
        legal = book.status in sources
        self.attempt(None if legal else Refusal("invalid_transition"), act)
        if legal:
            book.status = target
        return legal

    @rule(which=any_of("which"), move=any_of("move"))
    def move_booking(self, which: int, move: str) -> None:
        getattr(self, f"_{move}")(which)

    @rule(which=any_of("which"), by=any_of("by"))
    def end_or_hand_over(self, which: int, by: str) -> None:
        if by == "nobody":
            self._hand_over(which)
        else:
            self._cancel(which, by_customer=by == "customer")

    def _confirm(self, which: int) -> None:
        self.step(which, {"token_paid"}, "confirmed", self.cases[which].confirm)

    def _register(self, which: int) -> None:
        self.step(which, {"confirmed"}, "agreement_registered", self.cases[which].register)

    def _hand_over(self, which: int) -> None:
        case, book = self.cases[which], self.books[which]
        expected = Refusal("invalid_transition")
        if book.status == "agreement_registered":
            remains = book.payable() - book.paid()
            if not remains:
                self.step(which, {book.status}, "handed_over", case.hand_over)
                return
            code = "payable_remains" if remains > 0 else "conflict"
            expected = Refusal(code, abs(remains))
        self.attempt(expected, case.hand_over)

    def _reject(self, which: int) -> None:
        self.step(which, {"pending", "token_paid"}, "rejected", self.cases[which].reject)

    def _cancel(self, which: int, *, by_customer: bool) -> None:
        case, book = self.cases[which], self.books[which]
        cancellable = {"pending", "token_paid", "confirmed", "agreement_registered"}
        by = case.buyer if by_customer else case.seller
        if self.step(which, cancellable, "cancelled", lambda: case.cancel(by)):
            row = case.columns()
            book.deduction = paise(row["deduction_amount"])
            book.compensation = paise(row["compensation_amount"])
            assert book.deduction <= book.paid()
            assert row["refund_amount"] == rupees(book.owed())

    def _expire(self, which: int) -> None:
        case, book = self.cases[which], self.books[which]
        held = self.expires[which] > case.now or book.clearing()
        over = book.status == "pending" and not held
        assert case.expire() is over
        if over:
            book.status = "expired"

    @rule(which=any_of("which"), kind=any_of("kind"), amount=any_of("amount"))
    def add_row(self, which: int, kind: str, amount: int) -> None:
        """A change that is accepted, or a charge that is raised."""
        case, book = self.cases[which], self.books[which]
        open_to = {"confirmed", "agreement_registered"}
        if kind == "charge":
            open_to.add("handed_over")
        elif book.status not in open_to:
            return
        expected = None if book.status in open_to else Refusal("invalid_transition")
        row_id = self.attempt(expected, lambda: case.add(kind, rupees(amount)))
        if row_id is not None:
            book.extras.append(Extra(row_id, kind, amount))

    @rule(which=any_of("which"), place=any_of("place"))
    def void_row(self, which: int, place: int) -> None:
        case, book = self.cases[which], self.books[which]
        if not book.extras:
            return
        extra = book.extras[place % len(book.extras)]
        with session():
            is_paid = Installment[extra.id].paid_amount > 0
        stuck = book.status in DEAD or (extra.kind == "charge" and is_paid)
        self.attempt(Refusal("invalid_transition") if stuck else None, lambda: case.void(extra.id))
        if not stuck:
            book.extras.remove(extra)

    @rule(days=any_of("days"))
    def wait(self, days: int) -> None:
        for case in self.cases:
            case.now += timedelta(days=days, seconds=1)
            case.tick()

    @rule(seed=st.integers(0, 2**32 - 1))
    def busy_day(self, seed: int) -> None:
        """Many operations in a row, so that a short run goes far too."""
        dice = Random(seed)
        for name in dice.choices(WALK, k=15):
            act = getattr(self, name)
            wanted = [each for each in signature(act).parameters if each != "self"]
            act(**{each: dice.choice(CHOICES[each]) for each in wanted})
            self.the_identity_holds()
        self.numbers_have_no_gaps()

    # What holds after every step.

    @invariant()
    def the_identity_holds(self) -> None:
        for which, (case, book) in enumerate(zip(self.cases, self.books, strict=True)):
            with session():
                check_booking(case.booking.id, book)
            if book.status == "pending":
                assert case.columns()["expires_at"] == self.expires[which]

    @invariant()
    def numbers_have_no_gaps(self) -> None:
        with session():
            check_numbers(self.cases[0].builder.builder_id, self.books)

    def teardown(self) -> None:
        """What an auditor says who knows nothing of this model."""
        assert verify(self.database_url, None)


@pytest.mark.timeout(0)  # it is as long as it was made
def test_the_identity_holds_over_every_order_of_operations(database):
    MoneyMachine.database_url = database
    run_state_machine_as_test(
        MoneyMachine,
        settings=settings(
            max_examples=int(os.environ.get("MONEY_MACHINE_EXAMPLES", "8")),
            stateful_step_count=int(os.environ.get("MONEY_MACHINE_STEPS", "25")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
