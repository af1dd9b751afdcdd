"""The eight projects of the demo data, with the plans from which their units are laid out.

Days count from the day of loading: negative is before it. Money is in rupees.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flat:
    """One position of a floor; areas in square feet, saleable and carpet."""

    unit_type: str
    area: int
    carpet: int
    facing: str
    bedrooms: int = 0
    bathrooms: int = 1
    balconies: int = 0
    parking: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """A tower: its name, its floors from the lowest to the highest, its positions."""

    name: str
    lowest: int
    highest: int
    flats: tuple[Flat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A project."""

    key: str
    builder: int
    name: str
    project_type: str
    status: str
    description: str
    address: str
    city: str
    state: str
    zipcode: str
    latitude: float
    longitude: float
    acres: str
    architect: str
    rera_number: str
    authority: str
    rate: int
    """Per saleable square foot."""
    floor_rise: int
    """Per square foot and floor, above the third."""
    view: tuple[str, str, int]
    """Code, label and amount of the preferential charge of the east and north-east sides."""
    blocks: tuple[Block, ...]
    amenities: tuple[str, ...]
    specifications: tuple[tuple[str, str], ...]
    starts: int
    completes: int
    phases_done: int = 0
    certificate: int | None = None
    published: bool = True
    featured: bool = False
    blocked_every: int = 0
    """Every so many-th unit is kept back, such as a landowner's share; 0 for none."""
    units_word: str = "{block}-{floor}{position:02}"


_KARNATAKA = "https://rera.karnataka.gov.in"
_MAHARASHTRA = "https://maharera.maharashtra.gov.in"
_TELANGANA = "https://rera.telangana.gov.in"

_CLUB = (
    "Clubhouse",
    "Swimming pool",
    "Gymnasium",
    "Children's play area",
    "Power backup at all hours",
)
_GREEN = ("Rainwater harvesting", "Solar water heating", "Sewage treatment plant", "EV charging")
_HOME = (
    ("Structure", "RCC framed, seismic zone II, M30 concrete"),
    ("Flooring", "Vitrified tiles 800 by 800 mm; anti-skid tiles in balconies and bathrooms"),
    ("Kitchen", "Black granite counter, stainless-steel sink, provision for a water purifier"),
    ("Windows", "UPVC sliding with mosquito mesh"),
    ("Electrical", "Concealed copper wiring, modular switches, 5 kVA per home"),
)
_OFFICE = (
    ("Structure", "Post-tensioned slabs, 4.2 m floor to floor"),
    ("Power", "100 % DG backup, 1.2 kVA per 100 sq ft"),
    ("Lifts", "Six passenger lifts with destination control, one service lift"),
)

_TWO = Flat("2bhk", 1180, 826, "north", 2, 2, 1, 1)
_TWO_EAST = Flat("2bhk", 1215, 851, "east", 2, 2, 2, 1)
_THREE = Flat("3bhk", 1640, 1148, "northeast", 3, 3, 2, 1)
_THREE_WEST = Flat("3bhk", 1585, 1110, "west", 3, 3, 2, 1)
_LAKESIDE = (_THREE, _TWO, _TWO_EAST, _THREE_WEST)

_VILLA = Flat("villa", 3240, 2430, "east", 4, 5, 3, 2)
_VILLA_CORNER = Flat("villa", 3620, 2715, "northeast", 4, 5, 4, 2)

_DESK = Flat("office", 1250, 812, "north", 0, 1, 0, 1)
_DESK_EAST = Flat("office", 2100, 1365, "east", 0, 2, 0, 2)

_SEA = (
    Flat("3bhk", 1980, 1287, "east", 3, 4, 2, 2),
    Flat("4bhk", 2720, 1768, "northeast", 4, 5, 3, 3),
    Flat("3bhk", 1910, 1241, "west", 3, 3, 2, 2),
    Flat("4bhk", 2655, 1726, "southwest", 4, 5, 2, 2),
)
_SAHAKAR = (
    Flat("1bhk", 560, 392, "north", 1, 1, 1, 0),
    Flat("1bhk", 575, 403, "east", 1, 1, 1, 0),
    Flat("2bhk", 790, 553, "south", 2, 2, 1, 1),
    Flat("studio", 410, 287, "west", 1, 1, 0, 0),
    Flat("2bhk", 805, 564, "northeast", 2, 2, 1, 1),
)
_RIVER = (
    Flat("2bhk", 1065, 746, "east", 2, 2, 2, 1),
    Flat("3bhk", 1490, 1043, "northeast", 3, 3, 2, 1),
    Flat("2bhk", 1040, 728, "west", 2, 2, 1, 1),
    Flat("3bhk", 1455, 1019, "south", 3, 3, 2, 1),
)
_SHOPS = tuple(Flat("shop", 420 + 60 * (n % 3), 294 + 42 * (n % 3), "north") for n in range(10))
_MERIDIAN = (
    Flat("3bhk", 2150, 1505, "east", 3, 3, 2, 2),
    Flat("4bhk", 2890, 2023, "northeast", 4, 4, 3, 2),
    Flat("3bhk", 2085, 1460, "west", 3, 3, 2, 2),
)
_SKY = (
    Flat("3bhk", 2340, 1638, "east", 3, 4, 3, 2),
    Flat("duplex", 3480, 2436, "northeast", 4, 5, 4, 3),
    Flat("3bhk", 2310, 1617, "south", 3, 4, 2, 2),
)

PLACES = (
    Place(
        key="lakeside",
        builder=0,
        name="Vistara Lakeside",
        project_type="residential",
        status="construction",
        description=(
            "Three towers on the east bank of Rachenahalli lake, with seventy per cent of the "
            "land left open. ಹೆಬ್ಬಾಳದಿಂದ ಹತ್ತು ನಿಮಿಷ. The old banyan stays where it is."
        ),
        address="Survey No. 41/2, Rachenahalli Main Road, Thanisandra",
        city="Bangalore",
        state="Karnataka",
        zipcode="560077",
        latitude=13.0642,
        longitude=77.6256,
        acres="5.25",
        architect="Studio Neem",
        rera_number="PRM/KA/RERA/1251/446/PR/210615/004128",
        authority=_KARNATAKA,
        rate=9800,
        floor_rise=30,
        view=("lake_view", "Lake view", 350_000),
        blocks=tuple(Block(name, 1, 12, _LAKESIDE) for name in "ABC"),
        amenities=(*_CLUB, *_GREEN, "Lakeside jogging track", "Amphitheatre", "Co-working room"),
        specifications=_HOME,
        starts=-640,
        completes=520,
        phases_done=4,
        featured=True,
    ),
    Place(
        key="orchard",
        builder=0,
        name="Vistara Orchard Villas",
        project_type="residential",
        status="completed",
        description=(
            "Forty-eight villas between mango and sapota trees near the airport road. Every villa "
            "has a courtyard, a well and room for two cars."
        ),
        address="Bettakote Road, Devanahalli",
        city="Bangalore",
        state="Karnataka",
        zipcode="562110",
        latitude=13.2296,
        longitude=77.6903,
        acres="9.80",
        architect="Sangeetha Prabhu Associates",
        rera_number="PRM/KA/RERA/1250/303/PR/191107/002985",
        authority=_KARNATAKA,
        rate=8400,
        floor_rise=0,
        view=("orchard_corner", "Corner plot by the orchard", 900_000),
        blocks=(Block("Villa", 0, 0, (*(_VILLA,) * 36, *(_VILLA_CORNER,) * 12)),),
        amenities=(*_CLUB, *_GREEN, "Orchard walk", "Tennis court", "Organic kitchen garden"),
        specifications=_HOME,
        starts=-1500,
        completes=-130,
        phases_done=8,
        certificate=-95,
        units_word="V-{position:02}",
    ),
    Place(
        key="techpark",
        builder=0,
        name="Vistara Square",
        project_type="commercial",
        status="on_hold",
        description=(
            "Grade A offices beside the Kadugodi metro station. Work rests while the road "
            "widening is surveyed; bookings reopen once the new line is notified."
        ),
        address="Channasandra Main Road, Whitefield",
        city="Bangalore",
        state="Karnataka",
        zipcode="560066",
        latitude=12.9857,
        longitude=77.7605,
        acres="2.10",
        architect="Mandala Workplaces",
        rera_number="PRM/KA/RERA/1251/446/PR/230811/006144",
        authority=_KARNATAKA,
        rate=11_500,
        floor_rise=20,
        view=("metro_front", "Frontage to the metro", 450_000),
        blocks=(Block("Square", 1, 10, (_DESK_EAST, *(_DESK,) * 5)),),
        amenities=("Food court", "Bicycle hub", "Conference centre", *_GREEN),
        specifications=_OFFICE,
        starts=-380,
        completes=760,
        phases_done=1,
    ),
    Place(
        key="seafront",
        builder=1,
        name="Shoreline One Worli",
        project_type="residential",
        status="construction",
        description=(
            "One slender tower with four homes on a floor, all with a view of the sea link. "
            "समुद्रकिनारी, शहराच्या मध्यभागी."
        ),
        address="Plot 1A, Khan Abdul Gaffar Khan Road, Worli",
        city="Mumbai",
        state="Maharashtra",
        zipcode="400030",
        latitude=19.0176,
        longitude=72.8162,
        acres="1.35",
        architect="Kanga Raje & Partners",
        rera_number="P51900032817",
        authority=_MAHARASHTRA,
        rate=48_000,
        floor_rise=250,
        view=("sea_view", "Sea view", 7_500_000),
        blocks=(Block("One", 4, 27, _SEA),),
        amenities=(*_CLUB, "Infinity pool on level 28", "Private cinema", "Concierge", "Spa"),
        specifications=(*_HOME, ("Air conditioning", "VRV in all rooms")),
        starts=-900,
        completes=610,
        phases_done=4,
        featured=True,
    ),
    Place(
        key="sahakar",
        builder=1,
        name="Shoreline Sahakar Nagar",
        project_type="residential",
        status="construction",
        description=(
            "Compact homes for first buyers, five minutes from Virar station. Most qualify for "
            "GST at one per cent. पहिलं घर, आपलं घर."
        ),
        address="Survey 112, Narangi Phata, Virar East",
        city="Mumbai",
        state="Maharashtra",
        zipcode="401305",
        latitude=19.4559,
        longitude=72.8270,
        acres="3.60",
        architect="Griha Collective",
        rera_number="P99000041256",
        authority=_MAHARASHTRA,
        rate=6900,
        floor_rise=15,
        view=("garden_view", "Garden view", 60_000),
        blocks=(Block("Kaveri", 1, 10, _SAHAKAR), Block("Godavari", 1, 10, _SAHAKAR)),
        amenities=("Community hall", "Children's play area", "Library", *_GREEN),
        specifications=_HOME,
        starts=-290,
        completes=700,
        phases_done=1,
    ),
    Place(
        key="riverwalk",
        builder=1,
        name="Shoreline Riverwalk",
        project_type="mixed",
        status="construction",
        description=(
            "Two towers above a street of shops on the Mula-Mutha, beside the Kharadi business "
            "district, with a public walk along the bank."
        ),
        address="Survey 68, Kharadi South Main Road",
        city="Pune",
        state="Maharashtra",
        zipcode="411014",
        latitude=18.5515,
        longitude=73.9470,
        acres="4.40",
        architect="Paranjape Sathe Studio",
        rera_number="P52100028834",
        authority=_MAHARASHTRA,
        rate=8900,
        floor_rise=25,
        view=("river_view", "River view", 275_000),
        blocks=(
            Block("Mula", 2, 10, _RIVER),
            Block("Mutha", 2, 10, _RIVER),
            Block("Bazaar", 0, 0, _SHOPS),
        ),
        amenities=(*_CLUB, *_GREEN, "River deck", "Bazaar street", "Pet park"),
        specifications=_HOME,
        starts=-470,
        completes=640,
        phases_done=3,
    ),
    Place(
        key="meridian",
        builder=2,
        name="Meridian Financial District",
        project_type="residential",
        status="delivered",
        description=(
            "Twenty-four large homes at Nanakramguda, handed over. The grey granite came from "
            "the site itself. మీ ఇల్లు సిద్ధంగా ఉంది."
        ),
        address="Survey 115/22, Nanakramguda, Gachibowli",
        city="Hyderabad",
        state="Telangana",
        zipcode="500032",
        latitude=17.4156,
        longitude=78.3420,
        acres="1.10",
        architect="Deccan Form",
        rera_number="P02400002216",
        authority=_TELANGANA,
        rate=7600,
        floor_rise=25,
        view=("park_view", "Park view", 400_000),
        blocks=(Block("Meridian", 1, 8, _MERIDIAN),),
        amenities=(*_CLUB, "Rooftop garden", "Guest suites"),
        specifications=_HOME,
        starts=-1420,
        completes=-210,
        phases_done=8,
        certificate=-180,
        blocked_every=3,
    ),
    Place(
        key="skygardens",
        builder=2,
        name="Meridian Sky Gardens",
        project_type="residential",
        status="planning",
        description="Kokapet, above the Neopolis layout: a garden in the air on every fifth floor.",
        address="Neopolis Plot 14, Kokapet",
        city="Hyderabad",
        state="Telangana",
        zipcode="500075",
        latitude=17.3943,
        longitude=78.3305,
        acres="2.75",
        architect="Deccan Form",
        rera_number="P02400007719",
        authority=_TELANGANA,
        rate=9200,
        floor_rise=40,
        view=("skyline_view", "Skyline view", 600_000),
        blocks=(Block("Sky", 1, 20, _SKY),),
        amenities=(*_CLUB, *_GREEN, "Sky garden on every fifth floor", "Observatory"),
        specifications=_HOME,
        starts=75,
        completes=1480,
        published=False,
    ),
)
