"""Each awkwardness, as a client meets it; and that there is none where it was not asked for."""

import email
import hashlib
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.policy import SMTP

import pytest

from simulator.attachments import LARGE_BYTES, PATH_NAMES
from simulator.awkwardness import CAST, EVERY, Awkwardness
from simulator.new_fields import NEW_FIELD

DAY = "2025-05-14T00:00:00.000Z/2025-05-15T00:00:00.000Z"
DOCUMENTS = {
    "download": "true",
    "formatId": "NONE",
    "emailFormatId": "EML",
    "chatFormatId": "ZIP",
    "messageFormatId": "ZIP",
}
ALL_STARTS = "2025-05-09T00:00:00.000Z/2025-05-15T00:00:00.000Z"
MIDNIGHT_AFTER = datetime(2025, 5, 15, 0, 5, tzinfo=UTC)


def awkward(simulator, day="2025-05-14"):
    return simulator.plain.get(f"{simulator.url}/_sim/awkward", params={"day": day}, timeout=10).json()


def those(run, name, **options):
    """A simulator that is awkward in one way, and the ids of the conversations that show it."""
    simulator = run(awkward=(Awkwardness(name),), **options)
    return simulator, awkward(simulator)[name]


def the_one(run, name, **options):
    simulator, (conversation_id,) = those(run, name, **options)
    return simulator, conversation_id


def record_of(simulator, conversation_id, interval=DAY):
    return next(each for each in simulator.read_all(interval) if each["conversationId"] == conversation_id)


def truth_of(simulator, conversation_id, **parameters):
    found = simulator.truth(formats="OGG_OPUS", **parameters)["conversations"]
    return next(each for each in found if each["conversationId"] == conversation_id)


def listed(simulator, conversation_id):
    return simulator.get(f"/api/v2/conversations/{conversation_id}/recordingmetadata").json()


def whole(simulator, conversation_id, recording_id):
    return simulator.get(f"/api/v2/conversations/{conversation_id}/recordings/{recording_id}", **DOCUMENTS)


def sessions(record):
    return [session for who in record["participants"] for session in who["sessions"]]


def segments(record):
    return [part for session in sessions(record) for part in session["segments"]]


def test_all_are_there_in_a_day_of_three_hundred(run):
    simulator = run(awkward=EVERY, conversations=300)
    found = awkward(simulator)
    assert set(found) == set(EVERY)
    assert {name: len(ids) for name, ids in found.items()} == {name: len(CAST[name]) for name in EVERY}
    ids = [one for each in found.values() for one in each]
    assert len(set(ids)) == len(ids)
    ended = {each["conversationId"] for each in simulator.truth(formats="OGG_OPUS")["conversations"]}
    assert set(ids) <= ended


def test_none_is_there_unless_asked_for(run):
    simulator = run(conversations=300)
    assert awkward(simulator) == {}
    text = simulator.query(DAY).text
    assert NEW_FIELD not in text
    assert "hologram" not in text


def test_the_others_are_what_they_were(run):
    ordinary, odd = (
        run(conversations=300),
        run(conversations=300, awkward=(Awkwardness.UNICODE_NAMES, Awkwardness.LATE_SHOWN)),
    )
    changed = {one for ids in awkward(odd).values() for one in ids}
    before = {each["conversationId"]: each for each in ordinary.read_all(DAY)}
    after = {each["conversationId"]: each for each in odd.read_all(DAY)}
    assert set(before) ^ set(after) <= changed
    assert [one for one in before if one in after and before[one] != after[one] and one not in changed] == []


def test_pages_shift_while_conversations_arrive(run):
    simulator, arriving = those(run, "shifting_pages", conversations=300)
    first = [each["conversationId"] for each in simulator.query(DAY, 1).json()["conversations"]]
    second = [each["conversationId"] for each in simulator.query(DAY, 2).json()["conversations"]]
    assert not set(arriving) & {*first, *second}
    assert set(first) & set(second)
    assert set(arriving) <= {each["conversationId"] for each in simulator.query(DAY, 1).json()["conversations"]}


def test_a_conversation_is_on_two_pages(run):
    simulator, twice = the_one(run, "repeated_on_two_pages", conversations=300)
    pages = [
        [each["conversationId"] for each in simulator.query(DAY, page).json()["conversations"]] for page in (1, 2, 3)
    ]
    assert [sum(twice in page for page in pages), sum(page.count(twice) for page in pages)] == [2, 2]
    total_hits = simulator.query(DAY).json()["totalHits"]
    assert total_hits == len({one for page in pages for one in page}) == sum(map(len, pages)) - 1


def test_total_hits_change(run):
    simulator, _ = the_one(run, "changing_total_hits", conversations=300)
    hits = [simulator.query(DAY).json()["totalHits"] for _ in range(4)]
    assert hits == [hits[3] - 1, hits[3] + 1, hits[3], hits[3]]
    assert hits[3] == len(simulator.read_all(DAY))


def test_a_page_is_short_and_not_the_last(run):
    simulator, _ = the_one(run, "short_pages", conversations=300)
    lengths = [len(simulator.query(DAY, page, 50).json().get("conversations", [])) for page in range(1, 8)]
    assert 0 < min(lengths[:4]) < 50
    found = simulator.read_all(DAY, size=50)
    assert len(found) == len({each["conversationId"] for each in found}) == simulator.query(DAY).json()["totalHits"]


def test_results_stop_at_the_cap(run):
    simulator = run(total_hits_cap=60)
    assert simulator.query(DAY, 1, 50).json()["totalHits"] > 60
    assert len(simulator.query(DAY, 2, 50).json()["conversations"]) == 10
    assert simulator.query(DAY, 3, 50).status_code == 400


def test_some_show_up_hours_after_they_ended(run):
    simulator, late = those(run, "late_shown", now=MIDNIGHT_AFTER, shown_late_s=6 * 3600.0)
    ends = {one: truth_of(simulator, one)["conversationEnd"] for one in late}
    for hours in range(0, 19, 3):
        now = simulator.plain.get(f"{simulator.url}/_sim/clock", timeout=10).json()["now"]
        shown = {each["conversationId"] for each in simulator.read_all(DAY)}
        for one, end in ends.items():
            since = datetime.fromisoformat(now) - datetime.fromisoformat(end)
            assert (one in shown) == (since.total_seconds() >= 6 * 3600), hours
        simulator.sim("clock", advance_s=3 * 3600)
    assert set(late) <= shown


@pytest.mark.parametrize("name", ["reopened_same_day", "reopened_days_later"])
def test_threads_are_reopened_and_grow(run, name):
    simulator, ids = those(run, name, token_ttl_s=10_000_000)
    for one in ids:
        first, last = ends_in_the_end(simulator, one)
        assert (first[:10] == last[:10]) == (name == "reopened_same_day")
        before, lines_before = as_it_stands(simulator, one, first)
        still, lines_still = as_it_stands(simulator, one, just_before(last))
        assert (still["conversationEnd"], lines_still) == (first, lines_before)
        assert one in {each["conversationId"] for each in simulator.truth(formats="OGG_OPUS")["conversations"]}
        after, lines_after = as_it_stands(simulator, one, last)
        assert (before["conversationEnd"], after["conversationEnd"]) == (first, last)
        assert lines_after[: len(lines_before)] == lines_before
        if sessions(after)[0]["mediaType"] == "email":
            assert len(listed(simulator, one)) == 1
            assert len(lines_after) > len(lines_before)
        else:
            assert len(listed(simulator, one)) == 2
            assert lines_after == lines_before


def ends_in_the_end(simulator, one):
    """The ends of a conversation, once all are past."""
    simulator.sim("clock", now="2025-05-25T00:00:00Z")
    for day in range(14, 20):
        for each in simulator.truth(day=f"2025-05-{day}", formats="OGG_OPUS")["conversations"]:
            if each["conversationId"] == one:
                return [*each["earlierEnds"], each["conversationEnd"]]
    raise AssertionError("it ended on no day")


def just_before(instant):
    return (datetime.fromisoformat(instant) - timedelta(seconds=30)).isoformat()


def as_it_stands(simulator, one, instant):
    """A conversation's record at an instant, and the ids of the lines of its first recording."""
    simulator.sim("clock", now=instant)
    transcript = whole(simulator, one, listed(simulator, one)[0]["id"]).json()
    lines = transcript.get("emailTranscript") or transcript["messagingTranscript"]
    return record_of(simulator, one, ALL_STARTS), [line["id"] for line in lines]


@pytest.mark.parametrize(("name", "days"), [("multi_day_email", 1), ("long_thread", 9)])
def test_threads_last_days(run, name, days):
    simulator, one = the_one(run, name)
    told = truth_of(simulator, one)
    lasted = datetime.fromisoformat(told["conversationEnd"]) - datetime.fromisoformat(told["conversationStart"])
    assert lasted.days >= days
    assert told["mediaTypes"] == ["email"]


def test_a_session_is_marked_recorded_with_nothing_behind_it(run):
    simulator, one = the_one(run, "recorded_flag_nothing_behind")
    assert any(session.get("recording") for session in sessions(record_of(simulator, one)))
    assert listed(simulator, one) == [] == truth_of(simulator, one)["recordings"]


def test_a_recording_is_listed_at_the_second_look(run):
    simulator, one = the_one(run, "listed_at_second_look")
    assert [len(listed(simulator, one)) for _ in range(3)] == [1, 2, 2]


def test_there_is_each_file_state(run):
    simulator, ids = those(run, "file_states", late_s=600.0, restore_s=600.0)
    states = Counter(found["fileState"] for one in ids for found in listed(simulator, one))
    assert states == {"ARCHIVED": 2, "RESTORING": 1, "UPLOADING": 1, "ERROR": 1, "DELETED": 1}
    assert not any("mediaUris" in whole(simulator, one, listed(simulator, one)[0]["id"]).json() for one in ids)
    simulator.sim("clock", advance_s=600)
    states = Counter(found["fileState"] for one in ids for found in listed(simulator, one))
    assert states == {"ARCHIVED": 2, "RESTORED": 1, "AVAILABLE": 1, "ERROR": 1, "DELETED": 1}
    outcomes = Counter(held["outcome"] for one in ids for held in truth_of(simulator, one)["recordings"])
    assert outcomes == {"archived": 2, "late": 2, "error": 1, "deleted": 1}


def test_transcoding_takes_minutes_even_for_the_original(run):
    simulator, one = the_one(run, "transcoding_202", long_transcode_s=120.0)
    (recording,) = listed(simulator, one)
    waiting = whole(simulator, one, recording["id"])
    assert waiting.status_code == 202
    assert 0 < waiting.json()["estimatedTranscodeTimeMs"] <= 120_000
    simulator.sim("clock", advance_s=120)
    assert whole(simulator, one, recording["id"]).status_code == 200


def files_of(simulator, one):
    """Hashes of all media of a conversation, by recording."""
    return {
        found["id"]: [
            hashlib.sha256(simulator.fetch(uri["mediaUri"]).content).hexdigest()
            for uri in whole(simulator, one, found["id"]).json()["mediaUris"].values()
        ]
        for found in listed(simulator, one)
    }


@pytest.mark.parametrize(
    ("name", "subtypes", "media"),
    [
        ("station_and_trunk_copies", ["Station", "Trunk"], ["audio", "audio"]),
        ("screen_recording", ["Screen", "Trunk"], ["audio", "screen"]),
        ("snippet", ["Snippet", "Trunk"], ["audio", "audio"]),
        ("voicemail", [], ["audio"]),
        ("unknown_media_type", ["Trunk", "Volumetric"], ["audio", "hologram"]),
        ("dual_channel", ["Trunk"], ["audio"]),
    ],
)
def test_what_is_recorded_besides_is_in_the_truth_byte_by_byte(run, name, subtypes, media):
    simulator, one = the_one(run, name)
    found = listed(simulator, one)
    assert sorted(each["mediaSubtype"] for each in found if "mediaSubtype" in each) == subtypes
    assert sorted(each["media"] for each in found) == media
    told = {held["id"]: [file["sha256"] for file in held["files"]] for held in truth_of(simulator, one)["recordings"]}
    assert files_of(simulator, one) == told
    hashes = [one for each in told.values() for one in each]
    assert len(set(hashes)) == len(hashes) == len(media) + (name == "dual_channel")


def test_copies_are_of_one_leg(run):
    simulator, one = the_one(run, "station_and_trunk_copies")
    assert len({(each["sessionId"], each["startTime"], each["endTime"]) for each in listed(simulator, one)}) == 1


def test_two_channels_are_two_parts(run):
    simulator, one = the_one(run, "dual_channel")
    (held,) = truth_of(simulator, one)["recordings"]
    assert [file["part"] for file in held["files"]] == [1, 2]
    assert len({file["name"] for file in held["files"]}) == 2


def test_a_screen_recording_is_a_webm_with_a_video_track(run):
    simulator, one = the_one(run, "screen_recording")
    (screen,) = (found for found in listed(simulator, one) if found["media"] == "screen")
    (uri,) = whole(simulator, one, screen["id"]).json()["mediaUris"].values()
    answer = simulator.fetch(uri["mediaUri"])
    assert answer.headers["Content-Type"] == "video/webm"
    assert answer.content.startswith(b"\x1aE\xdf\xa3")
    assert b"V_VP8" in answer.content
    assert any(who.get("screenRecording") for who in record_of(simulator, one)["participants"])


def test_voicemail_has_a_participant_and_a_segment_of_its_own(run):
    simulator, one = the_one(run, "voicemail")
    record = record_of(simulator, one)
    assert "voicemail" in {who["purpose"] for who in record["participants"]}
    assert "voicemail" in {part["segmentType"] for part in segments(record)}


def test_new_fields_are_in_every_object(run):
    simulator, ids = those(run, "new_fields")
    objects = [simulator.query(DAY).json(), *(record_of(simulator, one) for one in ids)]
    objects += [who for one in ids for who in record_of(simulator, one)["participants"]]
    objects += [part for one in ids for part in segments(record_of(simulator, one))]
    recordings = [found for one in ids for found in listed(simulator, one)]
    objects += recordings + [whole(simulator, found["conversationId"], found["id"]).json() for found in recordings]
    assert all(NEW_FIELD in each for each in objects)


def test_names_are_in_any_unicode(run):
    simulator, ids = those(run, "unicode_names")
    names = " ".join(who["participantName"] for one in ids for who in record_of(simulator, one)["participants"])
    assert re.search(r"[\u0590-\u05ff]", names)
    assert re.search(r"[\u0300-\u036f]", names)
    assert re.search("[\U00020000-\U0002ffff]", names)
    assert "\u202e" in names
    assert names.count("\u0000") == 1
    assert "\\u0000" in simulator.query(DAY).text


def emails_of(simulator, one):
    (found,) = listed(simulator, one)
    return whole(simulator, one, found["id"]).json()


def test_a_subject_has_ten_thousand_characters(run):
    simulator, one = the_one(run, "long_subject")
    answer = emails_of(simulator, one)
    subject = answer["emailTranscript"][0]["subject"]
    assert len(subject) == 10_000
    assert {"\u0000", "\r", "\n", "\u001b"} <= set(subject)
    (uri,) = answer["mediaUris"].values()
    message = email.message_from_bytes(simulator.fetch(uri["mediaUri"]).content, policy=SMTP)
    assert len(message["Subject"]) > 7_000  # control characters are left out


def attachments(simulator, one):
    return emails_of(simulator, one)["emailTranscript"][0]["attachments"]


def eml_attachments(simulator, one):
    """The attachments of the first e-mail in the EML."""
    (uri,) = emails_of(simulator, one)["mediaUris"].values()
    answer = simulator.fetch(uri["mediaUri"])
    message = email.message_from_bytes(answer.content, policy=SMTP)
    return [part for part in message.walk() if part.get_content_disposition() == "attachment" and part.get_filename()]


def test_an_attachment_is_of_thirty_megabytes(run):
    simulator, one = the_one(run, "large_attachment")
    (attached,) = attachments(simulator, one)
    content = simulator.fetch(attached["contentPath"]).content
    assert len(content) == attached["contentLength"] == LARGE_BYTES == 30 * 1024**2
    (part,) = eml_attachments(simulator, one)
    assert part.get_payload(decode=True) == content
    (held,) = truth_of(simulator, one)["recordings"]
    assert hashlib.sha256(content).hexdigest() in {file["sha256"] for file in held["files"]}


def test_an_attachment_is_empty(run):
    simulator, one = the_one(run, "zero_byte_attachment")
    empty = attachments(simulator, one)[0]
    assert empty["contentLength"] == 0
    assert simulator.fetch(empty["contentPath"]).content == b""


def test_attachments_are_named_like_paths(run):
    simulator, one = the_one(run, "path_named_attachment")
    assert [attached["name"] for attached in attachments(simulator, one)] == list(PATH_NAMES)
    assert {"../../x", "..\\x", "/etc/passwd"} < set(PATH_NAMES)
    assert any("\n" in name and '"' in name for name in PATH_NAMES)
    assert len(eml_attachments(simulator, one)) == len(PATH_NAMES)


def test_two_attachments_have_the_same_name(run):
    simulator, one = the_one(run, "same_name_attachments")
    first, second = attachments(simulator, one)
    assert first["name"] == second["name"]
    assert first["attachmentId"] != second["attachmentId"]
    assert simulator.fetch(first["contentPath"]).content != simulator.fetch(second["contentPath"]).content


def test_a_transcript_is_too_large_and_the_rest_is_there(run):
    simulator, one = the_one(run, "transcript_too_large")
    too_large, other = (whole(simulator, one, found["id"]).json() for found in listed(simulator, one))
    assert too_large["recordingErrorStatus"] == "EMAIL_TRANSCRIPT_TOO_LARGE"
    assert not {"emailTranscript", "mediaUris"} & set(too_large)
    assert {"emailTranscript", "mediaUris"} <= set(other)
    told = truth_of(simulator, one)["recordings"]
    assert [(held.get("errorStatus"), bool(held["files"])) for held in told] == [
        ("EMAIL_TRANSCRIPT_TOO_LARGE", False),
        (None, True),
    ]


def directory(simulator, path):
    return {found["id"]: found["name"] for found in simulator.get(f"/api/v2/{path}", pageSize=500).json()["entities"]}


def test_a_queue_is_named_like_the_id_of_another(run):
    simulator, one = the_one(run, "id_as_queue_name")
    queues = directory(simulator, "routing/queues")
    (queue,) = truth_of(simulator, one)["queueIds"]
    assert queues[queue] in queues
    assert queues[queue] != queue


def test_a_queue_was_deleted(run):
    simulator, one = the_one(run, "deleted_queue")
    assert set(truth_of(simulator, one)["queueIds"]).isdisjoint(directory(simulator, "routing/queues"))


def test_a_user_was_deleted(run):
    simulator, one = the_one(run, "deleted_user")
    users = {who["userId"] for who in record_of(simulator, one)["participants"] if "userId" in who}
    assert len(users) == 1
    assert users.isdisjoint(directory(simulator, "users"))


def test_a_participant_has_no_purpose(run):
    simulator, one = the_one(run, "no_purpose")
    assert ["purpose" in who for who in record_of(simulator, one)["participants"]].count(False) == 1


def test_a_session_has_five_hundred_segments(run):
    simulator, one = the_one(run, "many_segments")
    assert max(len(session["segments"]) for session in sessions(record_of(simulator, one))) == 500


def test_clocks_disagree(run):
    simulator, one = the_one(run, "clock_skew", rate_limit_per_min=1000)
    record = record_of(simulator, one)
    assert min(part["segmentStart"] for part in segments(record)) < record["conversationStart"]
    assert max(part["segmentEnd"] for part in segments(record)) > record["conversationEnd"]
    answers = [simulator.query(DAY) for _ in range(6)]
    assert {answer.headers["Date"] for answer in answers} & {
        "Thu, 15 May 2025 11:59:53 GMT",
        "Thu, 15 May 2025 11:59:54 GMT",
    }
    resets = [int(answer.headers["inin-ratelimit-reset"]) for answer in answers]
    assert min(resets) < 1


def test_all_names_have_a_part_or_are_a_limit():
    assert set(CAST) == set(Awkwardness)
    assert [name for name, kinds in CAST.items() if not kinds] == [Awkwardness.OVER_100K_HITS]
