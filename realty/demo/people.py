"""Whom the demo data is about: made-up names, addresses that end in `demo.realty.example`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DOMAIN = "demo.realty.example"
PASSWORD = "Realty-demo-2026"  # noqa: S105 - printed in the README: the password of the demo logins
ADMIN = ("Meenakshi Iyer", f"admin@{DOMAIN}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderPerson:
    """A builder and who signs in for it."""

    email: str
    contact: str
    company_name: str
    license_number: str
    rera_promoter_id: str
    pan: str
    gstin: str
    phone: str
    address: str
    website: str
    description: str
    verified: bool


@dataclass(frozen=True, slots=True)
class CustomerPerson:
    """A customer; `born` is a year, from which the birthday follows."""

    first_name: str
    last_name: str
    email: str
    phone: str
    address: str
    born: int
    occupation: str
    contact_method: str
    pan: str


BUILDERS = (
    BuilderPerson(
        email=f"builder@{DOMAIN}",
        contact="Anand Kulkarni",
        company_name="Nandi Vistara Habitats Pvt Ltd",
        license_number="KA-BLD-2011-0387",
        rera_promoter_id="PRM/KA/RERA/1251/446/PR/171015/000123",
        pan="AABCN4821K",
        gstin="29AABCN4821K1ZA",
        phone="+918041275500",
        address="4th Floor, Vistara House, 27 Infantry Road, Bengaluru 560001",
        website="https://nandi-vistara.example",
        description=(
            "Since 2003 we have built homes around old trees and tanks in north and east "
            "Bengaluru: 41 projects, 6,200 families. ನಮ್ಮ ಮನೆ, ನಿಮ್ಮ ಕನಸು."
        ),
        verified=True,
    ),
    BuilderPerson(
        email=f"sales.konkan@{DOMAIN}",
        contact="Farah Merchant",
        company_name="Konkan Shoreline Developers Ltd",
        license_number="MH-BLD-2008-1142",
        rera_promoter_id="A51800004417",
        pan="AACCK7306D",
        gstin="27AACCK7306D1ZT",
        phone="+912226591800",
        address="Shoreline Chambers, 88 Dr Annie Besant Road, Worli, Mumbai 400018",
        website="https://konkan-shoreline.example",
        description=(
            "Towers by the sea in Mumbai and townships along the rivers of Pune. "
            "घर म्हणजे फक्त भिंती नव्हेत: we hand over on the date that we register."
        ),
        verified=True,
    ),
    BuilderPerson(
        email=f"office.golkonda@{DOMAIN}",
        contact="Srinivas Reddy",
        company_name="Golkonda Meridian Estates LLP",
        license_number="TS-BLD-2016-0219",
        rera_promoter_id="P02400000871",
        pan="AAGFG1954Q",
        gstin="36AAGFG1954Q1ZV",
        phone="+914023117700",
        address="Plot 42, Road No. 36, Jubilee Hills, Hyderabad 500033",
        website="https://golkonda-meridian.example",
        description="A family firm of structural engineers: few towers, each built by ourselves.",
        verified=False,
    ),
)

_ROWS: tuple[tuple[Any, ...], ...] = (
    ("Asha", "Rao", "customer", "+919845012345", "14 Temple Street, Malleswaram, Bengaluru 560003",
     1988, "Software architect", "whatsapp", "ABRPR4417C"),
    ("Vikram", "Shetty", "", "+919880123401", "Kadri Hills, Mangaluru 575002", 1981,
     "Cardiologist", "phone", "AKSPS2291H"),
    ("Priya", "Nair", "", "+919447012302", "Panampilly Nagar, Kochi 682036", 1992,
     "Product manager", "email", "BQTPN7742L"),
    ("Imran", "Qureshi", "", "+919845098703", "Frazer Town, Bengaluru 560005", 1985,
     "Restaurateur", "whatsapp", "AHVPQ1120M"),
    ("Lakshmi", "Subramanian", "", "+919840011204", "Mylapore, Chennai 600004", 1976,
     "Chartered accountant", "email", "AAJPS9013B"),
    ("Arjun", "Mehta", "", "+919820044505", "Vile Parle East, Mumbai 400057", 1990,
     "Investment analyst", "email", "CBXPM5528N"),
    ("Sneha", "Deshpande", "", "+919822067806", "Kothrud, Pune 411038", 1993, "Architect",
     "whatsapp", "DLKPD3307R"),
    ("Rohan", "Joshi", "", "+919823034507", "Sadashiv Peth, Pune 411030", 1987,
     "Mechanical engineer", "phone", "AMTPJ6614F"),
    ("Fatima", "Sheikh", "", "+919819056708", "Bandra West, Mumbai 400050", 1991,
     "Documentary film maker", "email", "BWNPS8801K"),
    ("Karthik", "Reddy", "", "+919849078909", "Banjara Hills, Hyderabad 500034", 1984,
     "Entrepreneur", "whatsapp", "AFYPR3390D"),
    ("Ananya", "Banerjee", "", "+919830012310", "Ballygunge, Kolkata 700019", 1995,
     "Data scientist", "email", "EMCPB1147J"),
    ("Suresh", "Patil", "", "+919422045611", "Nashik Road, Nashik 422101", 1972,
     "Vineyard owner", "phone", "ABKPP7725E"),
    ("Meera", "Krishnan", "", "+919846078912", "Vazhuthacaud, Thiruvananthapuram 695014", 1989,
     "Professor of physics", "email", "BDUPK4483S"),
    ("Gurpreet", "Singh", "", "+919814023413", "Model Town, Ludhiana 141002", 1983,
     "Logistics manager", "phone", "AJRPS5570G"),
    ("Divya", "Menon", "", "+919895045614", "Indiranagar, Bengaluru 560038", 1994,
     "Product designer", "whatsapp", "DZHPM2216T"),
    ("Mohammed", "Irfan", "", "+919866067815", "Tolichowki, Hyderabad 500008", 1986,
     "Civil engineer", "phone", "AHLPI9907Q"),
    ("Kavya", "Gowda", "", "+919972089016", "Vijayanagar, Mysuru 570017", 1996,
     "Ayurvedic physician", "email", "FNAPG6638V"),
    ("Aditya", "Kapoor", "", "+919811012317", "Greater Kailash, New Delhi 110048", 1979,
     "Airline captain", "email", "AEPPK1192A"),
    ("Zoya", "D'Souza", "zoya.dsouza", "+919822190818", "Fontainhas, Panaji 403001", 1990,
     "Hotel manager", "whatsapp", "BYOPD5584W"),
    ("Harish", "Venkataraman", "", "+919884034519", "T. Nagar, Chennai 600017", 1969,
     "Retired banker", "phone", "AACPV8876X"),
)  # fmt: skip

CUSTOMERS: tuple[CustomerPerson, ...] = tuple(
    CustomerPerson(first, last, f"{local or f'{first}.{last}'.lower()}@{DOMAIN}", *rest)
    for first, last, local, *rest in _ROWS
)
