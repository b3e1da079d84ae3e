"""Which cases a sweep runs: points times ways, for each part of the work. See bench.py for their text.

Every function gives groups: (name, way, cases).
"""

import bench

# What happens at a point, and what after it. Torn where the point is a write.
WAYS = {
    "whole": ("", ""),
    "torn half, read first": ("/half", ";read"),
    "torn anywhere": ("/random#{seed}", ""),
    "torn sectors": ("/sector#{seed}", ";read"),
    "machine, all lost": ("", ";lose"),
    "machine, some lost": ("", ";lose#{seed}"),
    "torn, machine, some lost": ("/sector#{seed}", ";lose#{seed}"),
    "killed, read, machine": ("", ";read;lose"),
    "torn, read, machine, some lost": ("/half", ";read;lose#{seed}"),
}
QUICK_WAYS = ["torn half, read first", "torn sectors", "machine, all lost", "machine, some lost",
              "killed, read, machine"]
GO_ON = ";verify+4"  # there is a checkpoint among any five steps


def stops(before, points, way, after=GO_ON):
    """`before` is a case up to the command that is stopped at each of `points`."""
    torn, then = WAYS[way]
    for point in points:
        if torn and not point.writes:
            continue
        seed = point.number * 7919 + len(way)
        yield f"{before}@{point.number}{torn}{then}{after}".format(seed=seed)


def all_ways(before, points, full):
    """(way, cases). Not in full, each way takes every third point, and each begins one further than the last: no
    point is left out, but not each is stopped in each way."""
    for number, way in enumerate(WAYS if full else QUICK_WAYS):
        yield way, list(stops(before, points, way))[0 if full else number % 3::1 if full else 3]


def in_one_go(runner, full):
    """All the work in one process, to the end."""
    points = runner.points("base=0;load")
    for way in ("whole", "torn half, read first"):
        yield "in one go", way, list(stops("base=0;load", points, way, ";verify"))[::1 if full else 90]


def stretches(runner, full):
    """The work from one checkpoint to the next, that one included."""
    for first, last in runner.stretches:
        before = f"base={first};load:{last}"
        points = runner.points(before)
        for way in WAYS if full else QUICK_WAYS:
            yield "load", way, list(stops(before, points, way))[::1 if full else 60]


def checkpoints(runner, full):
    """One that overwrites in place, alone. (The stretches end with one each.)"""
    step = runner.stretches[-2 if full else 2][1]
    before = f"base={step};load:{step}"
    for way, some in all_ways(before, runner.points(before), full):
        yield f"checkpoint {step}", way, some


def recovery(runner, full):
    """Stopped in a checkpoint, and again in the opening that repairs it."""
    for _, step in runner.stretches[1:4] if full else runner.stretches[2:3]:
        before = f"base={step};load:{step}"
        points = runner.points(before)
        writes = [p.number for p in points if p.writes and p.file == "w.duckdb"]
        middle = f"@{writes[len(writes) // 2]}/half"  # amidst the metadata
        header = f"@{writes[-1] + 1}"  # written and not yet synced
        firsts = [(middle, "read"), (header, f"load:{step}")]
        if full:
            firsts += [(middle, f"load:{step}"), (header, "read")]
        for first, opening in firsts:
            stopped = f"{before}{first};{opening}"
            for way, some in all_ways(stopped, runner.points(stopped), full):
                yield f"recovery {step}", way, some
        for number in writes if full else []:
            stopped = f"{before}@{number}/half;read"
            yield f"recovery {step}", "whole", list(stops(stopped, runner.points(stopped), "whole"))


def full_disk(runner, full):
    for first, last in runner.stretches if full else runner.stretches[2:3]:
        before = f"base={first};load:{last}"
        points = runner.points(before)
        for how in bench.FULL:
            some = [p for p in points if p.writes] if how in ("half", "short") else points
            yield "full disk", how, [f"{before}!{p.number}:{how}{GO_ON}"
                                     for p in some[::1 if full else 9]]


def unguarded(runner, full):
    """CHECKPOINT without the guard: some of these must be bad, or the sweep sees nothing."""
    for _, step in runner.stretches[1:] if full else runner.stretches[2:3]:
        before = f"base={step};raw"
        points = runner.points(before)
        for way in ("whole", "torn half, read first", "torn sectors"):
            yield f"unguarded checkpoint {step}", way, list(stops(before, points, way, ";verify+1"))


PARTS = {"in-one-go": in_one_go, "stretches": stretches, "checkpoints": checkpoints,
         "recovery": recovery, "full-disk": full_disk}
