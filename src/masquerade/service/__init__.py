"""The HTTP API and the kiosk page."""
