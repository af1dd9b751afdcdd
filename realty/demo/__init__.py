"""Demo data that people would believe, and volume to measure with."""

from realty.demo.book import load_book
from realty.demo.portal import load_portal
from realty.demo.story import is_empty, load
from realty.demo.volume import load_volume

__all__ = ["is_empty", "load", "load_book", "load_portal", "load_volume"]
