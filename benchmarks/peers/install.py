"""Makes one environment for each peer: ``python benchmarks/peers/install.py [recbole rectools replay]``.

Each lands in ``.venvs/<peer>`` at the root of the repository (git-ignored). torch is put in first, as a CPU build, and
pinned while the rest is installed, so that no package pulls a CUDA build.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE.parents[1] / ".venvs"
PEERS = {"recbole": "recbole.trainer", "rectools": "rectools.models", "replay": "replay.nn.sequential"}
PYTHONS = ("python3.11", "python3.12", "python3.10")
CONSTRAINTS = HERE / "requirements" / "constraints.txt"


def interpreter() -> str:
    """A Python that all three peers support."""
    for name in (sys.executable, *PYTHONS):
        path = shutil.which(name)
        if path is None:
            continue
        asked = subprocess.run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True)
        if f"python{asked.stdout.decode().strip()}" in PYTHONS:
            return path
    raise SystemExit(f"no suitable Python found on PATH; the peers run on {', '.join(PYTHONS)}")


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment."""
    folder = "Scripts" if platform.system() == "Windows" else "bin"
    return ENVIRONMENTS / peer / folder / "python"


def torch_requirement() -> str:
    """On Linux the plain version is a CUDA build, and the CPU build carries a local label."""
    pinned = CONSTRAINTS.read_text(encoding="utf-8").splitlines()[-1]
    return f"{pinned}+cpu" if platform.system() == "Linux" else pinned


def install(peer: str) -> None:
    """Builds one environment, or completes one that was begun."""
    python = python_of(peer)
    if not python.exists():
        subprocess.run([interpreter(), "-m", "venv", str(ENVIRONMENTS / peer)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS)]
    if subprocess.run([*pip, torch_requirement()]).returncode:
        raise SystemExit(
            f"pip found no {torch_requirement()}: tell it where CPU builds of torch are, "
            "with PIP_FIND_LINKS (a folder of wheels) or PIP_EXTRA_INDEX_URL"
        )
    subprocess.run([*pip, "--requirement", str(HERE / "requirements" / f"{peer}.txt")], check=True)
    check = f"import torch, {PEERS[peer]}; assert torch.version.cuda is None, 'a CUDA build of torch came in'"
    subprocess.run([str(python), "-W", "ignore", "-c", check], check=True)
    print(f"{peer}: {python}")


def main() -> None:
    """Installs the peers named, or all."""
    parser = argparse.ArgumentParser(description="Make an environment for each peer under .venvs")
    parser.add_argument("peers", nargs="*", help=f"any of {', '.join(PEERS)}; none: all")
    chosen = parser.parse_args().peers or list(PEERS)
    for peer in chosen:
        if peer not in PEERS:
            parser.error(f"there is no peer {peer!r}; choose among {', '.join(PEERS)}")
        install(peer)


if __name__ == "__main__":
    main()
