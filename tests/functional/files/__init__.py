"""Uploads, links, and what is read by them."""
