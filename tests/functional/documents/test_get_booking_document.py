"""Letters about a booking: what they say, when they exist, and who gets them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from realty.db import Booking, Customer, Installment
from realty.db.enums import BOOKING_STATUSES
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_builder, make_customer, make_payment
from tests.functional.documents.common import (
    PDF,
    assert_same,
    content,
    demand,
    facts_of,
    make_sale,
    outside,
    pages_of,
    printed,
    solid,
    tables_of,
    words_of,
)

ALIVE = {"token_paid", "confirmed", "agreement_registered", "handed_over"}
EXISTS = {
    "allotment-letter": ALIVE,
    "agreement": ALIVE - {"token_paid"},
    "demand-letter": {"agreement_registered", "handed_over"},
}


def test_the_allotment_letter_states_what_was_sold(api: Api, clock: Clock) -> None:
    sale = make_sale(
        status="token_paid",
        builder={"company_name": "Prakriti Homes", "gstin": "29AABCP1234K1Z6", "pan": "AABCP1234K"},
        customer={"address": "7 Temple Road, Mysuru", "pan": "FGHIJ5678K"},
        project={"rera_authority_url": "https://rera.karnataka.gov.in"},
        unit={
            "tower": "B",
            "unit_number": "B-1204",
            "floor_number": 12,
            "price": Decimal("5000000.05"),
            "preferential_charges": [
                {"code": "park", "label": "Park view", "amount": "150000.00"},
            ],
        },
    )
    make_payment(sale.booking, sale.booking.token_amount, payment_type="token")
    letter = content(api, sale.customer, sale.path("allotment-letter"))
    assert letter["kind"] == "allotment_letter"
    assert letter["reference"] == f"AL/{sale.booking.number}"
    assert letter["is_draft"] is False
    builder = {each["name"]: each["text"] for each in letter["builder"]["facts"]}
    assert letter["builder"]["name"] == "Prakriti Homes"
    assert builder["gstin"] == "29AABCP1234K1Z6"
    assert "pan" not in builder
    project = {each["name"]: each["text"] for each in letter["project"]["facts"]}
    assert project["rera_number"].startswith("PRM/KA/RERA/")
    assert project["rera_authority_url"] == "https://rera.karnataka.gov.in"
    assert "7 Temple Road" in letter["customer"]["facts"][0]["text"]
    facts = facts_of(letter)
    assert facts["booking_number"]["text"] == sale.booking.number
    assert facts["tower"]["text"] == "B"
    assert facts["floor_number"]["text"] == "12"
    assert facts["carpet_area_sqft"]["text"] == "900.00 sq ft (83.61 sq m)"
    assert facts["carpet_area_sqft"]["value"] == "900.00"
    # 5,000,000.05 + 25.00 x 1200.00 + 150,000.00, and 5 % on it.
    assert tables_of(letter)["The price"] == [
        ["Base price", "₹50,00,000.05"],
        ["Floor rise", "₹30,000.00"],
        ["Park view", "₹1,50,000.00"],
        ["Agreement value", "₹51,80,000.05"],
        ["Goods and services tax at 5.00 %", "₹2,59,000.00"],
        ["Total", "₹54,39,000.05"],
    ]
    words = "Rupees fifty-four lakh thirty-nine thousand and five paise only"
    assert facts["total_amount_in_words"] == {
        "name": "total_amount_in_words",
        "label": "Total in words",
        "value": "5439000.05",
        "text": words,
        "is_total": False,
    }
    schedule = tables_of(letter)["The schedule of payments"]
    assert len(schedule) == 11
    assert schedule[-1] == ["", "Total payable", "", "", "₹54,39,000.05"]
    assert facts["paid_amount"]["value"] == "543900.00"
    assert letter["signatures"] == ["For Prakriti Homes", letter["customer"]["name"]]
    assert_same(letter, printed(api, sale.customer, sale.path("allotment-letter")).body)


def test_a_discount_is_taken_off(api: Api, clock: Clock) -> None:
    sale = make_sale(status="token_paid")
    with session():
        booking = Booking[sale.booking.id]
        discount = {"code": "discount", "label": "Discount", "amount": "30000.00"}
        lines = [*booking.price_snapshot["lines"], discount]
        booking.price_snapshot = {**booking.price_snapshot, "lines": lines}
    letter = content(api, sale.builder, sale.path("allotment-letter"))
    assert ["Discount", "-₹30,000.00"] in tables_of(letter)["The price"]


def test_an_exempt_project_says_why(api: Api, clock: Clock) -> None:
    exempt = {"rera_number": None, "rera_valid_until": None, "rera_exempt_reason": "Under 500 sq m"}
    sale = make_sale(project=exempt)
    draft = content(api, sale.customer, sale.path("agreement"))
    project = {each["name"]: each["text"] for each in draft["project"]["facts"]}
    assert project["rera_exempt_reason"] == "Under 500 sq m"
    assert "rera_number" not in project
    assert "not registered under the Act, for this reason: Under 500 sq m" in words_of(draft)


def test_the_agreement_is_a_draft_on_each_page(api: Api, clock: Clock) -> None:
    sale = make_sale(status="confirmed", loan_amount=Decimal("3000000.00"), loan_bank="SBI")
    draft = content(api, sale.builder, sale.path("agreement"))
    assert draft["is_draft"] is True
    assert len(draft["notices"]) == 1
    headings = [part["heading"] for part in draft["sections"] if part["heading"]]
    numbered = [heading for heading in headings if heading[0].isdigit()]
    assert [heading.partition(".")[0] for heading in numbered] == [
        str(number) for number in range(1, len(numbered) + 1)
    ]
    for subject in ("Title", "Registration", "Price", "possession", "interest", "cancellation"):
        assert any(subject in heading for heading in numbered), subject
    for subject in ("Defects", "Conveyance", "Transfer", "Law", "parties", "Tax"):
        assert any(subject in heading for heading in numbered), subject
    words = words_of(draft)
    assert "10.00 % a year" in words
    assert "within 45 days" in words
    assert "more than 60 days" in words
    assert "borrow ₹30,00,000.00 from SBI" in words
    pdf = printed(api, sale.builder, sale.path("agreement")).body
    assert len(pages_of(pdf)) > 2
    assert all("DRAFT" in page for page in pages_of(pdf))
    assert_same(draft, pdf)


def test_the_draft_gives_way_to_the_agreement(api: Api, clock: Clock) -> None:
    sale = make_sale(agreement_number="BNG-1-04512-2026-27")
    draft = content(api, sale.customer, sale.path("agreement"))
    assert "registered as BNG-1-04512-2026-27" in draft["notices"][1]
    assert "{" not in words_of(draft)


def test_only_the_customer_reads_the_whole_pan(api: Api, clock: Clock) -> None:
    sale = make_sale(builder={"pan": "AABCP1234K"}, customer={"pan": "FGHIJ5678K"})

    def pan(document: dict[str, Any]) -> str:
        found = {each["name"]: each["text"] for each in document["customer"]["facts"]}
        return str(found["pan"])

    path = sale.path("agreement")
    assert pan(content(api, sale.customer, path)) == "FGHIJ5678K"
    assert pan(content(api, sale.builder, path)) == "FGHIJ****K"
    assert "FGHIJ5678K" not in "".join(pages_of(printed(api, sale.builder, path).body))


def test_a_demand_states_tax_due_date_and_interest(api: Api, clock: Clock) -> None:
    sale = make_sale(
        builder={"pan": "AABCP1234K"}, unit={"price": Decimal("9970000.00")}
    )  # 10,000,000.00 with the floor rise, 10,500,000.00 with tax
    make_payment(sale.booking, Decimal("1200000.00"))
    row_id = demand(sale, 1)
    letter = content(api, sale.customer, sale.path("demand-letter"), installment_id=row_id)
    assert letter["kind"] == "demand_letter"
    assert letter["reference"] == "DN/2026-27/000007"
    assert letter["notices"] == []
    facts = facts_of(letter)
    texts = {name: each["text"] for name, each in facts.items()}
    assert texts["amount"] == "₹10,50,000.00"
    assert texts["gst_amount"] == "₹50,000.00"
    assert texts["paid_amount"] == "₹1,50,000.00"
    assert texts["pending_amount"] == "₹9,00,000.00"
    assert texts["pending_amount_in_words"] == "Rupees nine lakh only"
    assert texts["tds_amount"] == "₹9,000.00"
    assert texts["net_amount"] == "₹8,91,000.00"
    assert facts["demand_number"]["value"] == "DN/2026-27/000007"
    assert facts["due_date"]["value"] > facts["issued_on"]["value"]
    assert {each["name"]: each["text"] for each in letter["builder"]["facts"]}["pan"]
    assert "194-IA" in words_of(letter)
    assert "10.00 % a year" in words_of(letter)
    pdf = printed(api, sale.customer, sale.path("demand-letter"), installment_id=row_id).body
    assert_same(letter, pdf)


def test_a_demand_without_tds_asks_for_no_pan(api: Api, clock: Clock) -> None:
    sale = make_sale(builder={"pan": "AABCP1234K"}, unit={"price": Decimal("4000000.00")})
    letter = content(api, sale.builder, sale.path("demand-letter"), installment_id=demand(sale))
    assert "tds_amount" not in facts_of(letter)
    assert "194-IA" not in words_of(letter)
    assert "pan" not in {each["name"] for each in letter["builder"]["facts"]}


def test_a_late_demand_shows_the_interest_and_the_others(api: Api, clock: Clock) -> None:
    sale = make_sale(unit={"price": Decimal("9970000.00")})
    late = demand(sale, 1, due_in=-73)
    demand(sale, 2, number=8)
    letter = content(api, sale.customer, sale.path("demand-letter"), installment_id=late)
    # 10 % of 1,050,000.00 for a fifth of a year.
    assert "Interest until today comes to ₹21,000.00" in letter["notices"][0]
    others = tables_of(letter)["Your account"]
    assert [row[0] for row in others] == ["DN/2026-27/000008"]


def test_a_paid_demand_says_so(api: Api, clock: Clock) -> None:
    sale = make_sale()
    make_payment(sale.booking, sale.booking.total_amount)
    letter = content(api, sale.customer, sale.path("demand-letter"), installment_id=demand(sale))
    assert letter["notices"] == ["This demand is paid. Nothing more is asked for by it."]
    assert "tds_amount" not in facts_of(letter)


@pytest.mark.parametrize("kind", EXISTS)
@pytest.mark.parametrize("status", BOOKING_STATUSES)
def test_a_letter_exists_in_its_states(api: Api, clock: Clock, kind: str, status: str) -> None:
    sale = make_sale(status=status)
    params = {"installment_id": demand(sale)} if kind == "demand-letter" else {}
    if kind == "demand-letter" and status not in EXISTS[kind]:
        with session():
            Installment[params["installment_id"]].status = "scheduled"
    expected = 200 if status in EXISTS[kind] else 409
    answer = api.as_(sale.builder).get(sale.path(kind), params, headers=PDF, status=expected)
    if expected == 409:
        assert answer.code == "conflict"
        [detail] = answer.error["details"]
        assert detail["value"] == status
        assert set(detail["allowed"]) == EXISTS[kind]


@pytest.mark.parametrize("status", ["scheduled", "void"])
def test_only_a_standing_demand_has_a_letter(api: Api, clock: Clock, status: str) -> None:
    sale = make_sale()
    row_id = sale.rows[2]
    if status == "void":
        demand(sale, 2)
        with session():
            Installment[row_id].status = "void"
    answer = api.as_(sale.builder).get(
        sale.path("demand-letter"), {"installment_id": row_id}, status=409
    )
    assert answer.error["details"][0]["value"] == status


def test_the_installment_is_named_for_demands_and_only_there(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    me = api.as_(sale.customer)
    missing = me.get(sale.path("demand-letter"), status=422)
    assert missing.error["details"][0]["field"] == "installment_id"
    given = me.get(sale.path("agreement"), {"installment_id": sale.rows[0]}, status=422)
    assert given.error["details"][0]["field"] == "installment_id"
    me.get(sale.path("demand-letter"), {"installment_id": demand(other)}, status=404)
    me.get(sale.path("title-deed"), status=422)


def test_others_get_nothing(api: Api, clock: Clock) -> None:
    sale = make_sale()
    path = sale.path("agreement")
    api.as_(None).get(path, status=401)
    api.as_(make_admin()).get(path, status=403)
    for stranger in (make_customer(), make_builder()):
        api.as_(stranger).get(path, status=404)


def test_hostile_text_stays_text(api: Api, clock: Clock) -> None:
    names = {
        "first_name": '#import "/etc/passwd" *bold* $x^2$ `raw` <b>',
        "last_name": "</script>\u202e\u2066evil\r\nX-Header: 1 {builder} \\ @ref",
    }
    sale = make_sale(
        customer=names,
        builder={"company_name": '#read("/etc/passwd") = Heading'},
        project={"project_name": "[#panic()] // comment"},
    )
    draft = content(api, sale.customer, sale.path("agreement"))
    assert draft["customer"]["name"] == (
        '#import "/etc/passwd" *bold* $x^2$ `raw` <b> </script> evil X-Header: 1 {builder} \\ @ref'
    )
    assert draft["builder"]["name"] == '#read("/etc/passwd") = Heading'
    assert "The promoter is #read(" in words_of(draft)
    assert_same(draft, printed(api, sale.customer, sale.path("agreement")).body)


@pytest.mark.parametrize(
    "name",
    [
        "सत्यनारायण द्विवेदी",
        "ಪ್ರಕಾಶ ಕೃಷ್ಣಮೂರ್ತಿ",
        "தமிழ்ச்செல்வன் ஸ்ரீனிவாசன்",
        "సత్యనారాయణ రెడ్డి",
        "സുബ്രഹ്മണ്യൻ നായർ",
        "সুব্রত চট্টোপাধ্যায়",
        "ગુણવંતભાઈ પટેલ",
        "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
        "ସୁବ୍ରତ ପଣ୍ଡା",
        "Śrī Kṛṣṇamūrti Ācārya",
    ],
)
def test_every_script_is_printed(api: Api, clock: Clock, name: str) -> None:
    sale = make_sale(status="token_paid", customer={"first_name": name, "last_name": "R"})
    path = sale.path("allotment-letter")
    pdf = printed(api, sale.customer, path).body
    assert solid(f"{name} R") in solid("".join(pages_of(pdf)))
    assert outside(pdf) == []


def test_a_letter_that_no_typeface_has_costs_nobody_the_document(api: Api, clock: Clock) -> None:
    sale = make_sale(status="token_paid", customer={"first_name": "张伟", "last_name": "🙂"})
    printed(api, sale.customer, sale.path("allotment-letter"))


def test_long_names_and_long_schedules_stay_on_the_page(api: Api, clock: Clock) -> None:
    sale = make_sale(
        status="confirmed",
        builder={"company_name": "W" * 200, "address": "1/" * 150, "gstin": "29AABCP1234K1Z6"},
        customer={"first_name": "ಕೃಷ್ಣ" * 20, "last_name": "M" * 100, "address": "व्य" * 90},
        project={"project_name": "Q" * 200, "rera_authority_url": f"https://rera.in/{'a' * 300}"},
        unit={"tower": "T" * 50, "unit_number": "U" * 50},
    )
    with session():
        booking = Booking[sale.booking.id]
        for number in range(60):
            Installment(
                booking=booking,
                sequence=100 + number,
                kind="charge",
                label=f"Maintenance of month {number + 1}" + " and on" * (number % 9 == 0) * 12,
                charge_code="maintenance",
                amount=Decimal("999999999999.99"),
                status="scheduled",
            )
    letter = content(api, sale.builder, sale.path("agreement"))
    pdf = printed(api, sale.builder, sale.path("agreement")).body
    assert outside(pdf) == []
    assert_same(letter, pdf)
    pages = pages_of(pdf)
    with_rows = [page for page in pages if "Maintenance of month" in page]
    assert len(with_rows) > 1
    assert all("Installment" in page and "Due" in page for page in with_rows)


def test_the_file_has_a_safe_name_and_is_kept_by_nobody(api: Api, clock: Clock) -> None:
    sale = make_sale(booking_number='BK-"2026"/../x\u0906')
    for accept in ("application/pdf", "*/*", "text/html", "image/png;q=0.3, */*;q=0.1"):
        answer = api.as_(sale.customer).get(sale.path("agreement"), headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == (
            'attachment; filename="agreement-ad-bk-2026-x.pdf"'
        )
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Accept" in answer.headers["Vary"]
    answer = api.as_(sale.customer).get(
        sale.path("agreement"), headers={"Accept": "application/json, application/pdf;q=0.5"}
    )
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_same_content_gives_the_same_bytes(api: Api, clock: Clock) -> None:
    sale = make_sale()
    first, second = (printed(api, sale.customer, sale.path("agreement")).body for _ in range(2))
    assert first == second
    with session():
        Customer[sale.customer.customer_id].first_name = "Meenākshi"
    assert printed(api, sale.customer, sale.path("agreement")).body != first
