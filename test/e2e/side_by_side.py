"""Calls in threads."""

import threading


def in_threads(calls):
    """Runs the calls side by side; the first exception of one of them is raised."""
    problems = []

    def guarded(call):
        try:
            call()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
