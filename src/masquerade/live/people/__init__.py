"""People in view, told apart by place alone: tracks, and decisions from many looks."""

from masquerade.live.people.people import People
from masquerade.live.people.recipe import PeopleRecipe
from masquerade.live.people.weights import weigh

__all__ = ["People", "PeopleRecipe", "weigh"]
