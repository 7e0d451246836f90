# A thin front of meson: every target is one or two commands that can be typed by hand.
BUILD ?= build/gcc

.PHONY: all demo test check asan tsan fuzz soak lint perf perf-ab perf-peers docs fmt fmt-check install clean deps

all: deps $(BUILD)/build.ninja
	ninja -C $(BUILD)

deps:
	@tools/install-deps

$(BUILD)/build.ninja: | deps
	meson setup $(BUILD)

# A sweep against the built-in simulated engine, into a new folder, then the envelopes are verified.
demo: all
	@BENCH=$(BUILD)/src/cli/bench tools/demo

test: all
	tools/run-tests $(BUILD)

# All that .ci/run checks, on the tools that are installed.
check:
	.ci/run

asan: deps
	[ -f build/asan/build.ninja ] || meson setup build/asan -Db_sanitize=address,undefined -Dwerror=false
	ninja -C build/asan && meson test -C build/asan --print-errorlogs

tsan: deps
	[ -f build/tsan/build.ninja ] || meson setup build/tsan -Db_sanitize=thread -Dwerror=false
	ninja -C build/tsan && meson test -C build/tsan --print-errorlogs

# Each fuzzer for a minute, with sanitizers (clang).
fuzz: deps
	tools/run-fuzzers 60

# Half an hour at 500 streams: memory and descriptors must not grow, the records must verify and recompute.
soak: all
	tests/soak/run $(BUILD)/src/cli/bench 30

# What a token event costs between recvmsg and the record, as ratios taken side by side in one run, and what TLS
# adds to it; then seconds and memory of all numbers of a million requests with a hundred token gaps each (2.3 GiB);
# then whole runs against a reader that only reads, wrk and oha; then open loops up to a rate that cannot be kept
# (docs/PERFORMANCE.md).
perf: deps
	[ -f build/perf/build.ninja ] || meson setup build/perf -Dbuildtype=release
	ninja -C build/perf perf-programs
	build/perf/perf/read_path
	build/perf/perf/tls_path
	build/perf/perf/stats_scale
	perf/side_by_side
	perf/open_rate

# Two commits against each other, in turn: make perf-ab A=HEAD~1 B=HEAD
perf-ab: deps
	[ -f build/perf/build.ninja ] || meson setup build/perf -Dbuildtype=release
	ninja -C build/perf perf/measured
	perf/ab $(A) $(B)

# Other clients, each installed by pip into build/peers, over the same engine; then their tables and plot.
# More than half an hour; `perf/peers --help` names what can be left out.
perf-peers: deps
	[ -f build/perf/build.ninja ] || meson setup build/perf -Dbuildtype=release
	ninja -C build/perf perf/floor_reader perf/measured src/cli/bench
	perf/peers
	perf/peers_render.py

# clang-tidy and cppcheck.
lint: deps
	tools/lint

# The documents that the program generates from its own tables.
docs: all
	tools/generate-docs $(BUILD)/src/cli/bench

fmt:
	clang-format -i $$(git ls-files 'src/*.[ch]' 'tests/unit/*.[ch]' 'tests/support/*.[ch]' 'tests/fuzz/*.c' 'perf/*.c')

fmt-check:
	clang-format --dry-run -Werror $$(git ls-files 'src/*.[ch]' 'tests/unit/*.[ch]' 'tests/support/*.[ch]' 'tests/fuzz/*.c' 'perf/*.c')

install: all
	meson install -C $(BUILD)

clean:
	rm -rf build
