"""The schema's history. A revision never changes once it was released; add the next one."""
