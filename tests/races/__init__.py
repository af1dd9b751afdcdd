"""Many callers at once, on several server processes, and what is left when one is killed."""
