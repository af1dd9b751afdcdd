"""Cashiers: threads that move money over HTTP, at random, and write down what they were told."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any

from tests.factories import BookingRow, BuilderAccount, CustomerAccount
from tests.races.money_checker import Entry
from tests.server_processes import Fleet, Reply

METHODS = ["bank_transfer", "upi", "cheque", "cheque", "demand_draft", "card", "cash", "loan"]
ACTIONS = ["accept", "decline", "clear", "clear", "bounce", "fail"]
REFUSALS = {
    "booking_closed",
    "cash_limit",
    "duplicate_transaction",
    "idempotency_in_progress",
    "invalid_transition",
    "overpayment",
    "quote_changed",
    "refund_exceeds_due",
    "rera_advance_cap",
    "report_limit",
    "reversal_exceeds_payment",
    "validation_error",
    "conflict",
}
"""What a cashier may be told, beside a success."""


@dataclass(frozen=True)
class Deal:
    """A booking with both of its sides; `largest` is the most that one payment brings."""

    booking: BookingRow
    builder: BuilderAccount
    customer: CustomerAccount
    largest: Decimal


@dataclass
class Desk:
    """What all cashiers know, and what each of them was told."""

    fleet: Fleet
    deals: Sequence[Deal]
    today: str
    told: list[Entry] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    payments: list[tuple[Deal, int]] = field(default_factory=list)
    charges: list[tuple[Deal, int]] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)


class Cashier:
    """One thread's worth of random operations."""

    def __init__(self, desk: Desk, place: int, seed: int) -> None:
        self._desk = desk
        self._place = place
        self._dice = random.Random(f"{seed}-{place}")
        self._count = 0

    def work(self, operations: int) -> None:
        """Do so many operations, one after the other."""
        acts: list[tuple[int, Callable[[], None]]] = [
            (30, self._record),
            (8, self._report),
            (28, self._move),
            (12, self._refund),
            (12, self._reverse),
            (5, self._raise_charge),
            (4, self._void_charge),
            (2, self._cancel),
        ]
        weights, chosen = zip(*acts, strict=True)
        for act in self._dice.choices(chosen, weights, k=operations):
            self._count += 1
            act()

    def _record(self) -> None:
        deal = self._dice.choice(self._desk.deals)
        self._make(deal, deal.builder.token, "/api/payments", self._payment(deal))

    def _report(self) -> None:
        deal = self._dice.choice(self._desk.deals)
        self._make(deal, deal.customer.token, "/api/payments", self._payment(deal))

    def _payment(self, deal: Deal) -> dict[str, Any]:
        method = self._dice.choice(METHODS)
        few = self._dice.random() < 0.2
        number = self._dice.randrange(40) if few else f"{self._place}-{self._count}"
        return {
            "booking_id": deal.booking.id,
            "payment_type": "installment",
            "amount": self._amount(deal, method),
            "payment_method": method,
            "transaction_id": None if method == "cash" else f"TX-{number}",
            "payment_date": self._desk.today,
        }

    def _amount(self, deal: Deal, method: str) -> str:
        most = Decimal(3000) if method == "cash" else deal.largest
        part = Decimal(self._dice.choice(["0.001", "0.1", "0.3", "0.5", "1"]))
        return str(max(Decimal("0.01"), (most * part).quantize(Decimal("0.01"))))

    def _move(self) -> None:
        if picked := self._pick(self._desk.payments):
            deal, payment_id = picked
            body = {"action": self._dice.choice(ACTIONS), "reason": "As the bank told us."}
            if body["action"] in {"accept", "clear"}:
                del body["reason"]
            path = f"/api/payments/{payment_id}/status"
            self._send("PATCH", deal, deal.builder.token, path, body)

    def _refund(self) -> None:
        owed = [each for each in self._desk.payments if each[0].booking.id in self._desk.ended]
        if picked := self._pick(owed or self._desk.payments):
            deal, payment_id = picked
            body = {
                "amount": self._amount(deal, "upi"),
                "payment_method": self._dice.choice(["upi", "cheque"]),
                "transaction_id": f"RF-{self._place}-{self._count}",
                "payment_date": self._desk.today,
            }
            path = f"/api/payments/{payment_id}/refund"
            self._make(deal, deal.builder.token, path, body)

    def _reverse(self) -> None:
        if picked := self._pick(self._desk.payments):
            deal, payment_id = picked
            body = {"reason": "The cheque was returned."}
            if self._dice.random() < 0.5:
                body["amount"] = self._amount(deal, "upi")
            path = f"/api/payments/{payment_id}/reverse"
            self._make(deal, deal.builder.token, path, body)

    def _raise_charge(self) -> None:
        deal = self._dice.choice(self._desk.deals)
        body = {"charge_code": "parking", "label": "Parking", "amount": "150000.00"}
        path = f"/api/bookings/{deal.booking.id}/charges"
        reply = self._send("POST", deal, deal.builder.token, path, body)
        if reply.status == 201:
            with self._desk.lock:
                self._desk.charges.append((deal, reply.data["installment"]["id"]))

    def _void_charge(self) -> None:
        if picked := self._pick(self._desk.charges):
            deal, row_id = picked
            path = f"/api/bookings/{deal.booking.id}/charges/{row_id}/void"
            self._send("POST", deal, deal.builder.token, path, {"reason": "Raised by mistake."})

    def _cancel(self) -> None:
        """Seldom: a dead booking never comes back."""
        if self._dice.random() < 0.4:
            deal = self._dice.choice(self._desk.deals)
            side = self._dice.choice([deal.builder.token, deal.customer.token])
            path = f"/api/bookings/{deal.booking.id}"
            quote = self._send("GET", deal, side, f"{path}/cancellation-quote")
            if quote.status == 200:
                refund = quote.data["quote"]["refund_amount"]
                body = {"reason": "No", "expected_refund": refund}
                if self._send("POST", deal, side, f"{path}/cancel", body).status == 200:
                    self._desk.ended.add(deal.booking.id)

    def _pick(self, known: list[tuple[Deal, int]]) -> tuple[Deal, int] | None:
        with self._desk.lock:
            return self._dice.choice(known[-60:]) if known else None

    def _make(self, deal: Deal, token: str, path: str, body: dict[str, Any]) -> None:
        """Ask for a new payment row; one of twenty asks again, with the same key."""
        twice = self._dice.random() < 0.05
        key = f"cashier-{self._place}-{self._count}" if twice else None
        for _ in range(2 if twice else 1):
            reply = self._send("POST", deal, token, path, body, key)
            made = reply.data["payment"] if reply.status == 201 else None
            with self._desk.lock:
                self._desk.told.append(
                    Entry(
                        deal.booking.id,
                        reply.status,
                        reply.code,
                        made and made["id"],
                        Decimal(body["amount"]) if "amount" in body else None,
                        key,
                    )
                )
                if made:
                    self._desk.payments.append((deal, made["id"]))

    def _send(
        self,
        method: str,
        deal: Deal,
        token: str,
        path: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Reply:
        server = self._place + self._count
        headers = {"Idempotency-Key": key} if key else {}
        reply = self._desk.fleet.request(method, server, path, body, token=token, headers=headers)
        fine = reply.status in {200, 201} or reply.code in REFUSALS
        with self._desk.lock:
            self._desk.codes.append(reply.code or str(reply.status))
        assert fine, (method, path, body, reply.status, reply.body)
        return reply
