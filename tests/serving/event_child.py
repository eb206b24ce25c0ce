"""A process that writes events as fast as it can and prints each id once it was acknowledged; it is killed."""

import sys
import threading

from foretaste.serving.events.event import Event
from foretaste.serving.events.store import EventStore
from foretaste.serving.events.writer import EventWriter

writer = EventWriter(EventStore(sys.argv[1]))
speaking = threading.Lock()


def write(thread: int) -> None:
    for number in range(1_000_000):
        event = Event(f"u{thread}", f"i{number}", number, f"{thread}-{number}")
        writer.submit([event]).result()
        with speaking:
            print(event.event_id, flush=True)


for thread in range(4):
    threading.Thread(target=write, args=(thread,)).start()
