"""Erasing what is known of somebody, and saying in a receipt what was removed where."""

from guardlayer.knowledge.erasure.erasing import NOT_GIVEN, Erasable, erase
from guardlayer.knowledge.erasure.keys import load_key, make_key
from guardlayer.knowledge.erasure.receipt import Receipt, Taught
from guardlayer.knowledge.erasure.subject import Subject

__all__ = ["NOT_GIVEN", "Erasable", "Receipt", "Subject", "Taught", "erase", "load_key", "make_key"]
