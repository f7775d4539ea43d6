"""Rules that several benchmarks share: how one kind of answer is read, compared and summed up."""
