"""The training pipeline: read → prepare → train → evaluate → persist, and what usually goes wrong on the way.

It learns to tell the day's highest temperature in Seattle from what is known in the morning.

    prefect cloud login -k <key>
    python examples/python/training_pipeline.py 2015-06-01
"""

import csv
import json
import math
import sys
import tempfile
from datetime import date as Date
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.runtime import task_run

EXAMPLES = Path(__file__).resolve().parent.parent
WEATHER = EXAMPLES.parent / "node_modules" / "vega-datasets" / "data" / "seattle-weather.csv"
CORRECTIONS = EXAMPLES / "typescript" / "data" / "station-corrections.csv"

Row = dict[str, str]
Day = tuple[list[float], float]  # what is known in the morning, and the highest temperature
Split = dict[str, list[Day]]
Model = list[float]  # the intercept, then a weight a feature


def is_passing(task, task_run, state) -> bool:
    """A server that does not answer may answer the next time; a malformed file stays malformed."""
    return isinstance(state.result(raise_on_failure=False), ConnectionError)


@task(retries=3, retry_delay_seconds=[0.1, 0.2, 0.4], retry_condition_fn=is_passing)
def read(path: Path, answers_at_attempt: int = 1) -> list[Row]:
    """The rows of a file on a server that answers at the given attempt, as servers do."""
    log = get_run_logger()
    log.info("reading %s, attempt %d", path.name, task_run.run_count)
    if task_run.run_count < answers_at_attempt:
        raise ConnectionError("503 Service Unavailable")
    with path.open(newline="") as file:
        columns, *lines = csv.reader(file)
    for number, line in enumerate(lines, start=2):
        if len(line) != len(columns):
            raise ValueError(f"line {number} has {len(line)} cells, not {len(columns)}: {','.join(line)!r}")
    log.info("read %d rows of %d columns", len(lines), len(columns))
    return [dict(zip(columns, line)) for line in lines]


@task
def prepare(rows: list[Row], corrections: dict[str, float], date: str) -> Split:
    split: Split = {"train": [], "test": []}
    for row in rows:
        # The season as a point on a circle: the last of December is next to the first of January.
        season = Date.fromisoformat(row["date"]).timetuple().tm_yday / 365.25 * 2 * math.pi
        features = [
            float(row["temp_min"]),
            math.log1p(float(row["precipitation"])),
            float(row["wind"]),
            math.sin(season),
            math.cos(season),
        ]
        high = float(row["temp_max"]) + corrections.get(row["date"], 0)
        split["train" if row["date"] < date else "test"].append((features, high))
    if len(split["train"]) < 30 or not split["test"]:
        raise ValueError(f"{date} leaves too few days on one side")
    get_run_logger().info("%d days to train on, %d to evaluate on", len(split["train"]), len(split["test"]))
    return split


@task(timeout_seconds=0.5)
def search(days: list[Day]) -> float:
    """Leaving out each day in turn would tell the best regularisation, and takes longer than anybody waits."""
    get_run_logger().info("looking for the best ridge by leaving out each of %d days", len(days))

    def loss(ridge: float) -> float:
        return sum(
            (high - predict(fit(days[:i] + days[i + 1 :], ridge), features)) ** 2
            for i, (features, high) in enumerate(days)
        )

    return min([0.1, 1, 10, 100], key=loss)


@task(tags=["model"])
def train(days: list[Day], ridge: float) -> Model:
    log = get_run_logger()
    log.info("training with a ridge of %g", ridge)
    model = fit(days, ridge)
    log.info("trained: a degree more at night is %.2f more at day, rain takes %.2f", model[1], -model[2])
    return model


@task(tags=["model"])
def evaluate(model: Model, days: list[Day]) -> dict[str, float]:
    mean = sum(high for _, high in days) / len(days)
    squares = sum((high - predict(model, features)) ** 2 for features, high in days)
    r2 = 1 - squares / sum((high - mean) ** 2 for _, high in days)
    rmse = math.sqrt(squares / len(days))
    get_run_logger().info("off by %.2f °C in the root mean square; explains %.1f %% of the variance", rmse, r2 * 100)
    return {"rmse": rmse, "r2": r2}


@task(retries=1)
def persist(output: Path, model: Model, score: dict[str, float]) -> str:
    output.mkdir(parents=True, exist_ok=True)
    path = output / "model.json"
    path.write_text(json.dumps({"intercept": model[0], "weights": model[1:], **score}, indent=2) + "\n")
    get_run_logger().info("the model is in %s", path)
    return str(path)


@flow(name="training-pipeline", retries=1, timeout_seconds=120)
def training_pipeline(
    date: str = "2015-01-01",
    weather: Path = WEATHER,
    corrections: Path = CORRECTIONS,
    output: Path = Path(tempfile.gettempdir()) / "rigel-training-pipeline",
    ridge: float = 1,
) -> dict:
    """Trains on the days before `date` and evaluates on that day and after."""
    log = get_run_logger()
    log.info("training on days before %s", date)
    rows = read(weather, answers_at_attempt=3)

    # A model without the corrections is better than no model.
    known: dict[str, float] = {}
    state = read(corrections, return_state=True)
    if state.is_completed():
        known = {row["date"]: float(row["temp_max_correction"]) for row in state.result()}
    else:
        log.warning("going on without corrections: %s", state.message)

    split = prepare(rows, known, date)
    found = search(split["train"], return_state=True)
    if found.is_completed():
        ridge = found.result()
    else:
        log.info("the search took too long; the ridge is %g as given", ridge)

    model = train(split["train"], ridge)
    score = evaluate(model, split["test"])
    path = persist(output, model, score)
    log.info("done: a model for the days from %s on", date)
    return {**score, "path": path}


def fit(days: list[Day], ridge: float) -> Model:
    """Least squares by the normal equations, with `ridge` added to their diagonal."""
    size = len(days[0][0]) + 1
    sums = [[0.0] * (size + 1) for _ in range(size)]
    for features, high in days:
        x = [1.0, *features]
        for i, line in enumerate(sums):
            for j in range(size):
                line[j] += x[i] * x[j]
            line[size] += x[i] * high
    for i in range(1, size):
        sums[i][i] += ridge
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(sums[r][i]))
        sums[i], sums[pivot] = sums[pivot], sums[i]
        for r in range(size):
            if r != i:
                factor = sums[r][i] / sums[i][i]
                sums[r] = [a - factor * b for a, b in zip(sums[r], sums[i])]
    return [line[size] / line[i] for i, line in enumerate(sums)]


def predict(model: Model, features: list[float]) -> float:
    return model[0] + sum(weight * value for weight, value in zip(model[1:], features))


if __name__ == "__main__":
    print(json.dumps(training_pipeline(*sys.argv[1:2])))
