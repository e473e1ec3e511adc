from service.analytics import Metrics
from service.domain import Outcome
from tests.fixtures.replies import make_reply


def test_a_scrape_shows_what_happened():
    metrics = Metrics()
    waiting = [1, 2, 3]
    metrics.watch("queue_length", "Questions waiting.", lambda: len(waiting))
    metrics.observe(make_reply())
    metrics.observe(make_reply(outcome=Outcome.SUGGEST, rerank_failed=True))
    metrics.request("GET", "/v1/faqs/{faq_id}", 404)
    waiting.pop()

    lines = metrics.render().decode().splitlines()
    assert 'vifaq_questions_total{outcome="answer",set="default"} 1.0' in lines
    assert 'vifaq_questions_total{outcome="suggest",set="default"} 1.0' in lines
    assert 'vifaq_rerank_failures_total{set="default"} 1.0' in lines
    assert 'vifaq_index_generation{set="default"} 3.0' in lines
    assert "vifaq_queue_length 2.0" in lines
    assert 'vifaq_stage_seconds_sum{stage="total"} 0.013' in lines
    assert (
        'vifaq_http_requests_total{method="GET",route="/v1/faqs/{faq_id}",status="404"} 1.0'
        in lines
    )


def test_two_runtimes_do_not_share_numbers():
    first, second = Metrics(), Metrics()
    first.observe(make_reply())
    assert b'outcome="answer"' not in second.render()
