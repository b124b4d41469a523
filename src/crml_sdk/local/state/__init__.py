"""The state: records, the world, and where they are saved."""
