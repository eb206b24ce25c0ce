"""The command line as a person or a program meets it: quick help, clear mistakes, one JSON object."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes import Interruptions
from foretaste.cli.lazy import Verb, help_of
from foretaste.cli.main import DATA_VERBS, VERBS, run

Told = tuple[int, str, str]
Cli = Callable[..., Told]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command in this process: exit code, standard output, standard error."""

    def call(*arguments: object) -> Told:
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_importing_the_package_and_the_command_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'polars', 'numpy', 'scipy', 'optuna', 'duckdb', 'matplotlib'}"
    for call in ("import foretaste, foretaste.core.config", "import foretaste.cli.main as m; m.run(['--help'])"):
        code = f"import sys; {call}; print(sorted({heavy} & set(sys.modules)))"
        assert python(code).stdout.endswith("[]\n")


def test_import_and_help_are_quick() -> None:
    """Processor seconds, the best of three: wall time would measure what else the machine does."""
    clock = "; import resource; u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime)"

    def best(code: str) -> float:
        return min(float(python(code + clock).stdout.splitlines()[-1]) for _ in range(3))

    assert best("import foretaste") < 0.3
    assert best("import foretaste.cli.main as m; m.run(['--help'])") < 0.5


def test_help_lists_every_verb_without_loading_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verb, "load", lambda self, name: pytest.fail(f"{name} was loaded"))
    code, out, _ = cli("--help")
    assert code == 0
    for name, verb in VERBS.items():
        assert name in out
        if isinstance(verb, Verb):
            assert verb.summary[:40] in out
    code, out, _ = cli("data", "--help")
    assert code == 0
    assert all(name in out for name in DATA_VERBS)


@pytest.mark.parametrize("name", [*(n for n, v in VERBS.items() if isinstance(v, Verb)), *DATA_VERBS])
def test_every_verb_keeps_the_convention(name: str) -> None:
    verb = DATA_VERBS.get(name) or VERBS[name]
    assert isinstance(verb, Verb)
    function = getattr(importlib.import_module(verb.module), verb.function)
    assert "json" in inspect.signature(function).parameters
    text, examples = help_of(function)
    assert text
    assert f"foretaste {'data ' if name in DATA_VERBS else ''}{name}" in (examples or function.__globals__["EPILOG"])


@pytest.mark.parametrize("name", [*(n for n, v in VERBS.items() if isinstance(v, Verb))])
def test_every_verb_has_help_with_examples(cli: Cli, name: str) -> None:
    code, out, _ = cli(name, "--help")
    assert code == 0
    assert "Examples:" in out
    assert "Args:" not in out
    assert "--json" in out


def test_version(cli: Cli) -> None:
    assert cli("--version")[:2] == (0, "foretaste 0.1.0\n")


@pytest.mark.parametrize(
    ("arguments", "guess"),
    [
        (["trian"], "did you mean 'train'?"),
        (["data", "improt"], "did you mean 'import'?"),
        (["train", "fkae", "--data", "{data}", "--out", "{out}"], "did you mean 'fake'?"),
        (["train", "fake", "--dta", "{data}", "--out", "{out}"], "did you mean '--data'?"),
        (["train", "fake", "--data", "{data}x", "--out", "{out}"], "did you mean '{data}'?"),
        (["train", "fake", "--data", "{data}", "--out", "{out}", "dmi=3"], "did you mean 'dim'?"),
        (["train", "fake", "--data", "{data}", "--out", "{out}", "tarin.lr=3"], "did you mean 'train.lr'?"),
        (["train", "fake", "--data", "{data}", "--out", "{out}", "shape=rond"], "did you mean 'round'?"),
        (["train", "fake", "--data", "{data}", "--out", "{out}", "--config", "{data}/meta.jsn"], "meta.json"),
        (["show", "fakee"], "did you mean 'fake'?"),
        (["recommend", "{data}/../tyni", "--history", "i1"], "did you mean '{data}/../tiny'?"),
        (["ls", "{data}y"], "did you mean '{data}'?"),
        (["doctor", "--dtaa", "x"], "did you mean '--data'?"),
    ],
)
def test_everything_misspelt_is_answered_with_the_nearest(
    cli: Cli, fake_recipe: Interruptions, tidy: Path, tmp_path: Path, arguments: list[str], guess: str
) -> None:
    texts = [text.format(data=tidy, out=tmp_path / "run") for text in arguments]
    code, out, err = cli(*texts)
    assert code == 2
    assert out == ""
    assert guess.format(data=tidy) in err
    assert "Traceback" not in err
    code, out, err = cli(*texts, "--json")
    assert code == 2
    told = json.loads(out)
    assert set(told) == {"error", "where", "allowed", "mend"}
    assert guess.format(data=tidy) in told["mend"]
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["train"], "NAME is missing"),
        (["train", "fake"], "--data is missing"),
        (["train", "fake", "--data", "{data}"], "--out is missing"),
        (["train", "fake", "--data", "{data}", "--out", "{out}", "dim"], "key=value"),
        (["train", "fake", "--data"], "--data"),
        (["train", "--resume", "{data}", "dim=3"], "keeps its settings"),
        (["show"], "RECIPE is missing"),
        (["recommend"], "RUN is missing"),
        (["recommend", "{data}"], "for whom"),
        (["recommend", "{data}", "--history", "i1", "-k", "0"], "'-k'"),
        (["recommend", "{data}", "--history", "i1", "-k", "ten"], "'-k'"),
        (["recommend", "{data}", "--history", "i1"], "not a model"),
        (["train", "--resume", "{data}"], "not the folder of a run"),
        (["doctor", "too", "many"], "unexpected"),
        (["tune", "fake", "--data", "{data}"], "--out is missing"),
    ],
)
def test_mistakes_end_in_one_message(
    cli: Cli, fake_recipe: Interruptions, tidy: Path, tmp_path: Path, arguments: list[str], part: str
) -> None:
    code, out, err = cli(*(text.format(data=tidy, out=tmp_path / "run") for text in arguments))
    assert code == 2
    assert out == ""
    assert part in err.splitlines()[0]


def test_a_known_mistake_shows_its_traceback_only_when_asked(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foretaste.core.errors import ForetasteError

    with pytest.raises(ForetasteError):
        run(["--debug", "ls", str(tmp_path / "no")])
    monkeypatch.setenv("FORETASTE_DEBUG", "1")
    with pytest.raises(ForetasteError):
        run(["ls", str(tmp_path / "no")])


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from foretaste.recipes import doctor

    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(doctor, "checkup", broken)
    with pytest.raises(ZeroDivisionError):
        run(["doctor"])


def test_what_the_system_refuses_is_said_plainly(
    cli: Cli, fake_recipe: Interruptions, tidy: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = cli("train", "fake", "--data", tidy, "--out", tmp_path / "file" / "run")
    assert code == 2
    assert err.splitlines()[-3].startswith("error: the system says: ")
    assert str(tmp_path / "file") in err


def test_a_damaged_table_is_named(cli: Cli, fake_recipe: Interruptions, tidy: Path, tmp_path: Path) -> None:
    (tidy / "interactions.parquet").write_bytes(b"PAR1 this is no table")
    code, _, err = cli("train", "fake", "--data", tidy, "--out", tmp_path / "run")
    assert code == 2
    assert "cannot be read" in err
    assert str(tidy) in err


def test_no_arguments_show_the_help(cli: Cli) -> None:
    code, out, err = cli("data")
    assert code == 2
    assert "simulate" in out + err


def test_a_verb_whose_file_is_missing_does_not_touch_the_others(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATA_VERBS, "gone", Verb("foretaste.cli.no_such_file", "gone", "Not here."))
    assert cli("data", "--help")[0] == 0
    code, _, err = cli("data", "gone")
    assert code == 2
    assert "no_such_file" in err


def test_the_module_runs() -> None:
    told = subprocess.run([sys.executable, "-m", "foretaste", "trian"], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "'train'" in told.stderr
