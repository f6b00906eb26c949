# Needs Python 3.11, make and the package registries; builds its own .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Tests start the program some hundred times: compiled once is a quarter less to do.
unexport PYTHONDONTWRITEBYTECODE
STAMP := $(VENV)/.installed

.PHONY: demo test thorough bench soak lint lock samples races screenshots clean

demo: $(STAMP)
	$(BIN)/doubletalk demo

# A file's tests in one process, as models and servers are loaded once a file.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
test: lint
	$(PYTEST)

# Every property of the suite with twenty times as many examples (half an hour).
thorough: $(STAMP)
	DOUBLETALK_EXAMPLES=20 $(PYTEST) --timeout 1800

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# Under ten minutes: parts of the service are killed and begun again at random moments, fifty times each or as
# often as there is time, and each event is there once or named by a gap; then a live view under load, no drop
# unnamed, memory flat. `make soak KILL_MINUTES=1 MINUTES=2 KEEP=100000` is a short form; a machine that is
# busy elsewhere loses more events, and names them. `python -m tests.bench soak --minutes 60`: the view alone.
KILLS ?= 50
KILL_MINUTES ?= 4
CROWD ?= 250000
MINUTES ?= 4
RATE ?= 20000
KEEP ?= 1000000
soak: $(STAMP)
	$(BIN)/python -m tests.bench faults --kills $(KILLS) --minutes $(KILL_MINUTES) --crowd $(CROWD)
	$(BIN)/python -m tests.bench soak --minutes $(MINUTES) --rate $(RATE) --keep $(KEEP)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(STAMP): requirements/lock.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# Record sample_logs/ anew, each from a real conversation (two minutes).
samples: $(STAMP)
	set -e; work=$$(mktemp -d); for name in three_turns barge_in hand_off tool_call llm_error two_sessions; do \
	  $(BIN)/doubletalk demo --headless --conversation $$name --out $$work/$$name; \
	  cp $$work/$$name/recording.jsonl sample_logs/$$name.jsonl; \
	done; rm -r $$work

# Record docs/races/ anew: each race, the bug without its consequence, and the same without the bug
# (twenty minutes). `make races RACES=stale` records those whose line has that word.
RACES ?= .
races: $(STAMP)
	set -e; work=$$(mktemp -d); \
	sed '/^#/d; /^$$/d' docs/races/recordings.txt | grep -e '$(RACES)' | while read -r name conversation options; do \
	  $(BIN)/doubletalk demo --headless --conversation races/$$conversation $$options --out $$work/out < /dev/null; \
	  cp $$work/out/recording.jsonl docs/races/$$name.jsonl; \
	  case $$name in */*) gzip -9nf docs/races/$$name.jsonl;; esac; \
	done; rm -r $$work

# When the user has interrupted, and playback has stopped.
SHOWN := sample_logs/barge_in.jsonl
MOMENT = $(shell $(BIN)/doubletalk query $(SHOWN) 'message_handled turn = 2 component:audio_output \
  message:STT_USER_STARTED_SPEAKING' | sed 's/^\#\([0-9]*\) .*/\1/')
REPLAY = $(BIN)/doubletalk replay $(SHOWN) --at $(MOMENT)
screenshots: $(STAMP)
	$(REPLAY) --size 120x36 --screenshot docs/replay.svg
	$(REPLAY) --size 80x24 --screenshot docs/replay-80x24.svg
	$(REPLAY) --size 200x60 --screenshot docs/replay-200x60.svg
	$(REPLAY) --size 120x36 --pane turns --screenshot docs/turns.svg

# After a change of dependencies; the result names no index.
lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --override requirements/overrides.txt --extra all --extra fleet --extra dev \
	  pyproject.toml requirements/weights.in -o requirements/lock.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
