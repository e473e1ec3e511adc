"""What is remembered about questions, people's verdicts, keys and load."""

from service.analytics.feedback import AlternateProposal, Feedback, FeedbackItem, ReviewStatus
from service.analytics.keys import ApiKey, KeyRing
from service.analytics.logs import configure_logging
from service.analytics.metrics import Metrics
from service.analytics.questions import DayCount, QuestionLog, UnansweredQuestion

__all__ = [
    "AlternateProposal",
    "ApiKey",
    "DayCount",
    "Feedback",
    "FeedbackItem",
    "KeyRing",
    "Metrics",
    "QuestionLog",
    "ReviewStatus",
    "UnansweredQuestion",
    "configure_logging",
]
