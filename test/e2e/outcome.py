"""What must be the same after an interrupted and an undisturbed run, at a stand-in and in the warehouse, and
how much may have been sent more than once."""

import json
import urllib.request

import dump


class People:
    """The stand-in for Iterable, as a test asks it."""

    def __init__(self, standin):
        self.standin = standin

    def ask(self, name, method="GET", body=None):
        data = body.encode() if body else None
        request = urllib.request.Request(f"{self.standin.url}/__admin/{name}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def begin(self, state=None):
        """Nobody, or the people of an earlier `ask("state")`; what was requested before is forgotten."""
        self.ask("reset", "POST")
        if state:
            self.ask("state", "POST", state)

    def rows_sent(self):
        """How many rows came in requests, those that came twice counted twice."""
        sent = json.loads(self.ask("requests"))
        return sum(entry.get("users") or 0 for entry in sent if "bulk" in entry["endpoint"].lower())


def of(sluice, people):
    """Name -> lines: everything that is compared."""
    found = dump.warehouse(sluice)
    # Where the stand-in listens differs from one to the next.
    url = people.standin.url
    found = {table: [line.replace(url, "ITERABLE") for line in lines] for table, lines in found.items()}
    found["people at Iterable"] = people.ask("users?format=jsonl").splitlines()
    # An answer that was noted counts: whoever has one is not sent to again.
    found["answers noted"] = sorted(
        json.dumps(row)
        for row in sluice.rows(
            "SELECT sync, key, count(*) FROM _sluice.sync_attempts WHERE state = 'acknowledged' GROUP BY ALL"
        )
    )
    file = sluice.folder / "out" / "days.jsonl"
    found["file of days"] = file.read_text().splitlines() if file.exists() else []
    inbox = sluice.folder / "inbox"
    found["files in the inbox"] = sorted(
        str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file()
    )
    violations = json.loads(people.ask("violations"))
    if violations["total"]:
        raise AssertionError(f"violations at the stand-in: {violations}")
    return found


def too_much_sent(expected_rows, found_rows, stops, window_rows):
    """Lines that say so when more rows were sent again than were in the requests that a stop caught under way:
    one request at a time, so one window for each stop."""
    most = expected_rows + stops * window_rows
    if expected_rows <= found_rows <= most:
        return []
    return [f"{found_rows} rows were sent, {expected_rows} to {most} are right"]
