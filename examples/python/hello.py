"""The shortest flow there is.

    prefect cloud login -k <key>
    python examples/python/hello.py Ada
"""

import sys

from prefect import flow, get_run_logger, task


@task
def greet(name: str) -> str:
    return f"Hello, {name}!"


@flow
def hello(name: str = "world") -> None:
    get_run_logger().info(greet(name))


if __name__ == "__main__":
    hello(*sys.argv[1:2])
