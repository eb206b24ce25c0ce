#!/usr/bin/env bash
# From nothing to recommendations: a simulated market, three models, a comparison, a report.
set -euo pipefail
cd "$(dirname "$0")/.."
foretaste() { .venv/bin/python -m foretaste "$@"; }

foretaste data simulate --out data/demo
foretaste data describe data/demo
for recipe in popularity itemknn sasrec; do
    foretaste train "$recipe" --data data/demo --out "runs/demo/$recipe"
done
foretaste compare runs/demo/popularity runs/demo/itemknn runs/demo/sasrec --html report.html
first_user=$(.venv/bin/python -c "import foretaste; print(foretaste.Dataset.load('data/demo').users[0])")
foretaste recommend runs/demo/sasrec --user "$first_user" --data data/demo --k 10
echo "The report is in report.html."
