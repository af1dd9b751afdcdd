"""What the command line does, beside its parsing: each opens its own transactions."""
