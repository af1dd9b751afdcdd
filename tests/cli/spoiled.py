"""What somebody may do to the books by SQL, for each check of `realty audit verify`.

Ids stand in braces by the names that `tests.cli.test_audit.books` gives them.
"""

from __future__ import annotations

SPOILED: dict[str, list[tuple[str, str]]] = {
    "the hash of each fact is that of its columns": [
        (
            "UPDATE audit_log SET details = NULL WHERE entity_id = {token}",
            r"audit_log \d+: expected hash [0-9a-f]{64}, found [0-9a-f]{64}",
        ),
        (
            "UPDATE audit_log SET at = '2020-01-01 00:00:00.000000' WHERE entity_id = {token}",
            r"audit_log \d+",
        ),
    ],
    "the facts of each chain follow one another": [
        (
            "UPDATE audit_log SET hash = previous_hash WHERE position = 2",
            r"audit_log \d+: expected previous hash",
        ),
        (
            "DELETE FROM audit_log WHERE position = 2",
            r"audit_log \d+: expected position 2 of the builder {builder} chain, found 3",
        ),
    ],
    "the head of each chain has the count and the hash of its last fact": [
        (
            "DELETE FROM audit_log WHERE position = (SELECT max(position) FROM audit_log)",
            r"audit_heads of the builder {builder} chain: expected \d+ facts .* found count \d+",
        ),
        ("DELETE FROM audit_heads", r"audit_heads of .*found no row"),
        (
            "UPDATE audit_heads SET hash = '" + "0" * 64 + "'",
            "expected hash [0-9a-f]{64}, found 0{64}",
        ),
        ("UPDATE audit_heads SET exported_count = count + 1", "facts, as exported"),
    ],
    "paid_amount is what was received and kept": [
        (
            "UPDATE bookings SET paid_amount = paid_amount + 0.01 WHERE id = {living}",
            r"booking {living}: expected \d+\.\d\d, found \d+\.\d\d",
        ),
        ("UPDATE payments SET amount = amount - 1 WHERE id = {first}", "booking {living}"),
        ("DELETE FROM payments WHERE id = {partial}", "booking {living}"),
        (
            "UPDATE payments SET status = 'completed' WHERE payment_method = 'cheque'",
            "booking {living}",
        ),
    ],
    "each row is paid what the receipts bring it": [
        (
            "UPDATE installments SET paid_amount = paid_amount - 0.01 WHERE id = {row}",
            r"installment {row}: expected \d+\.\d\d, found \d+\.\d\d",
        ),
        (
            "UPDATE payments SET installment_id = {charge} WHERE id = {first}",
            r"installment \d+: expected \d+\.\d\d",
        ),
    ],
    "no more is paid on the rows than on the booking": [
        (
            "UPDATE installments SET paid_amount = amount WHERE id = {charge}",
            "booking {living}",
        ),
    ],
    "a row is paid up to its amount, a void one nothing": [
        (
            "UPDATE installments SET paid_amount = amount + 1 WHERE id = {row}",
            "installment {row}",
        ),
        (
            "UPDATE installments SET status = 'void' WHERE id = {row}",
            r"installment {row}: expected 0\.00",
        ),
    ],
    "a row is paid when all of it is paid": [
        (
            "UPDATE installments SET status = 'paid' WHERE id = {charge}",
            "installment {charge}: expected not paid, found paid",
        ),
    ],
    "plan rows sum to total_amount": [
        ("UPDATE installments SET amount = amount + 1 WHERE id = {row}", "booking {living}"),
    ],
    "variation rows sum to variation_amount": [
        (
            "UPDATE bookings SET variation_amount = 901 WHERE id = {living}",
            r"booking {living}: expected 900\.00, found 901\.00",
        ),
    ],
    "charge rows sum to charge_amount": [
        (
            "UPDATE installments SET status = 'void' WHERE id = {charge}",
            r"booking {living}: expected 0\.00, found 700\.00",
        ),
    ],
    "total_amount is the agreement value with its tax": [
        ("UPDATE bookings SET gst_amount = gst_amount + 1 WHERE id = {held}", "booking {held}"),
    ],
    "no more is given back of a payment than it brought": [
        (
            "UPDATE payments SET amount = 10000000 WHERE id = {partial}",
            r"payment {part}: expected 2000\.00, found 10000000\.00",
        ),
    ],
    "what undoes a payment names one that it may undo": [
        (
            "UPDATE payments SET reverses_payment_id = {token} WHERE id = {partial}",
            "payment {partial}: .* found payment {token}",
        ),
        (
            "UPDATE payments SET reverses_payment_id = NULL WHERE id = {refund}",
            "payment {refund}: .* found none",
        ),
        (
            "UPDATE payments SET reverses_payment_id = {first} WHERE id = {part}",
            "payment {part}: .* found payment {first}",
        ),
    ],
    "reversed_in_full says what the reversals say": [
        (
            "UPDATE payments SET reversed_in_full = false WHERE id = {whole}",
            "payment {whole}: expected true, found false",
        ),
        (
            "UPDATE payments SET reversed_in_full = true WHERE id = {part}",
            "payment {part}: expected false, found true",
        ),
    ],
    "a payment belongs to its booking's builder and rows": [
        (
            "UPDATE payments SET installment_id = {charge} WHERE id = {token}",
            "payment {token}: .* found .*a row of booking {living}",
        ),
        (
            "UPDATE payments SET builder_id = {rival} WHERE id = {token}",
            "payment {token}: expected builder {builder}, .* found builder {rival}",
        ),
    ],
    "refunds after the end leave the deduction": [
        (
            "UPDATE bookings SET deduction_amount = paid_amount + 1 WHERE id = {ended}",
            "booking {ended}",
        ),
    ],
    "compensation is at most what is due": [
        (
            "UPDATE bookings SET compensation_amount = 24.99 WHERE id = {ended}",
            r"booking {ended}: expected 24\.99, found 25\.00",
        ),
    ],
    "no more than the advance cap before the agreement": [
        (
            "UPDATE bookings SET advance_cap_amount = paid_amount - 1 WHERE id = {held}",
            "booking {held}",
        ),
    ],
    "completed receipts are numbered": [
        (
            "UPDATE payments SET receipt_number = NULL WHERE id = {token}",
            "payment {token}: .* found installment completed, none",
        ),
        (
            "UPDATE payments SET receipt_number = 'RC/1' WHERE id = {refund}",
            "payment {refund}: .* found refund completed, RC/1",
        ),
    ],
    "receipts are numbered without a gap": [
        (
            "UPDATE payments SET receipt_number = 'RC/9' WHERE receipt_number LIKE '%/000002'",
            r"payment \d+: expected RC/\d{4}-\d\d/000001, found RC/9",
        ),
        (
            "UPDATE payments SET receipt_number = REPLACE(receipt_number, '/000002', '/000012')",
            r"payment \d+: expected RC/\d{4}-\d\d/000002, found RC/\d{4}-\d\d/000003",
        ),
    ],
    "a number series stands at its last receipt": [
        (
            "UPDATE number_series SET last_number = 6 WHERE series = 'receipt'",
            "number_series of builder {builder}: expected 5 in .*, found 6 in",
        ),
        ("DELETE FROM number_series WHERE series = 'receipt'", "expected 5 in .*, found 0 in"),
    ],
    "available_units counts the available units": [
        (
            "UPDATE projects SET available_units = available_units + 1 WHERE id = {project}",
            "project {project}: expected 3, found 4",
        ),
        (
            "UPDATE projects SET available_units = 9 WHERE id = {bare}",
            "project {bare}: expected 0, found 9",
        ),
    ],
    "total_units counts the units": [
        (
            "UPDATE projects SET total_units = 7 WHERE id = {project}",
            "project {project}: expected 6, found 7",
        ),
    ],
    "price_range_min is the lowest price": [
        (
            "UPDATE projects SET price_range_min = 1 WHERE id = {project}",
            r"project {project}: expected 6000000\.00, found 1\.00",
        ),
    ],
    "price_range_max is the highest price": [
        (
            "UPDATE projects SET price_range_max = NULL WHERE id = {project}",
            r"project {project}: expected 6000000\.00, found nothing",
        ),
    ],
    "total_projects counts the projects that are not cancelled": [
        (
            "UPDATE builders SET total_projects = 3 WHERE id = {builder}",
            "builder {builder}: expected 2, found 3",
        ),
    ],
    "review_count counts the reviews": [
        (
            "UPDATE builders SET review_count = 2 WHERE id = {builder}",
            "builder {builder}: expected 1, found 2",
        ),
    ],
    "rating is the mean of the reviews": [
        (
            "UPDATE builders SET rating = 4.50 WHERE id = {builder}",
            r"builder {builder}: expected 4\.00, found 4\.50",
        ),
    ],
    "a unit is booked or sold when one booking takes it": [
        (
            "UPDATE units SET status = 'blocked' WHERE id = {held_unit}",
            "unit {held_unit}: expected booked, found blocked",
        ),
        (
            "UPDATE units SET status = 'sold' WHERE id = {free}",
            "unit {free}: expected not booked, found sold",
        ),
        (
            "UPDATE bookings SET unit_id = {free} WHERE id = {held}",
            "unit {held_unit}: expected not booked, found booked",
        ),
    ],
    "a booking is of its unit's project and builder": [
        (
            "UPDATE bookings SET builder_id = {rival} WHERE id = {held}",
            "booking {held}: expected .*builder {builder}, found .*builder {rival}",
        ),
    ],
    "a token is paid when it was received": [
        (
            "UPDATE bookings SET status = 'pending' WHERE id = {held}",
            "booking {held}: expected token_paid, found pending",
        ),
        (
            "UPDATE bookings SET token_amount = token_amount + 1 WHERE id = {held}",
            "booking {held}: expected pending, found token_paid",
        ),
    ],
    "a booking expires while it is pending": [
        (
            "UPDATE bookings SET expires_at = created_at WHERE id = {held}",
            "booking {held}: expected no expires_at, found token_paid",
        ),
    ],
    "a booking that has ended has its end": [
        ("UPDATE bookings SET cancelled_at = NULL WHERE id = {ended}", "booking {ended}"),
    ],
    "a booking is handed over on a day": [
        (
            "UPDATE bookings SET handover_date = '2026-01-01' WHERE id = {living}",
            "booking {living}",
        ),
    ],
}
"""By the rule that is broken: what is done, and which row is named with what."""
