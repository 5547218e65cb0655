"""How well people are recognised: trials, and every measure on them."""
