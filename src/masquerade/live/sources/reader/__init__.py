"""What runs in the process that reads a source: it can be killed when it hangs, and ends with its source."""
