"""From a request to its reply, and the transports for them."""
