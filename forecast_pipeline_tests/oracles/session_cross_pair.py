"""Session and cross-pair indicators as plain loops from their definitions: slow, obvious, never optimised.

Every function takes a dictionary ``open high low close volume opens_us closes_us minutes symbol peers`` and returns
arrays with NaN where too little is known. Clocks come from the standard library's calendar. Nothing here uses the
package or TA-Lib.
"""

from __future__ import annotations

import calendar
import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

NAN = float("nan")
TOKYO, LONDON, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
FRANKFURT = ZoneInfo("Europe/Berlin")
CITIES = ((TOKYO, 9, 18), (LONDON, 8, 17), (NEW_YORK, 8, 17))


def _at(instant_us, zone):
    return datetime.fromtimestamp(int(instant_us) / 1e6, tz=UTC).astimezone(zone)


def _clock_minute(instant_us, zone):
    local = _at(instant_us, zone)
    return 60 * local.hour + local.minute


def _fx_dates(b):
    """Date of the FX day that holds each open: 17:00 to 17:00 New York, named after the day it ends on."""
    return [(_at(t, NEW_YORK).replace(tzinfo=None) + timedelta(hours=7)).date() for t in b["opens_us"]]


def _day_minutes(b):
    """Minutes from 17:00 New York to each open."""
    return [(_clock_minute(t, NEW_YORK) - 17 * 60) % 1440 for t in b["opens_us"]]


def _rows_of_day(b):
    """For each bar the rows of its FX day up to itself."""
    dates = _fx_dates(b)
    return [[j for j in range(i + 1) if dates[j] == dates[i]] for i in range(len(dates))]


def _columns(rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


# The clock


def trading_session(b):
    out = []
    for t in b["closes_us"]:
        flags = [opens <= _clock_minute(t, zone) / 60 < closes for zone, opens, closes in CITIES]
        out.append((*flags, sum(flags)))
    return _columns(out)


def _steps_to(local, hour, direction, first):
    """Walk minute by minute on the wall clock until it shows the full hour."""
    minute, steps = 60 * local.hour + local.minute, first
    while (minute + direction * steps) % 1440 != 60 * hour:
        steps += 1
    return steps


def since_session_open(b):
    out = []
    for t in b["closes_us"]:
        local = [(_at(t, zone).replace(tzinfo=None), opens) for zone, opens, _ in CITIES]
        out.append([_steps_to(clock, opens, -1, 0) / 1440 for clock, opens in local])
    return _columns(out)


def until_session_close(b):
    out = []
    for t in b["closes_us"]:
        local = [(_at(t, zone).replace(tzinfo=None), closes) for zone, _, closes in CITIES]
        out.append([_steps_to(clock, closes, 1, 1) / 1440 for clock, closes in local])
    return _columns(out)


def fixing_proximity(b):
    out = []
    for t in b["closes_us"]:
        row = []
        for zone, at in ((TOKYO, 9 * 60 + 55), (FRANKFURT, 14 * 60 + 15), (LONDON, 16 * 60)):
            off = abs(_clock_minute(t, zone) - at)
            row.append(1 - min(off, 1440 - off) / 720)
        out.append(row)
    return _columns(out)


def rollover(b):
    return _columns([(_at(t, NEW_YORK).hour == 17,) for t in b["closes_us"]])


def _weekday_and_minute(b):
    return [(d.weekday(), m) for d, m in zip(_fx_dates(b), _day_minutes(b), strict=True)]


def day_position(b):
    return _columns([((m + b["minutes"]) / 1440,) for m in _day_minutes(b)])


def week_position(b):
    return _columns([((day * 1440 + m + b["minutes"]) / 7200,) for day, m in _weekday_and_minute(b)])


def week_edge(b):
    edge = timedelta(minutes=max(60, b["minutes"]))
    out = []
    for t in b["closes_us"]:
        local = _at(t, NEW_YORK).replace(tzinfo=None)
        noon = datetime(local.year, local.month, local.day, 17)  # noqa: DTZ001 - New York's wall clock
        is_friday, is_sunday = local.weekday() == 4, local.weekday() == 6
        first = (is_friday and local >= noon) or (is_sunday and local < noon + edge)
        out.append((first, is_friday and noon - edge <= local < noon))
    return _columns(out)


def _last_reopening(b, i, n):
    """Row of the latest of the last ``n`` bars that does not open at the close before, or None."""
    for j in range(i, max(i - n, 0), -1):
        if b["opens_us"][j] != b["closes_us"][j - 1]:
            return j
    return None


def since_closure(b, n=96):
    out = []
    for i in range(len(b["close"])):
        j = _last_reopening(b, i, n - 1)
        out.append((NAN if i < n - 1 else 1.0 if j is None else (i - j + 1) / n,))
    return _columns(out)


def closure_gap(b, n=96):
    out = []
    for i in range(len(b["close"])):
        j = _last_reopening(b, i, n)
        out.append((NAN if i < n else 0.0 if j is None else math.log(b["open"][j] / b["close"][j - 1]),))
    return _columns(out)


# The calendar


def weekday(b):
    return _columns([(d.weekday() == 0, d.weekday() == 2, d.weekday() == 4) for d in _fx_dates(b)])


def _circle(share):
    return math.sin(2 * math.pi * share), math.cos(2 * math.pi * share)


def month_cycle(b):
    return _columns([_circle((d.day - 1) / calendar.monthrange(d.year, d.month)[1]) for d in _fx_dates(b)])


def year_cycle(b):
    lengths = {d.year: 366 if calendar.isleap(d.year) else 365 for d in _fx_dates(b)}
    return _columns([_circle((d.timetuple().tm_yday - 1) / lengths[d.year]) for d in _fx_dates(b)])


def _weekdays_around(day, months):
    """Weekdays of the month or quarter of a day that come before it, and after it."""
    stretch = (day.month - 1) // months
    dates = [day + timedelta(days=k) for k in range(-100, 101)]
    inside = [d for d in dates if d.year == day.year and (d.month - 1) // months == stretch and d.weekday() < 5]
    return sum(d < day for d in inside), sum(d > day for d in inside)


def month_edge(b):
    return _columns([tuple(n / 23 for n in _weekdays_around(d, 1)) for d in _fx_dates(b)])


def quarter_edge(b):
    return _columns([tuple(n / 66 for n in _weekdays_around(d, 3)) for d in _fx_dates(b)])


# The FX day so far, and the one before


def session_range(b):
    return _columns([(math.log(max(b["high"][rows]) / min(b["low"][rows])),) for rows in _rows_of_day(b)])


def session_place(b):
    out = []
    for rows in _rows_of_day(b):
        top, bottom = max(b["high"][rows]), min(b["low"][rows])
        out.append((0.5 if top == bottom else (b["close"][rows[-1]] - bottom) / (top - bottom),))
    return _columns(out)


def session_return(b):
    c = b["close"]
    return _columns([(math.log(c[rows[-1]] / c[rows[0] - 1]) if rows[0] else NAN,) for rows in _rows_of_day(b)])


def session_open(b):
    return _columns([(math.log(b["close"][rows[-1]] / b["open"][rows[0]]),) for rows in _rows_of_day(b)])


def session_twap(b):
    return _columns([(math.log(b["close"][rows[-1]] / np.mean(b["close"][rows])),) for rows in _rows_of_day(b)])


def tokyo_range(b):
    out = []
    for i, rows in enumerate(_rows_of_day(b)):
        hours = [_clock_minute(b["opens_us"][j], TOKYO) / 60 for j in rows]
        inside = [j for j, hour in zip(rows, hours, strict=True) if 9 <= hour < 18]
        local = _at(b["closes_us"][i], TOKYO)
        # The FX day ends at 06:00 or 07:00 of the next day in Tokyo.
        is_over = local.date() > _fx_dates(b)[i] or local.hour >= 18
        if not inside or not is_over:
            out.append((0.0, 0.0))
            continue
        top, bottom, close = max(b["high"][inside]), min(b["low"][inside]), b["close"][i]
        beyond = math.log(close / top) if close > top else math.log(close / bottom) if close < bottom else 0.0
        out.append((math.log(top / bottom), beyond))
    return _columns(out)


def _days_before(b):
    """For each bar the rows of the last FX day before its own, empty in the first."""
    dates = _fx_dates(b)
    out = []
    for day in dates:
        earlier = [d for d in dates if d < day]
        out.append([j for j, d in enumerate(dates) if d == max(earlier)] if earlier else [])
    return out


def previous_session_return(b):
    c = b["close"]
    return _columns([(math.log(c[r[-1]] / c[r[0] - 1]) if r and r[0] else NAN,) for r in _days_before(b)])


def previous_session_range(b):
    out = []
    for rows in _days_before(b):
        if not rows:
            out.append((NAN, NAN))
            continue
        top, bottom = max(b["high"][rows]), min(b["low"][rows])
        out.append((math.log(top / bottom), (b["close"][rows[-1]] - bottom) / (top - bottom)))
    return _columns(out)


def previous_session_extremes(b):
    out = []
    for i, rows in enumerate(_days_before(b)):
        levels = (max(b["high"][rows]), min(b["low"][rows])) if rows else (NAN, NAN)
        out.append([math.log(b["close"][i] / level) for level in levels])
    return _columns(out)


# Seasonality


def _weekdays_back(day, n):
    """The ``n`` weekdays before a date, latest first."""
    out = []
    while len(out) < n:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            out.append(day)
    return out


def _returns(b):
    """Log returns by bar, NaN over a closure or hole."""
    c, opens, closes = b["close"], b["opens_us"], b["closes_us"]
    return [NAN] + [math.log(c[i] / c[i - 1]) if opens[i] == closes[i - 1] else NAN for i in range(1, len(c))]


def _book(b, values):
    """Known values by FX date and slot."""
    keys = zip(_fx_dates(b), [m // b["minutes"] for m in _day_minutes(b)], strict=True)
    return {key: value for key, value in zip(keys, values, strict=True) if not math.isnan(value)}


def _usual(book, day, slot, n):
    """Mean at a slot of the ``n`` weekdays before a date, None if fewer than half are known."""
    found = [book[(d, slot)] for d in _weekdays_back(day, n) if (d, slot) in book]
    return math.fsum(found) / len(found) if 2 * len(found) >= n else None


def _places(b):
    """For each bar its date and slot, and those of the next slot of open session."""
    per_day = 1440 // b["minutes"]
    out = []
    for day, minute in zip(_fx_dates(b), _day_minutes(b), strict=True):
        slot = minute // b["minutes"]
        following = (day, slot + 1)
        if slot + 1 == per_day:
            following = (day + timedelta(days=3 if day.weekday() == 4 else 1), 0)
        out.append(((day, slot), following))
    return out


def _usual_now_and_next(b, values, n):
    book = _book(b, values)
    return _columns([[_usual(book, *place, n) or 0.0 for place in places] for places in _places(b)])


def seasonal_volatility(b, n=10):
    return _usual_now_and_next(b, [abs(r) for r in _returns(b)], n)


def seasonal_return(b, n=10):
    return _usual_now_and_next(b, _returns(b), n)


def seasonal_factor(b, n=10):
    book = _book(b, [abs(r) for r in _returns(b)])
    per_day = 1440 // b["minutes"]
    out = []
    for places in _places(b):
        row = []
        for day, slot in places:
            days = _weekdays_back(day, n)
            slots = [(day, s) for s in range(slot)]
            slots += [(d, s) for d in days[:-1] for s in range(per_day)]
            slots += [(days[-1], s) for s in range(slot, per_day)]
            known = [book[each] for each in slots if each in book]
            usual = _usual(book, day, slot, n)
            row.append(1.0 if usual is None or not sum(known) else usual / (math.fsum(known) / len(known)))
        out.append(row)
    return _columns(out)


def seasonal_share(b, n=10):
    book = _book(b, [abs(r) for r in _returns(b)])
    per_day = 1440 // b["minutes"]
    out = []
    for (day, slot), _ in _places(b):
        passed = whole = 0.0
        n_days = 0
        for d in _weekdays_back(day, n):
            known = {s: book[(d, s)] for s in range(per_day) if (d, s) in book}
            if 2 * len(known) >= per_day:
                n_days += 1
                passed += sum(value for s, value in known.items() if s <= slot)
                whole += sum(known.values())
        out.append((passed / whole if 2 * n_days >= n and whole else (slot + 1) / per_day,))
    return _columns(out)


def _surprise(b, values, present, n):
    book = _book(b, values)
    out = []
    for x, (place, _) in zip(present, _places(b), strict=True):
        usual = _usual(book, *place, n)
        out.append((x if math.isnan(x) else 0.5 if usual is None or x + usual == 0 else x / (x + usual),))
    return _columns(out)


def seasonal_return_surprise(b, n=10):
    c = b["close"]
    present = [NAN] + [abs(math.log(c[i] / c[i - 1])) for i in range(1, len(c))]
    return _surprise(b, [abs(r) for r in _returns(b)], present, n)


def seasonal_range_surprise(b, n=10):
    ranges = [math.log(h / low) for h, low in zip(b["high"], b["low"], strict=True)]
    return _surprise(b, ranges, ranges, n)


def seasonal_volume_surprise(b, n=10):
    return _surprise(b, list(b["volume"]), list(b["volume"]), n)


# Cross pairs


def _is_pair(name):
    return len(name) == 6 and name.isalpha() and name[:3] != name[3:]


def _pairs(b, *, sharing=True):
    """Own symbol first, then the others that share a currency with it, or all others, by name."""
    own = b["symbol"]
    mine = {own[:3], own[3:]}
    names = [n for n in sorted(b["peers"]) if n != own and _is_pair(n)]
    related = [n for n in names if mine & {n[:3], n[3:]}] if _is_pair(own) else []
    chosen = (related if sharing else names) if related else []
    return {own: b["close"]} | {n: b["peers"][n] for n in chosen}


def _move(closes, i, n):
    return math.log(closes[i] / closes[i - n]) if i >= n else NAN


def _known(values):
    return [x for x in values if not math.isnan(x)]


def _mean(values):
    known = _known(values)
    return math.fsum(known) / len(known) if known else NAN


def _strengths(b, i, n):
    """Strength of each currency at row ``i``; empty if no peer has a return there."""
    own = b["symbol"]
    moves = {name: _move(closes, i, n) for name, closes in _pairs(b).items()}
    if not _known([move for name, move in moves.items() if name != own]):
        return {}
    out = {}
    for currency in {part for name in moves for part in (name[:3], name[3:])}:
        signed = [m if name[:3] == currency else -m for name, m in moves.items() if currency in (name[:3], name[3:])]
        out[currency] = _mean(signed)
    return {currency: x for currency, x in out.items() if not math.isnan(x)}


def _base_quote(b, i, n):
    found = _strengths(b, i, n)
    base, quote = (found.get(x, NAN) for x in (b["symbol"][:3], b["symbol"][3:]))
    return base, quote, base - quote


def currency_strength(b, spans=(6, 24, 96)):
    return _columns([[x for n in spans for x in _base_quote(b, i, n)] for i in range(len(b["close"]))])


def strength_rank(b, n=24):
    out = []
    for i in range(len(b["close"])):
        found = _strengths(b, i, n)
        row = []
        for own in (b["symbol"][:3], b["symbol"][3:]):
            others = [x for name, x in found.items() if name != own]
            weaker = [0.5 if abs(found[own] - x) < 1e-10 else float(found[own] > x) for x in others]
            row.append(_mean(weaker))
        out.append(row)
    return _columns(out)


def strength_momentum(b, n=24):
    out = []
    for i in range(len(b["close"])):
        before = _base_quote(b, i - n, n) if i >= n else (NAN, NAN, NAN)
        out.append([x - y for x, y in zip(_base_quote(b, i, n), before, strict=True)])
    return _columns(out)


def strength_residual(b, n=12):
    own = b["symbol"]
    out = []
    for i in range(len(b["close"])):
        moves = {name: _move(c, i, n) for name, c in _pairs(b).items()}
        mine = moves.pop(own)
        base = _mean([m if x[:3] == own[:3] else -m for x, m in moves.items() if own[:3] in (x[:3], x[3:])])
        quote = _mean([m if x[:3] == own[3:] else -m for x, m in moves.items() if own[3:] in (x[:3], x[3:])])
        known = _known([base, -quote])
        out.append((mine - math.fsum(known) if known else NAN,))
    return _columns(out)


def strength_dispersion(b, n=24):
    out = []
    for i in range(len(b["close"])):
        found = list(_strengths(b, i, n).values())
        out.append((float(np.std(found)) if found else NAN,))
    return _columns(out)


def _dollar(b, i, n, *, with_own):
    own = b["symbol"]
    moves = {name: _move(c, i, n) for name, c in _pairs(b, sharing=False).items() if "USD" in (name[:3], name[3:])}
    signed = {name: m if name[:3] == "USD" else -m for name, m in moves.items()}
    others = [m for name, m in signed.items() if name != own]
    if not _known(others):
        return NAN
    return _mean(signed.values() if with_own else others)


def dollar_index_return(b, spans=(6, 48)):
    return _columns([[_dollar(b, i, n, with_own=True) for n in spans] for i in range(len(b["close"]))])


def _aligned(b, i, n):
    """Returns of the peers, as if the shared currency stood where it stands in the own pair."""
    own = b["symbol"]
    out = []
    for name, closes in _pairs(b).items():
        if name != own:
            same_side = name[:3] == own[:3] or name[3:] == own[3:]
            out.append(_move(closes, i, n) * (1 if same_side else -1))
    return out


def peers_return(b, spans=(6, 48)):
    return _columns([[_mean(_aligned(b, i, n)) for n in spans] for i in range(len(b["close"]))])


def _line(x, y, n):
    """Correlation, slope and window of the rows in which both are known; NaN if none is, 0 if less than half."""
    rows = [(p, q) for p, q in zip(x, y, strict=True) if not math.isnan(p + q)]
    if not rows:
        return NAN, NAN, []
    xs, ys = zip(*rows, strict=True)
    if 2 * len(rows) < n or np.std(xs) < 1e-12 or np.std(ys) < 1e-12:
        return 0.0, 0.0, rows
    covariance = float(np.mean((xs - np.mean(xs)) * (ys - np.mean(ys))))
    return covariance / float(np.std(xs) * np.std(ys)), covariance / float(np.var(xs)), rows


def _windows(series, n, first):
    """The last ``n`` values at each row, None while the window holds one before row ``first``."""
    return [series[i - n + 1 : i + 1] if i - n + 1 >= first else None for i in range(len(series))]


def _regressed(x, y, n, first=1):
    pairs = zip(_windows(x, n, first), _windows(y, n, first), strict=True)
    return _columns([(NAN, NAN) if p is None else _line(p, q, n)[:2] for p, q in pairs])


def _own_and_peers(b):
    rows = range(len(b["close"]))
    return [_move(b["close"], i, 1) for i in rows], [_mean(_aligned(b, i, 1)) for i in rows]


def peer_regression(b, n=48):
    own, peers = _own_and_peers(b)
    return _regressed(peers, own, n)


def dollar_regression(b, n=48):
    dollar = [_dollar(b, i, 1, with_own=False) for i in range(len(b["close"]))]
    return _regressed(dollar, _own_and_peers(b)[0], n)


def lead_lag(b, n=48):
    own, peers = _own_and_peers(b)
    return tuple(_regressed([NAN, *x[:-1]], y, n, first=2)[0] for x, y in ((peers, own), (own, peers)))


def peer_surprise(b, n=48):
    own, peers = _own_and_peers(b)
    out = []
    for x, y in zip(_windows(peers, n, 1), _windows(own, n, 1), strict=True):
        if x is None or math.isnan(x[-1]):
            out.append((NAN,))
            continue
        _, slope, rows = _line(x, y, n)
        xs, ys = (np.array(each) for each in zip(*rows, strict=True))
        rest = (ys - ys.mean()) - slope * (xs - xs.mean())
        is_nothing = 2 * len(rows) < n or np.std(rest) < max(1e-12, 1e-5 * np.std(ys))
        out.append((0.0 if is_nothing else rest[-1] / np.std(rest),))
    return _columns(out)


def peer_relative_volatility(b, n=48):
    rows = range(len(b["close"]))
    own = [_move(b["close"], i, 1) for i in rows]
    peers = [_known(_aligned(b, i, 1)) for i in rows]
    out = []
    for mine, theirs in zip(_windows(own, n, 1), _windows(peers, n, 1), strict=True):
        flat = [x for row in theirs or [] for x in row]
        if not flat:
            out.append((NAN,))
            continue
        a = math.sqrt(_mean([x * x for x in mine]))
        p = math.sqrt(_mean([x * x for x in flat]))
        out.append((0.5 if a + p < 1e-12 else a / (a + p),))
    return _columns(out)


def _sign(x):
    return 0 if abs(x) < 1e-10 else math.copysign(1, x)


def peer_breadth(b, n=12):
    out = []
    for i in range(len(b["close"])):
        own = _sign(_move(b["close"], i, n))
        signs = [_sign(x) for x in _known(_aligned(b, i, n))]
        out.append((_mean([0.5 + own * s / 2 for s in signs]), _mean([0.5 + s / 2 for s in signs])))
    return _columns(out)


def _price_of(peers, base, quote):
    """Closes of base in quote, from whichever way round the peers quote it; None if they do not."""
    for name in sorted(peers):
        if name == base + quote:
            return [float(x) for x in peers[name]]
        if name == quote + base:
            return [1 / float(x) for x in peers[name]]
    return None


def _mean_scores(gaps, n):
    """Mean deviation and score of gaps beside their own windows."""
    out = []
    for windows in zip(*(_windows(gap, n, 0) for gap in gaps), strict=True):
        deviations, scores = [], []
        for window in windows:
            if window is None or math.isnan(window[-1]):
                continue
            known = _known(window)
            off, std = window[-1] - _mean(known), float(np.std(known))
            is_scarce = 2 * len(known) < n
            deviations.append(0.0 if is_scarce else off)
            scores.append(0.0 if is_scarce or std < 1e-12 else off / std)
        out.append((_mean(deviations), _mean(scores)))
    return _columns(out)


def triangle_gap(b, n=96):
    base, quote = b["symbol"][:3], b["symbol"][3:]
    gaps = []
    for third in sorted({x for name in b["peers"] for x in (name[:3], name[3:])} - {base, quote}):
        first, second = _price_of(b["peers"], base, third), _price_of(b["peers"], third, quote)
        if first and second:
            legs = zip(b["close"], first, second, strict=True)
            gaps.append([math.log(own / (p * q)) for own, p, q in legs])
    return _mean_scores(gaps, n) if gaps else (np.full(len(b["close"]), NAN),) * 2


def peer_spread(b, n=96):
    own = b["symbol"]
    spreads = []
    for name, closes in _pairs(b).items():
        if name != own:
            same_side = name[:3] == own[:3] or name[3:] == own[3:]
            spreads.append([math.log(x / c if same_side else x * c) for x, c in zip(b["close"], closes, strict=True)])
    return (_mean_scores(spreads, n)[1],) if spreads else (np.full(len(b["close"]), NAN),)


SESSION = {
    each.__name__: each
    for each in (
        *(trading_session, since_session_open, until_session_close, fixing_proximity, rollover, day_position),
        *(week_position, week_edge, since_closure, closure_gap, weekday, month_cycle, year_cycle, month_edge),
        *(quarter_edge, session_range, session_place, session_return, session_open, session_twap, tokyo_range),
        *(previous_session_return, previous_session_range, previous_session_extremes, seasonal_volatility),
        *(seasonal_return, seasonal_factor, seasonal_share, seasonal_return_surprise, seasonal_range_surprise),
        seasonal_volume_surprise,
    )
}
CROSS_PAIR = {
    each.__name__: each
    for each in (
        *(currency_strength, strength_rank, strength_momentum, strength_residual, strength_dispersion),
        *(dollar_index_return, peers_return, peer_regression, dollar_regression, lead_lag, peer_surprise),
        *(peer_relative_volatility, peer_breadth, triangle_gap, peer_spread),
    )
}
BY_NAME = SESSION | CROSS_PAIR
