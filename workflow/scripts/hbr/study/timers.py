"""Timers of Snakemake that outlast a run."""

import threading


def cancel_timers() -> None:
    """Cancel those by which the scheduler would look at waiting jobs once more: the process would wait for the last of them."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer) and thread.function.__module__ == "snakemake.scheduling.job_scheduler":
            thread.cancel()
