# Thin: every recipe is what a person would type. Needs Python 3.11 or later.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BUNDLED := faq_data/university

.PHONY: help install run test eval quality speed demo-channels train calibration-prior ranker

help:
	@echo "make run    serve the bundled university FAQs on http://127.0.0.1:8000"
	@echo "make test   everything that CI checks"
	@echo "make eval   DATA=folder: quality of the service on labelled sets, beside BM25 and TF-IDF"
	@echo "make quality DATA=folder: the whole table of quality, with tables and plots in eval/results"
	@echo "make speed  latency, throughput, memory and indexing rate"
	@echo "make train DATA=folder: train the embedded encoder anew"
	@echo "make ranker  fit the built-in reranker anew, after make train"
	@echo "make demo-channels  a conversation through Messenger and Zalo, against fakes of them"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: install
	@$(BIN)/vifaq db upgrade
	@$(BIN)/vifaq sets list | cut -f1 | grep -qx default || $(BIN)/vifaq import $(BUNDLED)
	@$(BIN)/vifaq reindex --if-needed
	@$(BIN)/vifaq serve

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

eval: install
	@test -n "$(DATA)" || { echo "make eval DATA=folder: each sub-folder has faqs.jsonl and queries.jsonl"; exit 1; }
	@for set in $(DATA)/*/queries.jsonl; do \
		for how in '--adapt auto' '--adapt off' '--baseline bm25' '--baseline tfidf'; do \
			echo "$$(dirname $$set) $$how"; \
			$(BIN)/vifaq eval --faqs $$(dirname $$set)/faqs.jsonl --queries $$set $$how || exit 1; \
		done; \
	done

quality: install
	@test -n "$(DATA)" || { echo "make quality DATA=folder: each sub-folder has faqs.jsonl and queries.jsonl"; exit 1; }
	$(BIN)/python -m eval.quality "$(DATA)"

speed: install
	$(BIN)/python -m eval.speed

demo-channels: install
	@$(BIN)/python -m tests.fakes.demo

train: install
	@test -n "$(DATA)" || { echo "make train DATA=folder: it holds parallel_en_vi.tsv.xz and viwiki.txt.xz"; exit 1; }
	$(BIN)/python -m service.train.embedded --data "$(DATA)"

calibration-prior: install
	@test -n "$(DATA)" || { echo "make calibration-prior DATA=folder: it holds parallel_en_vi.tsv.xz and viwiki.txt.xz"; exit 1; }
	$(BIN)/python -m service.train.enquiry --data "$(DATA)"
	$(BIN)/python -m service.train.calibration_prior --data "$(DATA)"

ranker: install
	$(BIN)/python -m service.train.ranker
