"""Metrics, gaps, comparisons and figures."""
