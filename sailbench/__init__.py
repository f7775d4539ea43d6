"""sailbench: evaluate vision-language models on 106 multimodal benchmarks; fast, exact, nothing guessed.

The house, from the ground up (a module imports only from floors below it; `tests/test_house.py` enforces it):

0  types, errors: the records that flow through, and what a user can get wrong
1  rows, extract, prompts, metrics/, aggregate, stats, media, decoder, video: rows and text in, values out
2  task, data/, store, models/: a benchmark, its rows, the journal of answers, who answers
3  families, rules/, registry: the shapes nearly every benchmark has, longer ones, files in `tasks/` become tasks;
   executors/: where models answer, here or on the machines of a Ray cluster
4  run, contrast, plan, predictions, judging, report/, serve/, gate, explain, audit: ask, grade, judge, report, compare;
   capacity/: what a run will take, estimated and simulated
5  cli/: argv in, exit code out

One request's way: cli -> registry.load -> data.samples -> task.ask -> run.collect -> model.answer -> store.append
-> task.score -> task.summarize -> report.
"""

__version__ = "0.1.0"
