"""A stand-in for Genesys Cloud that behaves like it, faults included.

Everything is a pure function of the seed and a conversation's place (day and number), made when it is asked for:

- which conversations there are: `draws` → `population` (kinds, times, outcomes) → `world` (tables, ids)
- what happened in one: `story`, with `people` and `directory`
- what was written and heard: `transcripts`, `attachments`, `documents`, `audio`
- as the API sends it: `conversations`, `recordings`, `content` (the bytes behind a media link)
- who may ask, how often, what goes wrong: `auth`, `limits`, `faults`, `links`, brought together in `gate`
- endpoints: `analytics` (with `query`), `recording_endpoints`, `directory_endpoints`, `media`, `control` (with
  `truth`)
- put together in `state` from `options`; served by `app`; started by `__main__`

It knows nothing of Strongroom, nor Strongroom of it.
"""
