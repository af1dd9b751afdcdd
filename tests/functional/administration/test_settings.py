"""list_settings and update_setting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from realty.db import Booking, SystemSetting
from realty.db.session import session
from realty.rules.policy import SETTINGS, Policy
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import Account, make_admin, make_booking, make_customer
from tests.functional.bookings.common import act, book, make_sale
from tests.functional.queries import queries
from tests.functional.test_audited import noted

PATH = "/api/settings"


def put(api: Api, admin: Account, key: str, value: Any, status: int = 200) -> Any:
    return api.as_(admin).put(f"{PATH}/{key}", {"setting_value": value}, status=status)


def listed(api: Api, admin: Account) -> dict[str, Any]:
    return {each["setting_key"]: each for each in api.as_(admin).get(PATH).data["settings"]}


def test_list_settings_shows_every_setting_in_order_with_its_default_and_bounds(api: Api) -> None:
    admin = make_admin()
    shown = api.as_(admin).get(PATH).data["settings"]
    assert [each["setting_key"] for each in shown] == sorted(spec.key for spec in SETTINGS)
    found = {each["setting_key"]: each for each in shown}
    for spec in SETTINGS:
        assert found[spec.key]["default_value"] == spec.default_json
        assert found[spec.key]["setting_value"] == spec.default_json
        assert found[spec.key]["description"] == spec.description
        assert (found[spec.key]["minimum"] is None) == (spec.setting_type != "number")
    assert found["booking.hold_hours"] == {
        "setting_key": "booking.hold_hours",
        "setting_type": "number",
        "setting_value": 72,
        "default_value": 72,
        "minimum": 1,
        "maximum": 8760,
        "is_default": True,
        "is_public": True,
        "category": "booking",
        "description": "Hours after which a pending booking expires.",
        "updated_by": None,
        "updated_at": None,
    }
    percent = found["booking.token_percent"]
    assert (percent["minimum"], percent["maximum"]) == ("0.00", "100.00")
    assert {each["category"] for each in shown} >= {"booking", "gst", "login", "files"}


def test_list_settings_needs_three_queries_whatever_was_set(api: Api) -> None:
    for key, value in (("refund.days", 30), ("demand.due_days", 20), ("link.file_minutes", 5)):
        put(api, make_admin(), key, value)
    admin = make_admin()
    with queries() as sent:
        found = listed(api, admin)
    assert found["refund.days"]["updated_by"] is not None
    assert len(sent) == 3, sent


def test_update_setting_counts_at_once_and_says_who_did_it(api: Api, clock: Clock) -> None:
    admin, sale = make_admin(full_name="Meera Prakash"), make_sale()

    changed = put(api, admin, "booking.hold_hours", 5).data["setting"]

    assert (changed["setting_value"], changed["default_value"]) == (5, 72)
    assert changed["is_default"] is False
    assert changed["updated_by"] == {
        "id": admin.user_id,
        "full_name": "Meera Prakash",
        "user_type": "admin",
    }
    assert changed["updated_at"] is not None
    assert listed(api, admin)["booking.hold_hours"] == changed
    public = api.get("/api/settings/public").data["settings"]
    assert {each["setting_key"]: each["setting_value"] for each in public}[
        "booking.hold_hours"
    ] == 5
    booking = book(api, sale)
    held = datetime.fromisoformat(booking["expires_at"]) - CLOCK.now().replace(tzinfo=UTC)
    assert held == timedelta(hours=5)


WRONG = [
    ("booking.hold_hours", 0, "from 1 to 8760"),
    ("booking.hold_hours", 8761, "from 1 to 8760"),
    ("booking.hold_hours", "72", "whole number"),
    ("booking.hold_hours", 72.5, "whole number"),
    ("booking.hold_hours", True, "whole number"),
    ("booking.hold_hours", [72], "whole number"),
    ("booking.token_percent", 10, "text with two places"),
    ("booking.token_percent", "100.01", "to 100"),
    ("booking.token_percent", "-0.01", "from 0.00"),
    ("booking.token_percent", "10", "two places"),
    ("booking.token_percent", "NaN", "two places"),
    ("cash.limit", "1" * 30, "two places"),
    ("builders.require_verification", "true", "true or false"),
    ("builders.require_verification", 1, "true or false"),
    ("reminder.payment_days", {"a": 1}, ""),
    ("payment_plan.loan", [], ""),
    ("gst.metro_cities", ["x" * 200], ""),
]


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_update_setting_refuses_a_wrong_type_and_names_the_bound(
    api: Api, key: str, value: Any, words: str
) -> None:
    admin = make_admin()
    refused = put(api, admin, key, value, 422)
    assert refused.code == "validation_error"
    (detail,) = refused.error["details"]
    assert detail["field"].startswith("setting_value")
    assert words in detail["message"]
    assert listed(api, admin)[key]["is_default"] is True
    assert noted() == []


def test_every_setting_takes_its_default_and_its_bounds(api: Api) -> None:
    """What the list shows can be sent back as it is."""
    admin = make_admin()
    for each in api.as_(admin).get(PATH).data["settings"]:
        for name in ("default_value", "minimum", "maximum"):
            if each[name] is not None:
                key = each["setting_key"]
                assert (
                    put(api, admin, key, each[name]).data["setting"]["setting_value"] == each[name]
                )
    with session():
        rows = {row.setting_key: row.setting_value for row in SystemSetting.select()}
        assert len(rows) == len(SETTINGS)
        assert Policy.from_settings(rows)


def test_a_table_of_settings_is_changed_and_audited(api: Api) -> None:
    """One that is an object, as visiting hours are, and not only a list."""
    admin = make_admin()
    hours = {"opens": "07:00", "closes": "08:00"}
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    value = {**dict.fromkeys(days, hours), "sunday": None}
    path = "/api/settings/appointment.visiting_hours"
    changed = api.as_(admin).put(path, {"setting_value": value}).data["setting"]
    assert changed["setting_value"] == value
    (fact, *_) = api.as_(admin).get("/api/audit", {"limit": 1}).data["facts"]
    assert '"sunday":null' in str(fact["details"])


def test_putting_the_default_back(api: Api) -> None:
    admin = make_admin()
    put(api, admin, "refund.days", 30)

    back = put(api, admin, "refund.days", None).data["setting"]

    assert (back["setting_value"], back["is_default"]) == (45, True)
    assert (back["updated_by"], back["updated_at"]) == (None, None)
    with session():
        assert SystemSetting.select().count() == 0
    again = put(api, admin, "refund.days", None).data["setting"]
    assert again == back
    assert [(fact.action, fact.details) for fact in noted()] == [
        (
            "setting.changed",
            {"setting_key": "refund.days", "setting_value": 30, "setting_value_before": 45},
        ),
        (
            "setting.reset",
            {"setting_key": "refund.days", "setting_value": 45, "setting_value_before": 30},
        ),
    ]


def test_a_change_is_audited_on_the_system_s_chain_with_before_and_after(api: Api) -> None:
    first, second = make_admin(), make_admin()
    put(api, first, "builders.require_verification", value=True)
    put(api, second, "reminder.payment_days", [-3, 0])
    put(api, second, "reminder.payment_days", [-3, 0])
    (flag, table) = noted()
    assert flag == (
        *("setting.changed", "setting", None, None, first.user_id),
        {
            "setting_key": "builders.require_verification",
            "setting_value": True,
            "setting_value_before": False,
        },
    )
    assert table.actor_id == second.user_id
    assert table.details == {
        "setting_key": "reminder.payment_days",
        "setting_value": "[-3,0]",
        "setting_value_before": "[-7,-1,0,3,7]",
    }


def test_update_setting_of_an_unknown_key_is_404(api: Api) -> None:
    admin = make_admin()
    for key in ("booking.nonsense", "hold_hours", "booking"):
        assert put(api, admin, key, 1, 404).code == "not_found"
    for key in ("Booking.Hold", "a" * 101):
        put(api, admin, key, 1, 422)


def test_update_setting_needs_a_value(api: Api) -> None:
    admin = make_admin()
    path = f"{PATH}/refund.days"
    for body in ({}, {"value": 3}, {"setting_value": 3, "is_public": True}):
        assert api.as_(admin).put(path, body, status=422).code == "validation_error"
    api.as_(make_customer()).put(path, {"setting_value": 3}, status=403)
    api.put(path, {"setting_value": 3}, status=401)


def test_what_stands_keeps_the_figures_it_was_made_with(api: Api) -> None:
    """A booking keeps the hold that it was promised; a new one gets another."""
    admin, sale = make_admin(), make_sale()
    before = make_booking(sale.unit, sale.customer)
    with session():
        expires = Booking[before.id].expires_at
    put(api, admin, "booking.hold_hours", 1)
    shown = api.as_(sale.customer).get(f"/api/bookings/{before.id}").data["booking"]
    assert shown["expires_at"].startswith(expires.isoformat()[:19])
    act(api, sale.customer, before.id, "cancel", {"reason": "No", "expected_refund": "0.00"})
