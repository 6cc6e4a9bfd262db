"""Time: the timeline and its track, the transport bar, where a run stands, marks of what was changed."""
