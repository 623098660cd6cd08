"""Pure planning: (what is seen, now) -> (what should exist, status, when to look again). No I/O and no clock."""
