"""Jobs: what is under way on a record, and what moves it."""
