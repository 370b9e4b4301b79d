"""Fire times by the published Python libraries, for the test beside this file.

Reads a JSON object from standard input, {"zones": [...], "first": year, "end": year, "cases": [...]}, and prints one:
{"versions": {...}, "zones": {name: [[second, offset], ...]}, "times": [[microseconds, ...] | {"error": text}, ...]}.
With the argument `reference`, the times are those of the Prefect server's own schedule classes.
"""

import datetime
import json
import signal
import sys
import warnings

warnings.simplefilter("ignore")

import dateutil.rrule
import dateutil.tz
import pendulum

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
# From 2038 on dateutil knows no daylight saving.
HORIZON = datetime.datetime(2037, 1, 1)
BEYOND = HORIZON + datetime.timedelta(days=2)
MICROSECOND = datetime.timedelta(microseconds=1)


def micros_of(moment):
    # Into a plain datetime first: pendulum's differences cannot be divided by plain ones.
    wall = datetime.datetime(*moment.timetuple()[:6], moment.microsecond, tzinfo=UTC)
    offset = moment.utcoffset()
    return (wall - datetime.timedelta(days=offset.days, seconds=offset.seconds) - EPOCH) // MICROSECOND


def moment_of(micros):
    return EPOCH + datetime.timedelta(microseconds=micros)


def zone_table(name, first, end):
    """Offsets of a zone: where each starts, found by bisecting between samples three days apart."""
    zone = pendulum.timezone(name)

    def offset(second):
        return int((EPOCH + datetime.timedelta(seconds=second)).astimezone(zone).utcoffset().total_seconds())

    start = int(datetime.datetime(first, 1, 1, tzinfo=UTC).timestamp())
    stop = int(datetime.datetime(end, 1, 1, tzinfo=UTC).timestamp())
    table = [[start, offset(start)]]
    at = start
    while at < stop:
        following = min(at + 3 * 86400, stop)
        if offset(following) != table[-1][1]:
            low, high = at, following
            while high - low > 1:
                middle = (low + high) // 2
                if offset(middle) == table[-1][1]:
                    low = middle
                else:
                    high = middle
            table.append([high, offset(high)])
            at = high
        else:
            at = following
    return table


def first_of(instants, case):
    end = micros_of(HORIZON.replace(tzinfo=UTC))
    return sorted(set(i for i in instants if case["start"] <= i < end))[: case["count"]]


def cron_times(case):
    zone = pendulum.timezone(case["timezone"])
    wall = moment_of(case["start"]).astimezone(zone).replace(tzinfo=None, fold=0)
    before = wall - datetime.timedelta(seconds=1)
    if before.microsecond:
        before = before.replace(microsecond=0) + datetime.timedelta(seconds=1)
    cron = croniter(case["cron"], before, day_or=case["day_or"])
    instants = []
    # Skipped times go back over others, and times that come a second time count once: some more than asked are needed.
    for _ in range(case["count"] + 200):
        try:
            wall = cron.get_next(datetime.datetime)
        except CroniterBadDateError:
            break
        if wall >= BEYOND:
            break
        instants.append(micros_of(zone.convert(wall.replace(fold=0))))
    return first_of(instants, case)


def in_zone(rule, zone):
    changed = {"dtstart": rule._dtstart.replace(tzinfo=zone)}
    if rule._until:
        changed["until"] = rule._until.replace(tzinfo=zone)
    return rule.replace(**changed)


def rrule_times(case):
    zone = dateutil.tz.gettz(case["timezone"])
    rule = dateutil.rrule.rrulestr(case["rrule"], dtstart=datetime.date(2020, 1, 1))
    if isinstance(rule, dateutil.rrule.rruleset):
        rule._rrule = [in_zone(each, zone) for each in rule._rrule]
        rule._exrule = [in_zone(each, zone) for each in rule._exrule]
        rule._rdate = [each.replace(tzinfo=zone) for each in rule._rdate]
        rule._exdate = [each.replace(tzinfo=zone) for each in rule._exdate]
    else:
        rule = in_zone(rule, zone)
    instants = []
    for moment in rule.xafter(moment_of(case["start"]), inc=True):
        if moment.replace(tzinfo=None) >= BEYOND or len(instants) > case["count"] + 200:
            break
        instants.append(micros_of(moment))
    return first_of(instants, case)


def interval_times(case):
    anchor = pendulum.instance(moment_of(case["anchor"])).in_tz(case["timezone"])
    interval = datetime.timedelta(seconds=case["interval"])
    tick = (case["start"] - case["anchor"]) // round(case["interval"] * 1_000_000) - 3
    instants = []
    for _ in range(case["count"] + 10):
        if interval.days:
            seconds = tick * interval.seconds
            moment = anchor.add(days=tick * interval.days, seconds=seconds) if tick else anchor
        else:
            moment = anchor.add(seconds=tick * interval.total_seconds())
        instants.append(micros_of(moment))
        tick += 1
    return first_of(instants, case)


def reference_times(case):
    start = pendulum.instance(moment_of(case["start"]))
    if "cron" in case:
        schedule = schedules.CronSchedule(
            cron=case["cron"], timezone=case["timezone"], day_or=case["day_or"]
        )
    elif "rrule" in case:
        schedule = schedules.RRuleSchedule(rrule=case["rrule"], timezone=case["timezone"])
    else:
        schedule = schedules.IntervalSchedule(
            interval=datetime.timedelta(seconds=case["interval"]),
            anchor_date=pendulum.instance(moment_of(case["anchor"])),
            timezone=case["timezone"],
        )
    dates = schedule._get_dates_generator(
        n=case["count"] + 5, start=start, end=pendulum.instance(HORIZON)
    )
    return first_of([micros_of(date) for date in dates], case)


def give_up(*_):
    raise TimeoutError("no answer within the time allowed")


# dateutil may search for ever. A timer that rings again reaches code that swallowed the first ring.
signal.signal(signal.SIGALRM, give_up)


def times_of(case):
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    try:
        if reference:
            return reference_times(case)
        if "cron" in case:
            return cron_times(case)
        return rrule_times(case) if "rrule" in case else interval_times(case)
    except Exception as error:  # told to the test, which knows what to expect
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


reference = sys.argv[1:] == ["reference"]
versions = {"python": sys.version.split()[0], "pendulum": pendulum.__version__}
if reference:
    import prefect
    from prefect.server.schemas import schedules

    versions["prefect"] = prefect.__version__
else:
    from importlib.metadata import version

    from croniter import CroniterBadDateError, croniter

    versions["croniter"] = version("croniter")
    versions["python-dateutil"] = version("python-dateutil")

asked = json.load(sys.stdin)
print(
    json.dumps(
        {
            "versions": versions,
            "zones": {
                name: zone_table(name, asked["first"], asked["end"]) for name in asked["zones"]
            },
            "times": [times_of(case) for case in asked["cases"]],
        }
    )
)
