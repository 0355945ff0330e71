"""One module a stage; each asset takes a partition and a config and calls one domain function."""
