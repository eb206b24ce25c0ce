"""A process that fills a store and may be killed at any moment: FOLDER COUNT SLOWNESS."""

from __future__ import annotations

import sys

from store_fakes import FakeEncoder, catalogue

from foretaste.text.store import EmbeddingStore, StoreSpec, fill

if __name__ == "__main__":
    folder, count, slow = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    encoder = FakeEncoder(slow=slow)
    store = EmbeddingStore.create(folder, StoreSpec.of(encoder, "prompt-1"))
    print("ready", flush=True)
    done = fill(store, *catalogue(count), encoder, rows=16)
    print(f"encoded {done.encoded}", flush=True)
