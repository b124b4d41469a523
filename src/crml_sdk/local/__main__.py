"""`python -m crml_sdk.local`: the local service as a server."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
