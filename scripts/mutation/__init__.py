"""Mutation testing: changes that tests must notice, made by mutmut and run by us."""
