"""What is fuzzed is also met with what is out for trouble."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "fuzz"))
