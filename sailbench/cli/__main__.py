"""`python -m sailbench.cli` is `sailbench`."""

import sys

from sailbench.cli import main

sys.exit(main())
