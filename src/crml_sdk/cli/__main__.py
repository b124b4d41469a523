"""`python -m crml_sdk.cli`: the same as `crml`."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
