-- The beginning of an event's text is alike in all that one caller did by one operation, and most of it. It is kept once.
-- generation: the number of the events that share it, divided by 10,000, so that it can go when they have gone.

CREATE TABLE trail_beginnings (
    beginning_id INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    text TEXT NOT NULL
);

-- beginning: what stands before `event` in the event's text; none where `event` is the whole of it.
ALTER TABLE trail ADD COLUMN beginning INTEGER;
