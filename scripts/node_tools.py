"""The development tools that come from npm, installed as package-lock.json says."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

from scripts import ROOT

NODE_MODULES = ROOT / "node_modules"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
"""Environment of the tools: nothing phones home, nothing advertises."""


class ToolsUnavailable(Exception):
    """One line that says what to do."""


def tool(name: str) -> str:
    """Return the path of a tool, after installing all when the lock file changed.

    Raises `ToolsUnavailable` without npm, or when npm cannot install.
    """
    stamp = NODE_MODULES / "realty-installed"
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise ToolsUnavailable(
                "make check needs Node.js 20 or newer with npm (Debian, Ubuntu: "
                "apt-get install nodejs npm); make serve and make test do without it."
            )
        print("Installing the tools of package-lock.json...", flush=True)
        if subprocess.run([npm, "ci", "--silent"], cwd=ROOT, check=False).returncode:
            raise ToolsUnavailable("npm ci could not install the tools of package-lock.json.")
        stamp.write_text(wanted)
    return str(NODE_MODULES / ".bin" / name)
