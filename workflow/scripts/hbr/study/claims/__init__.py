"""The claims ledger: each claim of the paper, judged by what a study measured."""
