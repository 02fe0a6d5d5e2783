"""Interactions that are not the usual ones: two channels, a screen, names in every script, media nobody knows."""

import io
import math
import struct
import wave

import pytest
from conftest import Visit
from playwright.sync_api import expect
from stage import ODDITIES, Stage


def _two_channels() -> bytes:
    """Five seconds of WAV: a tone on the left, nothing on the right."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(b"".join(struct.pack("<hh", int(12_000 * math.sin(n * 0.345)), 0) for n in range(8_000 * 5)))
    return buffer.getvalue()


def test_of_a_recording_with_two_channels_one_can_be_heard(stage: Stage, visit: Visit) -> None:
    """The simulator's recordings have one channel: here the browser is given one that has two."""
    conversation = stage.conversation("audio")
    anne = visit("anne")
    anne.ask_for(conversation)
    sound = _two_channels()
    anne.page.route("**/content", lambda route: route.fulfill(body=sound, content_type="audio/wav"))
    anne.go(f"/conversations/{conversation}")
    audio = anne.page.locator("audio").first
    audio.evaluate("audio => { audio.loop = true; return audio.play() }")
    told = anne.page.locator("[data-told]").first
    expect(told).to_have_text("Left channel above, right channel below.", timeout=60_000)
    for name in ("Left", "Right", "Both"):
        anne.page.get_by_label(name, exact=True).first.check()
        before = audio.evaluate("audio => audio.currentTime")
        expect(audio).not_to_have_js_property("currentTime", before)
    drawn = anne.page.locator("canvas.wave").first.evaluate(
        """canvas => {
            const { width, height } = canvas, all = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            const row = (y) => all.subarray(y * width * 4, (y + 1) * width * 4);
            const inked = (y) => row(y).filter((value, at) => at % 4 === 3 && value > 0);
            return [inked(Math.round(height * 0.12)).length, inked(Math.round(height * 0.88)).length];
        }"""
    )
    assert drawn[0] > 100 > drawn[1], "the left is loud and above, the right is silent and below"


def test_a_screen_recording_plays_as_a_picture(stage: Stage, visit: Visit) -> None:
    conversation = stage.odd("screen_recording")
    anne = visit("anne")
    anne.ask_for(conversation)
    anne.go(f"/conversations/{conversation}")
    video = anne.page.locator("video").first
    expect(video).to_be_visible()
    assert (
        anne.page.request.get(anne.url + str(video.get_attribute("src"))).headers["content-type"].startswith("video/")
    )


@pytest.mark.parametrize("name", ODDITIES)
def test_no_oddity_is_too_odd_for_its_page(stage: Stage, visit: Visit, name: str) -> None:
    lena = visit("lena", width=380)
    assert lena.go(f"/conversations/{stage.odd(name)}").status == 200
    assert lena.page.evaluate("document.documentElement.scrollWidth") <= 380
    assert "Timeline" in lena.text()
