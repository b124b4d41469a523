"""The only package that knows aiobotocore: sessions, clients, parsing, retries, errors.

What it leans on inside aiobotocore and botocore is pinned, test by test, in `tests/wire/`.
"""
