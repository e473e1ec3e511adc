"""The encoder that ships with the service: a bag of weighted text features.

`features` turns a segmented text into feature ids, `table` holds one vector per feature,
`encoder` adds them up, `memory` moves the sum toward the intents it resembles, `learner` moves the
features' vectors (torch), `adapter` lets one FAQ set move them.
"""
