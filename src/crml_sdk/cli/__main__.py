"""`python -m crml_sdk.cli`: the same as `crml`."""

from . import process

if __name__ == "__main__":
    process()
