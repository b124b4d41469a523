"""The resource groups: plain methods are generated, the clever ones are written here."""
