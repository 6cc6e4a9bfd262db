"""Error surfaces, flat and solid, and the paths on them."""
