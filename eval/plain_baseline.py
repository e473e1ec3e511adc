"""What people write in an afternoon: FastAPI + sentence-transformers + Chroma, and no more.

Run: python -m eval.plain_baseline index FAQS.jsonl DIR MODEL
     python -m eval.plain_baseline serve DIR MODEL PORT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import chromadb
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

BATCH = 1000


class Question(BaseModel):
    """A question as it was typed."""

    question: str


def index(faqs: Path, folder: Path, model: SentenceTransformer) -> None:
    """Encode every question and alternate and store it with its answer."""
    rows: list[tuple[str, str, str]] = []
    for line in faqs.read_text(encoding="utf-8").splitlines():
        faq = json.loads(line)
        for position, text in enumerate([faq["question"], *faq["alternates"]]):
            rows.append((f"{faq['id']}#{position}", text, faq["answer"]))
    collection = chromadb.PersistentClient(str(folder)).create_collection("faqs")
    for start in range(0, len(rows), BATCH):
        ids, texts, answers = zip(*rows[start : start + BATCH], strict=True)
        collection.add(
            ids=list(ids),
            documents=list(texts),
            metadatas=[{"answer": answer} for answer in answers],
            embeddings=model.encode(list(texts)),
        )


def serve(folder: Path, model: SentenceTransformer, port: int) -> None:
    """Answer with whatever is nearest."""
    app = FastAPI()
    collection = chromadb.PersistentClient(str(folder)).get_collection("faqs")

    @app.post("/v1/ask")
    def ask(body: Question) -> dict[str, Any]:
        vector = model.encode([body.question])
        found: Any = collection.query(query_embeddings=vector, n_results=20)
        return {
            "question": found["documents"][0][0],
            "answer": found["metadatas"][0][0]["answer"],
            "suggestions": found["documents"][0][1:4],
        }

    @app.get("/empty")
    async def empty() -> None:
        """What FastAPI and the wire take."""

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    if sys.argv[1] == "index":
        index(Path(sys.argv[2]), Path(sys.argv[3]), SentenceTransformer(sys.argv[4]))
    else:
        serve(Path(sys.argv[2]), SentenceTransformer(sys.argv[3]), int(sys.argv[4]))
