"""Say what a study will train before it does: per data set and condition, with hours, and storage in MB of what is to do."""

import argparse
from pathlib import Path

from hbr.study.command import answer
from hbr.study.presence import present_sources
from hbr.study.studies import load_study


def main(arguments: argparse.Namespace) -> None:
    """Print one table a data set."""
    config = load_study(arguments.study)
    present_sources(config)
    if arguments.name:
        print(config["study"])
    if arguments.check or arguments.name:
        return
    # Costly to import, and the checks do without.
    from hbr.study.costs import outcomes_of, timed_trainings
    from hbr.study.dry_run import planned_jobs
    from hbr.study.forecast import expected_hours, training_table
    from hbr.study.suspects import planted_sentence

    jobs, timed = planned_jobs(arguments.study), timed_trainings(outcomes_of("*", "*"))
    for dataset, settings in config["datasets"].items():
        results = Path("results") / config["study"] / dataset
        table = training_table(config, dataset, jobs, results)
        total = table.sum(numeric_only=True, skipna=False)
        table.loc[len(table)] = {"condition": "all", **total}
        recipe = config["recipes"][settings["recipe"]]
        print(f"{config['study']}, {dataset}: {settings['network']}, {recipe['epochs']} epochs, batch {recipe['batch_size']}\n")
        formats = {**dict.fromkeys(("trainings", "done", "to do", "again"), "{:.0f}".format), "MB": "{:,.1f}".format}
        print(table.to_string(index=False, formatters=formats, na_rep="unknown"), "\n")
        for sentence in expected_hours(config, dataset, int(total["to do"]), timed, results):
            print(sentence)
        if decided := planted_sentence(config):
            print(decided)
        print()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path, nargs="?", default=Path("config.yaml"))
parser.add_argument("--check", action="store_true", help="only check the study file, and that its data are there")
parser.add_argument("--name", action="store_true", help="check as well, and print the study's name")

if __name__ == "__main__":
    answer(main, parser)
