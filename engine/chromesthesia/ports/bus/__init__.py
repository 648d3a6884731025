"""One ear, many lights: what goes between their machines. Bytes in, bytes out; nothing here knows of a show."""
