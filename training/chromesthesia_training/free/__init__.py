"""An encoder that may be sold: trained on nothing but what is free, and heard in rooms that it never was in."""
