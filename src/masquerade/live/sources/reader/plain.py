"""What ffmpeg and the system say when a source cannot be read, in words that tell what to do."""

from __future__ import annotations

import re

ANSWER = r"(?:answers|failed:|HTTP error|returned)"
"""What stands before the number of an answer, so that no other number is taken for one."""
PLAIN = (
    (r"Temporary failure in name resolution", "the host's name cannot be looked up now: check the network"),
    (
        r"Name or service not known|nodename nor servname provided|No address associated with hostname"
        r"|Failed to resolve hostname",
        "there is no host of that name: check the address",
    ),
    (r"Connection refused", "nothing listens at that port: check that the camera is on, and its port"),
    (
        r"(?:Connection |Operation )?timed out",
        "it does not answer: check that the camera is on, its address, and the network",
    ),
    (
        r"No route to host|Network is unreachable|Host is unreachable|Network is down",
        "no way leads there: check the network, and the address",
    ),
    (
        rf"{ANSWER} 401\b(?: \w+)?|authorization failed",
        "it wants a user and password, or others: write USER:PASSWORD@ before the host",
    ),
    (rf"{ANSWER} 403\b(?: \w+)?", "it does not let this user see that: check the user's rights at the camera"),
    (
        rf"{ANSWER} 404\b(?: [\w ]+)?|Stream Not Found",
        "there is nothing at that path: check the address behind the host",
    ),
    (
        r"moov atom not found",
        "the film's index is missing: it was cut short, copied in part, or is still being written",
    ),
    (r"Invalid data found when processing input|header parsing failed", "there is no film in it that can be decoded"),
    (r"No such file or directory", "it is not there any more"),
    (r"Permission denied", "it may not be read"),
    (r"Connection reset by peer|Broken pipe", "it hung up"),
    (r"Immediate exit requested", "it took too long"),
)
"""What stands in such a message, and what is said in its place. The first one that fits holds."""
_PLAIN = tuple((re.compile(sign, re.IGNORECASE), words) for sign, words in PLAIN)


def in_plain_words(said: str) -> str:
    """Say what to do, with what was said in brackets; what is not known stays as it is."""
    for sign, words in _PLAIN:
        if found := sign.search(said):
            return f"{words} ({found[0].strip()})"
    return said
