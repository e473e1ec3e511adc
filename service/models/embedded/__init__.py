"""The encoder that ships with the service: a bag of weighted text features.

`features` turns a segmented text into feature ids, `table` holds one vector per feature,
`encoder` adds them up, `learner` moves them (torch), `adapter` lets one FAQ set move them.
"""
