"""The command `foretaste`: verbs are imported when they are called, and every mistake gets one clear answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from foretaste.cli.errors import as_foretaste_error, show_error
from foretaste.cli.lazy import LazyGroup, Verb
from foretaste.cli.sharing import wait_briefly
from foretaste.core.errors import ForetasteError

DATA_VERBS = {
    "import": Verb("foretaste.cli.data_import", "data_import", "Import a log and a catalogue into the tidy form."),
    "get": Verb("foretaste.cli.data_get", "data_get", "Download a public data set and convert it."),
    "simulate": Verb("foretaste.cli.data_simulate", "data_simulate", "Write the embedded market: a made-up shop."),
    "describe": Verb("foretaste.cli.data_describe", "data_describe", "Statistics and plots of a data set."),
}

TEXT_VERBS = {
    "export": Verb("foretaste.cli.text_export", "text_export", "Write a run's item vectors as a plain table."),
    "tune": Verb("foretaste.cli.text_tune", "text_tune", "Fine-tune an encoder on a catalogue (LLMEmb's SCFT)."),
    "encode": Verb("foretaste.cli.text_encode", "text_encode", "Encode the texts of items or users into a store."),
    "preview": Verb("foretaste.cli.text_preview", "text_preview", "Show the prompts of items or users."),
}

EVENT_VERBS = {
    "export": Verb("foretaste.cli.events", "export", "Write all events as training data."),
    "seed": Verb("foretaste.cli.events", "seed", "Take in a data set's interactions, so that its users are known."),
    "forget": Verb("foretaste.cli.events", "forget", "Delete everything that is kept of a user."),
    "prune": Verb("foretaste.cli.events", "prune", "Delete events that are too old."),
}

VERBS: dict[str, Verb | LazyGroup] = {
    "data": LazyGroup("data", "Import, download, simulate and describe data sets.", DATA_VERBS),
    "text": LazyGroup("text", "See and prepare what a language model is told.", TEXT_VERBS),
    "train": Verb("foretaste.cli.train", "train", "Train a recipe on a data set, or go on with a run."),
    "evaluate": Verb("foretaste.cli.evaluate", "evaluate", "Measure a run again, from its saved folder."),
    "compare": Verb("foretaste.cli.compare", "compare", "Put runs side by side: table, significance, report."),
    "recommend": Verb("foretaste.cli.recommend", "recommend", "Recommend items for a history or a user."),
    "export": Verb("foretaste.cli.export", "export", "Write a run as one portable bundle for a service."),
    "serve": Verb("foretaste.cli.serve", "serve", "Serve runs or bundles over HTTP."),
    "events": LazyGroup("events", "Look after what a service remembers.", EVENT_VERBS),
    "key": Verb("foretaste.cli.key", "key", "Make an API key for the service."),
    "ls": Verb("foretaste.cli.ls", "ls", "List the recipes, or the runs in a folder."),
    "show": Verb("foretaste.cli.show", "show", "List a recipe's keys, with help, defaults and papers' values."),
    "tune": Verb("foretaste.cli.tune", "tune", "Search a recipe's settings on the validation targets."),
    "doctor": Verb("foretaste.cli.doctor", "doctor", "Check the installation, the machine and a data set."),
}

ABOUT = """From an interaction log to a live recommender.

foretaste data simulate --out data/market

foretaste train sasrec --data data/market --out runs/sasrec dim=128

foretaste recommend runs/sasrec --user u17

Every verb takes --json (one JSON object on standard output), --help, and --debug (show tracebacks);
`foretaste --version` says the version.
"""

app = LazyGroup("foretaste", ABOUT, VERBS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and leaves with its exit code: 0 well, 2 a mistake in the call or its input, 130 interrupted."""
    wait_briefly()
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has gone (`foretaste ls | head`); nothing more can be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments or bool(os.environ.get("FORETASTE_DEBUG"))
    arguments = [text for text in arguments if text != "--debug"]
    if arguments == ["--version"]:
        import foretaste

        print(f"foretaste {foretaste.__version__}")
        return 0
    try:
        code = app.main(args=arguments, prog_name="foretaste", standalone_mode=False, obj=arguments)
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # the help is its message, and is printed with it
            error.show()  # type: ignore[attr-defined]
            return WRONG_CALL
        known = error if isinstance(error, ForetasteError) else as_foretaste_error(error)
        if known is None or debug:
            raise
        if os.environ.get("RANK", "0") == "0":  # of several processes that train together, the first one speaks
            show_error(known, as_json="--json" in arguments)
        return WRONG_CALL


WRONG_CALL, INTERRUPTED = 2, 130
