"""Vendor formats, one module each, behind one small protocol; vendor clocks end here."""
