#!/usr/bin/env bash
# The demo as a service with its page: the runs of demo.sh beside two models that read texts, which are trained once.
set -euo pipefail
cd "$(dirname "$0")/.."
foretaste() { .venv/bin/python -m foretaste "$@"; }

for recipe in alpharec textknn; do
    if [ ! -f "runs/demo/$recipe/manifest.json" ]; then
        foretaste train "$recipe" --data data/demo --out "runs/demo/$recipe" text.store=runs/demo/vectors
    fi
done
foretaste events seed data/demo --events runs/demo/events.db
exec .venv/bin/python -m foretaste serve runs/demo/{sasrec,alpharec,textknn,itemknn,popularity} --events runs/demo/events.db "$@"
