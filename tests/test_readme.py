"""What the README tells people to paste works, against a server with demo data."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.database import outside
from tests.server_processes import serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def pasted(address: str) -> str:
    """Every shell block of the README, spoken to `address`."""
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return "\n".join(blocks).replace("http://127.0.0.1:8000", address)


def test_the_lines_lead_from_a_login_to_a_receipt(database: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": database, "REALTY_BCRYPT_COST": "4"}
    seeding = [sys.executable, "-m", "realty.cli", "seed-demo", "--quiet"]
    subprocess.run(seeding, cwd=ROOT, env=environment, check=True, capture_output=True)
    with serving(database, tmp_path / "log", 1) as fleet:
        host, port = fleet.address(0)
        shell = ["bash", "-euo", "pipefail", "-c", pasted(f"http://{host}:{port}")]
        ran = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert '"success":false' not in ran.stdout

    shown = ran.stdout.splitlines()
    assert shown[-7:-3] == ["Unit booked", "booked", "3", "Unit booked"]
    assert shown[-3:-1] == ["token_paid", "0.00"]
    assert (tmp_path / "receipt.pdf").read_bytes().startswith(b"%PDF-")
    with outside(database) as cursor:
        cursor.execute(
            "SELECT p.total_units, p.available_units, b.total_projects FROM projects p"
            " JOIN builders b ON b.id = p.builder_id WHERE b.company_name = 'Prakriti Homes'"
            " ORDER BY p.id DESC"
        )
        assert tuple(cursor.fetchone()) == (4, 3, 1)
