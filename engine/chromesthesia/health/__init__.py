"""How a show is: delays measured, pictures watched, what the report says."""
