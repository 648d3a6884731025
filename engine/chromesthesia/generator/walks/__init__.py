"""Ways through the generator's imagination: what is asked of it, picture after picture."""
