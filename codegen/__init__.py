"""Reads botocore's service models and writes the generated rooms of crml_sdk. Not shipped."""
