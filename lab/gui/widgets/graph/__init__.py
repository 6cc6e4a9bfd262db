"""What the graph of an architecture is made of: blocks, edges, the canvas they lie on, and the ways to grasp them."""
