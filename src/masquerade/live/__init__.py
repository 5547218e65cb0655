"""Watch a camera: sources, people in view, how each wears a mask, alerts. Nobody is identified, nothing is kept."""

from masquerade.live.types import EVENTS, STATES, TROUBLES, Event, Frame, Person, StateChange

__all__ = ["EVENTS", "STATES", "TROUBLES", "Event", "Frame", "Person", "StateChange"]
