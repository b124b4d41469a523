"""Jobs: transitions of records, and the executors that move them."""
