"""The work behind the answers: decoding in processes that can be killed, inference off the event loop."""
