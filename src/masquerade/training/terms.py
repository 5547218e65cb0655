"""What a card says of the terms under which a trained network may be used."""

COMMERCIAL = {
    True: "Whoever trained it says that they allow commercial use.",
    False: "Nobody said that they allow commercial use.",
}
"""Words after "The terms of these photos hold.", by what the user said."""
