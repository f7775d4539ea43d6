"""Metrics: pure functions of a prediction and the truth, in [0, 1]; `*_score` is better when higher."""
