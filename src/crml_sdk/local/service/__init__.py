"""The service as data: its operations and shapes, how requests are read and replies written."""
