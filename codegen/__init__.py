"""Reads botocore's service models and writes the generated files of crml_sdk. Not shipped."""
