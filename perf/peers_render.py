#!/usr/bin/env python3
"""peers_render - the figures of perf/peers as tables in docs/PERFORMANCE.md and as the plot docs/peers.svg.

Of several runs of a client at a number of streams the median of each figure is shown.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import statistics
import sys
import typing
from xml.sax.saxutils import escape

import bed

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
OURS = ("floor", "bench")


def possible(streams):
    return bed.possible_tok_per_s(streams)


def median_row(runs):
    """One row of several runs; None of a figure that any run lacks."""
    row = {}
    for key in {key for run in runs for key in run} - {"client", "streams"}:
        values = [run.get(key) for run in runs]
        row[key] = None if None in values else statistics.median(values)
    row["n_runs"] = len(runs)
    return row


def median_rows(results):
    """{streams: {client: row}}"""
    rows = {}
    for run in results["runs"]:
        rows.setdefault(run["streams"], {}).setdefault(run["client"], []).append(run)
    return {streams: {name: median_row(runs) for name, runs in of.items()} for streams, of in rows.items()}


def itl_error(row, _):
    if row.get("itl_p99_ms") is None or row.get("itl_p99_true_ms") is None:
        return None
    return row["itl_p99_ms"] - row["itl_p99_true_ms"]


def figure(key, factor=1.0):
    return lambda row, _: None if row.get(key) is None else row[key] * factor


def share_of_possible(row, streams):
    return None if row.get("tok_per_s") is None else row["tok_per_s"] * 100 / possible(streams)


def share_in_flight(row, streams):
    return None if row.get("in_flight") is None else row["in_flight"] * 100 / streams


@dataclasses.dataclass(frozen=True)
class Column:
    title: str
    value: typing.Callable     # of a row and the streams; None where there is none
    digits: int
    badness: typing.Callable   # of a value: the less the better
    text: typing.Callable = None

    def shown(self, row, streams):
        if self.text:
            return self.text(row)
        value = self.value(row, streams)
        return "-" if value is None else f"{value:.{self.digits}f}"

    def rank(self, row, streams):
        """As bad as the table shows it: what rounding hides counts as equal."""
        value = self.value(row, streams)
        return None if value is None else round(self.badness(value), self.digits)


def itl_text(row):
    own, true = row.get("itl_p99_ms"), row.get("itl_p99_true_ms")
    return ("none" if own is None else f"{own:.1f}") + (f" ({true:.1f})" if true is not None else "")


COLUMNS = (
    Column("TTFT added, ms", figure("ttft_added_ms"), 3, abs),
    Column("TTFT p99 error, ms", figure("ttft_p99_error_ms"), 2, abs),
    Column("ITL p99 (true), ms", itl_error, 1, abs, itl_text),
    Column("CPU, µs a token", figure("cpu_us"), 1, abs),
    Column("memory, MB", figure("memory_mb"), 0, abs),
    Column("start, ms", figure("start_ms"), 0, abs),
    Column("tok/s, %", share_of_possible, 1, lambda value: -value),
    Column("in flight, %", share_in_flight, 1, lambda value: -value),
)


def client_order(results, rows):
    """The floor, bench, then the others by what they add at the most streams."""
    most = max(rows)

    def place(name):
        added = rows[most].get(name, {}).get("ttft_added_ms")
        return math.inf if added is None else abs(added)

    others = {run["client"] for run in results["runs"]} - set(OURS)
    return [*(name for name in OURS if name in results["clients"]), *sorted(others, key=lambda n: (place(n), n))]


def label(results, name):
    version = results["clients"].get(name, {}).get("version")
    return f"{name} {version}" if version and name not in OURS else name


def table(results, rows, streams, order):
    lines = ["| client | " + " | ".join(column.title for column in COLUMNS) + " |",
             "|---" * (len(COLUMNS) + 1) + "|"]
    for name in order:
        row = rows[streams].get(name)
        if row is None:
            continue
        cut = f" (cut after {row['cut_s']:.0f} s)" if row.get("cut_s") else ""
        shown = f"**{name}**" if name == "bench" else label(results, name)
        lines.append(f"| {shown}{cut} | " + " | ".join(c.shown(row, streams) for c in COLUMNS) + " |")
    return lines


def ahead_of_bench(rows, order):
    """Lines that name each figure in which another client is better than bench, as the tables show them."""
    lines, equal, compared = [], 0, 0
    for streams in sorted(rows):
        bench = rows[streams].get("bench")
        if bench is None:
            continue
        for column in COLUMNS:
            own = column.rank(bench, streams)
            for name in order:
                other = None if name in OURS or name not in rows[streams] else \
                    column.rank(rows[streams][name], streams)
                if other is None or own is None:
                    continue
                compared += 1
                equal += other == own
                if other < own:
                    lines.append(f"- {streams} stream{'s' if streams > 1 else ''}, "
                                 f"{column.title.partition(',')[0]}: {name} "
                                 f"{column.shown(rows[streams][name], streams)}, bench "
                                 f"{column.shown(bench, streams)}")
    return lines, equal, compared


def section(results, date):
    rows = median_rows(results)
    order = client_order(results, rows)
    machine, recipe = results["machine"], results["recipe"]
    n_runs = sorted({row["n_runs"] for of in rows.values() for row in of.values()})
    lines = [f"Measured on {date}: {machine['processor']}, {machine['cores']} cores for client and engine "
             f"together, kernel {machine['kernel']}; TTFT {recipe['ttft_ms']} ms, ITL {recipe['itl_ms']} ms, "
             f"{recipe['tokens']} tokens, closed loop, {recipe['waves']} waves; "
             f"{' to '.join(str(n) for n in sorted({n_runs[0], n_runs[-1]}))} "
             f"run{'s' if n_runs[-1] > 1 else ''} of each (the median), bench at "
             f"{results['clients'].get('bench', {}).get('version')}. "
             f"The figures are in `perf/results/{date}.json`.", "",
             "![TTFT added and CPU per token against the number of streams](peers.svg)", ""]
    for streams in sorted(rows):
        lines += [f"**{streams} stream{'s' if streams > 1 else ''}**", "", *table(results, rows, streams, order), ""]
    better, equal, compared = ahead_of_bench(rows, order)
    lines += [f"Of {compared} figures of the other clients {len(better)} are better than bench's as the tables show "
              f"them, {equal} are the same" + (":" if better else "."), *better, ""]
    notes = [f"- {label(results, name)}: {client['note']}" for name, client in sorted(results["clients"].items())
             if client.get("note")]
    if notes:
        lines += ["About the clients:", *notes, ""]
    if results["skipped"]:
        lines += ["Not run:", *(f"- {name}: {why}" for name, why in sorted(results["skipped"].items())), ""]
    return lines


# The plot.  Colours are those of Okabe and Ito, told apart by all kinds of sight, each with a shape of its
# own as well; bench is the thick line and the floor the dashed one in the colour of the text.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#999933")
SHAPES = ("circle", "square", "up", "diamond", "down", "cross", "plus", "ring")
PANEL_W, PANEL_H, LEFT, TOP, LABEL_W, GAP = 330, 350, 66, 62, 112, 72
LABEL_STEP = 13.5
LEAST_ADDED_MS = 0.001  # a reader's stamp and the engine's log agree no better than this
STYLE = """
  .back { fill: #ffffff } .ink { fill: #1b1f24 } .soft { fill: #57606a }
  .axis { stroke: #57606a; fill: none } .grid { stroke: #d8dee4 } .line { fill: none; stroke-width: 1.8 }
  .ours { stroke: #1b1f24; fill: none; stroke-width: 3.2 } .floor { stroke: #1b1f24; fill: none; stroke-width: 1.6;
    stroke-dasharray: 5 4 } .dot { fill: #1b1f24 }
  text { font: 12px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 } .bold { font-weight: 700 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9da7b3 } .axis { stroke: #9da7b3 }
    .grid { stroke: #2b3138 } .ours, .floor { stroke: #e6edf3 } .dot { fill: #e6edf3 }
  }"""


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def plain(exponent):
    return f"{10 ** exponent:g}" if exponent < 4 else f"{10 ** exponent:,}".replace(",", " ")


def marker(shape, x, y, colour):
    at, r = f"{x:.1f},{y:.1f}", 4
    paths = {"square": f"M{x - r:.1f},{y - r:.1f}h{2 * r}v{2 * r}h{-2 * r}z",
             "up": f"M{x:.1f},{y - r - 1:.1f}l{r + 1},{2 * r}h{-2 * r - 2}z",
             "down": f"M{x:.1f},{y + r + 1:.1f}l{r + 1},{-2 * r}h{-2 * r - 2}z",
             "diamond": f"M{x:.1f},{y - r - 1.5:.1f}l{r + 1.5},{r + 1.5}l{-r - 1.5},{r + 1.5}l{-r - 1.5},{-r - 1.5}z"}
    strokes = {"cross": f"M{at}m{-r},{-r}l{2 * r},{2 * r}m0,{-2 * r}l{-2 * r},{2 * r}",
               "plus": f"M{at}m{-r - 1},0h{2 * r + 2}m{-r - 1},{-r - 1}v{2 * r + 2}"}
    if shape in paths:
        return f'<path d="{paths[shape]}" fill="{colour}"/>'
    if shape in strokes:
        return f'<path d="{strokes[shape]}" stroke="{colour}" stroke-width="2" fill="none"/>'
    hollow = shape == "ring"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" ' + \
        (f'fill="none" stroke="{colour}" stroke-width="2"/>' if hollow else f'fill="{colour}"/>')


def spread_labels(wanted, least, most):
    """Heights for labels that want to stand at `wanted` (sorted), LABEL_STEP apart, inside the panel."""
    at = []
    for y in wanted:
        at.append(max(y, at[-1] + LABEL_STEP) if at else max(y, least))
    if at and at[-1] > most:
        at[-1] = most
        for i in range(len(at) - 2, -1, -1):
            at[i] = min(at[i], at[i + 1] - LABEL_STEP)
    return at


def panel(x0, title, unit, series, floor_value):
    """`series`: {client: [(streams, value)]}; values below `floor_value` stand at it."""
    points = {name: [(s, max(abs(v), floor_value)) for s, v in of] for name, of in series.items() if of}
    streams = sorted({s for of in points.values() for s, _ in of})
    low, high = decades([v for of in points.values() for _, v in of])
    high = max(high, low + 1)
    right, bottom = x0 + PANEL_W, TOP + PANEL_H
    span = math.log10(streams[-1] / streams[0]) or 1

    def px(value):
        return x0 + 8 + (PANEL_W - 16) * math.log10(value / streams[0]) / span

    def py(value):
        return bottom - PANEL_H * (math.log10(value) - low) / (high - low)

    out = [f'<text class="ink bold" x="{x0}" y="{TOP - 12}">{escape(title)}</text>']
    for exponent in range(low, high + 1):
        y = py(10 ** exponent)
        out += [f'<line class="grid" x1="{x0}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
                f'<text class="soft" x="{x0 - 7}" y="{y + 4:.1f}" text-anchor="end">{plain(exponent)}</text>']
    for value in streams:
        x = px(value)
        # 500 and 1000 are close: the inner one gives way.
        if value == streams[-1] or px(streams[-1]) - x > 40:
            out.append(f'<text class="soft" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{value}</text>')
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
    out += [f'<path class="axis" d="M{x0},{TOP}V{bottom}H{right}"/>',
            f'<text class="soft" x="{x0 + PANEL_W / 2}" y="{bottom + 38}" text-anchor="middle">streams at once</text>',
            f'<text class="soft" transform="translate({x0 - 52},{TOP + PANEL_H / 2}) rotate(-90)" '
            f'text-anchor="middle">{escape(unit)}</text>']
    others = sorted(name for name in points if name not in OURS)
    style = {name: (COLOURS[i % len(COLOURS)], SHAPES[i % len(SHAPES)]) for i, name in enumerate(others)}
    ends = []
    for name in [*others, *(name for name in OURS if name in points)]:
        of = sorted(points[name])
        path = "M" + "L".join(f"{px(s):.1f},{py(v):.1f}" for s, v in of)
        if name in style:
            colour, shape = style[name]
            out.append(f'<path class="line" d="{path}" stroke="{colour}"/>')
            out += [marker(shape, px(s), py(v), colour) for s, v in of]
        else:
            out.append(f'<path class="{"ours" if name == "bench" else "floor"}" d="{path}"/>')
            out += [f'<circle class="dot" cx="{px(s):.1f}" cy="{py(v):.1f}" r="{4.5 if name == "bench" else 2.5}"/>'
                    for s, v in of]
        ends.append((py(of[-1][1]), px(of[-1][0]), name))
    ends.sort()
    heights = spread_labels([y for y, _, _ in ends], TOP + 4, bottom - 2)
    for (y, x, name), at in zip(ends, heights):
        colour = f' stroke="{style[name][0]}"' if name in style else ' class="axis"'
        out.append(f'<path d="M{x + 6:.1f},{y:.1f}L{right + 10},{at:.1f}h6"{colour} fill="none" stroke-width="1"/>')
        out.append(f'<text class="ink{" bold" if name == "bench" else ""}" x="{right + 20}" y="{at + 4:.1f}">'
                   f'{escape(name)}</text>')
    return out


def plot(results):
    rows = median_rows(results)
    names = {name for of in rows.values() for name in of}

    def series(key):
        return {name: [(s, of[name][key]) for s, of in rows.items()
                       if name in of and of[name].get(key) is not None] for name in names}

    recipe = results["recipe"]
    width = LEFT + 2 * (PANEL_W + LABEL_W) + GAP
    height = TOP + PANEL_H + 76
    text = (f"{recipe['tokens']} tokens, {recipe['ttft_ms']} ms to the first and {recipe['itl_ms']} ms between "
            f"them, closed loop, {recipe['waves']} waves; both axes logarithmic")
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}" role="img" aria-labelledby="t d">',
           '<title id="t">What clients add and what they cost</title>',
           '<desc id="d">Two plots against the number of streams: TTFT added in ms, and CPU time of the client '
           'in microseconds a token, for bench, the floor and other clients.</desc>',
           f"<style>{STYLE}\n</style>", f'<rect class="back" width="{width}" height="{height}"/>',
           f'<text class="ink title" x="{LEFT - 40}" y="24">What clients add and what they cost: less is better</text>']
    out += panel(LEFT, "TTFT added: reported mean less the true one", "ms", series("ttft_added_ms"),
                 LEAST_ADDED_MS)
    out += panel(LEFT + PANEL_W + LABEL_W + GAP, "CPU of the client", "µs a token", series("cpu_us"), 0.01)
    out += [f'<text class="soft" x="{LEFT - 40}" y="{height - 12}">{escape(text)}</text>', "</svg>"]
    return "\n".join(out) + "\n"


def replace_section(page, lines):
    """The page with what stands between the marks replaced."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs one {BEGIN} and, after it, one {END}")
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + "\n".join(lines) + END + rest.partition(END)[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json", nargs="?", type=pathlib.Path, help="default: the newest under perf/results")
    parser.add_argument("--page", default=bed.ROOT / "docs/PERFORMANCE.md", type=pathlib.Path)
    parser.add_argument("--svg", default=bed.ROOT / "docs/peers.svg", type=pathlib.Path)
    options = parser.parse_args()
    path = options.json or max((bed.ROOT / "perf/results").glob("*.json"), default=None)
    if path is None:
        sys.exit("peers_render: no results: run perf/peers")
    results = json.loads(path.read_text(encoding="utf-8"))
    page = options.page.read_text(encoding="utf-8")
    try:
        page = replace_section(page, section(results, path.stem))
    except ValueError as error:
        sys.exit(f"peers_render: {options.page}: {error}")
    options.page.write_text(page, encoding="utf-8")
    options.svg.write_text(plot(results), encoding="utf-8")


if __name__ == "__main__":
    main()
