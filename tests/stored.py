"""Results folders as a run leaves them, made up: for what reads them."""

import json

HOSTILE = "<img src=x onerror=alert(1)> \x1b[31mred\x1b[0m \u202eturned"
FORMULA = '=HYPERLINK("http://evil","x")'


def summary(task, value=50.0, **more):
    """A summary with every field that a run writes."""
    n, ungraded, scale = more.get("n", 100), more.get("ungraded", 0), more.get("scale", 100.0)
    record = {
        "task": task,
        "title": f"{task}, a benchmark",
        "task_version": 1,
        "protocol": "opencompass",
        "scale": scale,
        "higher_is_better": True,
        "value": value,
        "n": n,
        "ungraded": ungraded,
        "unparsed": 0,
        "truncated": 0,
        "stderr": 2.0,
        "interval": [value - 3.92, value + 3.92] if value is not None else None,
        "bounds": [value - 5, value + 5] if value is not None else [0.0, scale],
        "groups": {},
        "metrics": {},
        "model": "model",
        "model_fingerprint": "f",
        "engine": "fake",
        "data": {"n": n + ungraded},
        "judge": None,
        "ungraded_because": {"no judge": ungraded} if ungraded else {},
        "sampling": {"thinking": False, "max_tokens": 16},
        "seconds": 12.0,
        "tokens_in": 1000,
        "tokens_out": 100,
    }
    return record | more


def write(root, *records, folder=None):
    """The summaries in the folders of their models, or in the one that is named."""
    for record in records:
        place = root / (folder or "model")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{record['task'].replace('/', '_')}.json").write_text(json.dumps(record))
    return root


def write_samples(place, task, samples):
    """Answers and grades of (id, value, text)."""
    place.mkdir(parents=True, exist_ok=True)
    answer = {"finish": "stop", "error": None, "tokens_in": 9, "tokens_out": 3, "seconds": 0.1}
    journal = [{"key": f"key {id}", "id": id, "text": text} | answer for id, _, text in samples]
    grades = [
        {"id": id, "value": value, "answer": "B", "why": "said", "unit": id, "cluster": id, "parts": {}}
        for id, value, _ in samples
    ]
    (place / f"{task}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in journal))
    (place / f"{task}.scores.jsonl").write_text("".join(json.dumps(line) + "\n" for line in grades))
