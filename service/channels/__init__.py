"""Messenger and Zalo: webhooks in, an inbox, a worker that answers, an outbox that sends.

A channel is verify → parse → send and nothing else; `port.Channel` says what that means. What is
received is stored before it is acknowledged, and what is to be said is stored before it is sent,
so that a crash at any moment neither loses a message nor answers one twice.
"""
