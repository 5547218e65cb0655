"""Who may ask, and how often: keys, sessions of the kiosk page, rates."""
