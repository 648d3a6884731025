"""What runs gave: the metrics files, and the pages, tables and figures made of them."""
