"""The readers of other clients' reports, and the tables and the plot that are made of their figures.

tests/perf/reports/CLIENT holds what a run of that client left (100 requests, 10 streams), cut to the parts
about latency.  What is expected of each comes from elsewhere: the text that the client printed with its
units, or its own list of requests, averaged by hand.
"""
import importlib.machinery
import importlib.util
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
PERF = HERE.parent.parent / "perf"
sys.dont_write_bytecode = True
sys.path.insert(0, str(PERF))
import peer_clients  # noqa: E402
import peers_render  # noqa: E402


def load_script(name):
    loader = importlib.machinery.SourceFileLoader(name, str(PERF / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


peers = load_script("peers")
BY_NAME = {peer.name: peer for peer in peer_clients.PEERS}

# Client, mean TTFT, its p99, ITL p99, in ms; the digits that stand in the client's text.
REPORTS = (
    ("sglang", 52.66, 66.01, 16.91),         # printed table
    ("vllm", 50.75, 55.86, 10.24),           # printed table
    ("inference-perf", 50.48, 52.45, 10.43),  # its YAML, in s
    ("aiperf", 51.04, 57.59, 12.94),         # its CSV
    ("evalscope", 55.31, 62.97, 11.22),      # its database of requests
    ("guidellm", 55.86, 76.98, None),        # its list of requests; the 99th of 100
    ("genai-bench", 60.19, 75.94, None),     # its list of requests
)


class Reports(unittest.TestCase):
    def test_each_client_has_a_recorded_report(self):
        self.assertEqual(sorted(BY_NAME), sorted(row[0] for row in REPORTS))

    def test_figures_are_those_the_client_shows(self):
        for name, *expected in REPORTS:
            own = BY_NAME[name].own(HERE / "reports" / name)
            for key, value in zip(("ttft_mean_ms", "ttft_p99_ms", "itl_p99_ms"), expected):
                with self.subTest(client=name, figure=key):
                    if value is None:
                        self.assertIsNone(own[key])
                    else:
                        self.assertAlmostEqual(own[key], value, delta=0.006)

    def test_a_report_that_is_not_there_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, peer in BY_NAME.items():
                with self.subTest(client=name), self.assertRaises((OSError, ValueError)):
                    peer.own(pathlib.Path(folder))

    def test_genai_bench_in_another_unit_is_refused(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            shutil.copytree(HERE / "reports/genai-bench", folder, dirs_exist_ok=True)
            path = peer_clients.only(folder, "D*.json")
            path.write_text(path.read_text().replace('"_time_unit": "ms"', '"_time_unit": "s"'))
            with self.assertRaisesRegex(ValueError, "not in ms"):
                BY_NAME["genai-bench"].own(folder)


class Asking(unittest.TestCase):
    def test_each_client_is_asked_for_the_recipe(self):
        for name, peer in BY_NAME.items():
            with self.subTest(client=name), tempfile.TemporaryDirectory() as text:
                folder = pathlib.Path(text)
                (folder / "vllm-rs").touch()
                (folder / "bin").mkdir()
                ask = peer_clients.Ask(bin=folder / "bin", url="http://127.0.0.1:1234/v1", streams=7, requests=71,
                                       folder=folder, tokenizer=folder / "tokenizer")
                said = " ".join(str(part) for part in peer.argv(ask))
                said += "".join(path.read_text() for path in folder.glob("config.yaml"))
                self.assertIn("127.0.0.1:1234", said)
                self.assertRegex(said, r"\b7\b")
                self.assertRegex(said, r"\b71\b")
                for path in folder.glob("prompts.*"):
                    lines = path.read_text().splitlines()
                    self.assertEqual(len(set(lines)), 71, "each request has a prompt of its own")

    def test_versions_are_pinned(self):
        for name, peer in BY_NAME.items():
            with self.subTest(client=name):
                self.assertRegex(peer.version, r"^\d+\.\d+\.\d+$")

    def test_the_tokenizer_knows_every_word_of_the_engine(self):
        source = (PERF.parent / "src/sim/sim_text.c").read_text()
        table = source.partition("words[] = {")[2].partition("};")[0]
        words = {piece.strip() for piece in table.replace('"', "\0").split("\0")[1::2]}
        self.assertGreater(len(words), 20)
        with tempfile.TemporaryDirectory() as folder:
            peers.write_tokenizer(pathlib.Path(folder))
            known = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text())["model"]["vocab"]
        self.assertEqual(words - set(known), set())
        self.assertEqual(sorted(known.values()), list(range(len(known))))


def run(client, streams, **figures):
    row = {"ttft_added_ms": 0.2, "ttft_p99_error_ms": 1.0, "itl_p99_ms": 10.5, "itl_p99_true_ms": 10.4,
           "cpu_us": 4.0, "memory_mb": 30.0, "start_ms": 50.0, "tok_per_s": 96.0 * streams, "in_flight": streams}
    return {"client": client, "streams": streams, **row, **figures}


def results(*runs):
    clients = {row["client"]: {"version": "1.0"} for row in runs}
    return {"recipe": {"ttft_ms": 50, "itl_ms": 10, "tokens": 100, "waves": 10, "cut_after_s": 240},
            "machine": {"processor": "a processor", "cores": 2, "kernel": "6.1"},
            "clients": clients, "skipped": {"other": "it does not install"}, "runs": list(runs)}


class Tables(unittest.TestCase):
    def test_the_median_of_runs(self):
        rows = peers_render.median_rows(results(run("bench", 10, cpu_us=3.0), run("bench", 10, cpu_us=9.0),
                                                run("bench", 10, cpu_us=4.0)))
        self.assertEqual(rows[10]["bench"]["cpu_us"], 4.0)
        self.assertEqual(rows[10]["bench"]["n_runs"], 3)

    def test_a_figure_that_one_run_lacks_is_none(self):
        rows = peers_render.median_rows(results(run("x", 10), run("x", 10, itl_p99_ms=None)))
        self.assertIsNone(rows[10]["x"]["itl_p99_ms"])

    def test_a_row_as_text(self):
        made = results(run("bench", 100), run("x", 100, itl_p99_ms=None, in_flight=32.0, tok_per_s=4807.7,
                                               cut_s=240.0))
        rows = peers_render.median_rows(made)
        lines = peers_render.table(made, rows, 100, ["bench", "x"])
        # 100 streams of 100 tokens in 1.04 s: 9615.4 tokens a second are possible.
        self.assertEqual(lines[2], "| **bench** | 0.200 | 1.00 | 10.5 (10.4) | 4.0 | 30 | 50 | 99.8 | 100.0 |")
        self.assertEqual(lines[3], "| x 1.0 (cut after 240 s) | 0.200 | 1.00 | none (10.4) | 4.0 | 30 | 50 | 50.0 "
                                   "| 32.0 |")

    def test_who_is_better_than_bench_is_named(self):
        # Better: memory.  Equal: the p99 error, whose sign does not count, and all that is the same.
        # Worse: CPU.  None: ITL, which is not compared.
        made = results(run("floor", 10, cpu_us=1.0), run("bench", 10),
                       run("x", 10, memory_mb=19.0, ttft_p99_error_ms=-1.0, cpu_us=5.0, itl_p99_ms=None))
        rows = peers_render.median_rows(made)
        lines, equal, compared = peers_render.ahead_of_bench(rows, ["floor", "bench", "x"])
        self.assertEqual(lines, ["- 10 streams, memory: x 19, bench 30"])
        self.assertEqual((equal, compared), (5, 7))

    def test_more_in_flight_is_better(self):
        made = results(run("bench", 10, in_flight=9.0), run("x", 10))
        lines, _, _ = peers_render.ahead_of_bench(peers_render.median_rows(made), ["bench", "x"])
        self.assertEqual(lines, ["- 10 streams, in flight: x 100.0, bench 90.0"])

    def test_a_difference_that_the_table_hides_is_none(self):
        made = results(run("bench", 10, memory_mb=30.4), run("x", 10, memory_mb=29.6))
        lines, _, _ = peers_render.ahead_of_bench(peers_render.median_rows(made), ["bench", "x"])
        self.assertEqual(lines, [])

    def test_the_section_names_what_was_not_run(self):
        text = "\n".join(peers_render.section(results(run("bench", 10)), "2026-01-02"))
        self.assertIn("- other: it does not install", text)
        self.assertIn("Measured on 2026-01-02: a processor, 2 cores", text)

    def test_only_the_marked_part_of_the_page_changes(self):
        page = f"head\n{peers_render.BEGIN}\nold\n{peers_render.END}\ntail\n"
        self.assertEqual(peers_render.replace_section(page, ["new", ""]),
                         f"head\n{peers_render.BEGIN}\nnew\n{peers_render.END}\ntail\n")
        for broken in ("no marks", page + page, f"{peers_render.END}{peers_render.BEGIN}"):
            with self.assertRaises(ValueError):
                peers_render.replace_section(broken, [])


class Plot(unittest.TestCase):
    def test_it_is_xml_and_names_every_client(self):
        names = ["floor", "bench", *BY_NAME]
        runs = [run(name, streams, ttft_added_ms=0.1 * (i + 1), cpu_us=i + 3.0)
                for i, name in enumerate(names) for streams in (1, 10, 100)]
        tree = xml.etree.ElementTree.fromstring(peers_render.plot(results(*runs)))
        texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
        for name in names:
            self.assertEqual(texts.count(name), 2, f"{name} stands in both panels")

    def test_a_figure_that_is_zero_or_negative_stays_on_the_paper(self):
        svg = peers_render.plot(results(run("bench", 1, ttft_added_ms=0.0), run("bench", 10, ttft_added_ms=-0.5)))
        self.assertNotIn("nan", svg)
        self.assertNotIn("inf", svg.replace("in flight", ""))

    def test_labels_keep_their_distance_and_stay_inside(self):
        for wanted in ([10, 11, 12], [95, 97, 99, 100], [10, 50, 90], [1]):
            at = peers_render.spread_labels(wanted, 4, 100)
            self.assertTrue(all(4 <= y <= 100 for y in at), at)
            self.assertTrue(all(b - a >= peers_render.LABEL_STEP - 1e-9 for a, b in zip(at, at[1:])), at)


class Kept(unittest.TestCase):
    def test_a_later_call_replaces_what_it_measured_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "deep" / "results.json"
            peers.Results(path).put("x", 10, [{"cpu_us": 1.23456}, {"cpu_us": 2.0}])
            peers.Results(path).put("y", 10, [{"cpu_us": 3.0}])
            peers.Results(path).put("x", 10, [{"cpu_us": 4.0}])
            kept = json.loads(path.read_text())["runs"]
        self.assertEqual([(row["client"], row["cpu_us"]) for row in kept], [("y", 3.0), ("x", 4.0)])

    def test_the_results_in_the_tree_can_be_rendered(self):
        for path in sorted((PERF / "results").glob("*.json")):
            with self.subTest(file=path.name):
                kept = json.loads(path.read_text())
                self.assertTrue(peers_render.section(kept, path.stem))
                xml.etree.ElementTree.fromstring(peers_render.plot(kept))


if __name__ == "__main__":
    unittest.main()
