"""Pages of results: one HTML file each, with its pictures inside, no script, no outside host."""
