"""How units fare: strips of units, spreads as bars, a function over what it gets, and starts side by side."""
