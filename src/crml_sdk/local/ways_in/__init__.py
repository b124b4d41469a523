"""From a request to its reply, and the transports that carry them."""
