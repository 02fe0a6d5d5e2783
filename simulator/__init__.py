"""A stand-in for Genesys Cloud that behaves like it, faults included.

Everything is a pure function of the seed and a conversation's place (day and number), made when it is asked for:

- which conversations there are: `draws`, `kinds` → `population` (kinds, times, outcomes), or a `script` → `world`
  (tables, ids); what is awkward about them, where that is asked for: `awkwardness`
- what happened in one: `telling`, by `courses` on a `stage`, with `oddities` and `reopening`, makes a `story`; with
  `people` and `directory`
- what was written, heard and seen: `transcripts`, `attachments`, `documents`, `audio`, `video`
- which of them a query finds: `query`, `selecting`, `listings`
- what has become of a recording: `shelf`, with `restores` and `bulk` actions
- as the API sends it: `conversations`, `recordings`, `presenting`, `new_fields`, `content` (the bytes behind a link)
- who may ask, how often, what goes wrong: `auth`, `limits`, `faults`, `links`, brought together in `gate`
- endpoints: `analytics`, `details_jobs`, `recording_endpoints`, `batches`, `recording_jobs` (what they remember:
  `jobs`), `directory_endpoints`, `media`, `control` (with `truth`)
- put together in `state` from `options`; served by `app`; started by `__main__`

It knows nothing of Strongroom, nor Strongroom of it.
"""
