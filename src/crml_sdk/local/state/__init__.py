"""What there is: records, the world, and where they are kept."""
