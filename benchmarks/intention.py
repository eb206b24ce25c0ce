"""Does AlphaRec follow a wish in words? HR@5 and NDCG@5 with and without.

    FORETASTE_DATA=DIR python benchmarks/intention.py [--out runs/intention] [--alphas 0,0.2,0.4]
    python benchmarks/intention.py runs/alpharec-beauty [--data DIR]

Without a run, one with the defaults is trained on amazon_scientific and one on movielens_100k, unless they are there.
Every target's wish is made of its categories, genres and brand without any word of its title. The wish's weight is
chosen on the validation targets; the test is read once at that weight, and once without. Results are kept as text under
benchmarks/results/intention, one file for each run.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from foretaste.recipes.intention import ALPHAS, IntentionStudy, study_intention
from foretaste.recipes.run_folder import read_record
from machine import heading, load
from quiet import run

DATA = ("amazon_scientific", "movielens_100k")
RESULTS = Path(__file__).parent / "results" / "intention"
PROTOCOL = """full ranking over the catalogue, items of the history left out, ties count half; a wish is made of the
          target's attributes without any word of its title; alpha chosen on validation NDCG@5."""


def lines(run: Path, study: IntentionStudy) -> list[str]:
    """One run's results as text."""
    record = read_record(run)
    out = [f"{record.data['name']}, {record.recipe}, seed {record.seed}: {study.asked[0]} of {study.asked[1]} targets"]
    out += [f"  valid  alpha {alpha:.1f}  {_numbers(found)}" for alpha, found in study.valid.items()]
    out.append(f"  test   without    {_numbers(study.without)}")
    out.append(f"  test   alpha {study.alpha:.1f}  {_numbers(study.wished)}")
    gain = study.wished["hr@5"] / max(study.without["hr@5"], 1e-9)
    out.append(f"  HR@5 with the wish is {gain:.2f} times that without")
    return out + [f"  {title[:60]!r} was asked for as {wish!r}" for title, wish in study.examples]


def _numbers(found: dict[str, float]) -> str:
    return "  ".join(f"{key} {value:.4f}" for key, value in found.items())


def trained(out: Path) -> list[Path]:
    """Runs with the defaults on the data sets of the comparison."""
    if not os.environ.get("FORETASTE_DATA"):
        sys.exit("FORETASTE_DATA is not set: there is no data to run on")
    runs = [out / name for name in DATA]
    for folder in runs:
        data = Path(os.environ["FORETASTE_DATA"]) / folder.name
        command = [sys.executable, "-m", "foretaste", "train", "alpharec", "--data", str(data), "--out", str(folder)]
        if not (folder / "manifest.json").is_file() and not run(command, folder.with_suffix(".log")):
            sys.exit(f"{folder} failed, see {folder.with_suffix('.log')}")
    return runs


def main() -> None:
    """Measures the runs that were named, or those of the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, help="folders of finished runs of alpharec")
    parser.add_argument("--data", type=Path, default=None, help="where the data set lies now, if it was moved")
    parser.add_argument("--out", type=Path, default=Path("runs/intention"), help="where runs are trained")
    parser.add_argument("--alphas", default=",".join(map(str, ALPHAS)), help="weights to choose among")
    asked = parser.parse_args()
    alphas = tuple(float(part) for part in asked.alphas.split(","))
    RESULTS.mkdir(parents=True, exist_ok=True)
    for folder in asked.runs or trained(asked.out):
        found = lines(folder, study_intention(folder, data=asked.data, alphas=alphas))
        text = "\n".join(heading("A wish in words beside the history", PROTOCOL, load()) + found) + "\n"
        (RESULTS / f"{folder.name}.txt").write_text(text, encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
