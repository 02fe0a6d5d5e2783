"""Small whole files of each kind, made here from their specifications and not with the code under test."""

import io
import json
import struct
import wave
import zipfile
from email.message import EmailMessage


def wav(data: bytes = bytes(range(200)), channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(data)
    return file.getvalue()


def riff(*chunks: tuple[bytes, bytes], pad_last: bool = True) -> bytes:
    body = b"WAVE"
    for name, data in chunks:
        body += name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    whole = b"RIFF" + struct.pack("<I", len(body)) + body
    return whole if pad_last or not len(chunks[-1][1]) % 2 else whole[:-1]


def rf64(data: bytes) -> bytes:
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    rest = fmt + b"data" + struct.pack("<I", 0xFFFFFFFF) + data
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 4 + 36 + len(rest), len(data), len(data) // 2, 0)
    return b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + ds64 + rest


def ogg_checksum(page: bytes) -> int:
    """RFC 3533's CRC, bit by bit."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if crc & 0x80000000 else crc << 1
    return crc


def ogg_page(body: bytes, *, number: int, flags: int = 0, serial: int = 7) -> bytes:
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    header = struct.pack("<4sBBQIIIB", b"OggS", 0, flags, 960 * number, serial, number, 0, len(lacing))
    page = header + lacing + body
    return page[:22] + struct.pack("<I", ogg_checksum(page)) + page[26:]


def ogg(serial: int = 7, head: bytes = b"OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00") -> bytes:
    pages = [
        ogg_page(head, number=0, flags=2, serial=serial),
        ogg_page(b"OpusTags" + bytes(300), number=1, serial=serial),
        ogg_page(b"sound" * 60, number=2, serial=serial),
        ogg_page(b"sound" * 7, number=3, flags=4, serial=serial),
    ]
    return b"".join(pages)


def mp3(frames: int = 5, *, tagged: bool = False) -> bytes:
    """MPEG-1 layer III at 128 kbit/s and 44.1 kHz: frames of 417 bytes, 418 with padding."""
    sound = b"".join(
        b"\xff\xfb" + (b"\x92" if number % 2 else b"\x90") + b"\x00" + bytes(413 + number % 2)
        for number in range(frames)
    )
    if not tagged:
        return sound
    return b"ID3\x04\x00\x00" + bytes([0, 0, 1, 2]) + bytes(130) + sound + b"TAG" + bytes(125)


def mp3_mpeg_2(frames: int = 5) -> bytes:
    """MPEG-2 layer III at 32 kbit/s and 16 kHz: frames of 144 bytes."""
    return (b"\xff\xf3\x48\x00" + bytes(140)) * frames


def element(ident: str, content: bytes, *, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else struct.pack(">Q", len(content) | 1 << 56)
    return bytes.fromhex(ident) + size + content


def webm(*, live: bool = False, codec: bytes = b"A_OPUS") -> bytes:
    head = element("1A45DFA3", element("4282", b"webm"))
    cluster = element("E7", b"\x00") + element("A3", b"\x81\x00\x00\x80" + b"sound" * 20)
    segment = (
        element("1549A966", b"\x2a\xd7\xb1\x83\x0f\x42\x40")
        + element("1654AE6B", element("86", codec))
        + element("1F43B675", cluster, unknown=live)
        + element("1F43B675", cluster, unknown=live)
        + element("EC", bytes(9))
    )
    return head + element("18538067", segment, unknown=live)


def box(name: bytes, content: bytes, *, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, name, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, name) + content


def mp4(brand: bytes = b"isom") -> bytes:
    return box(b"ftyp", brand + bytes(4)) + box(b"moov", bytes(50)) + box(b"mdat", b"frames" * 9, large=True)


def zipped(method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("transcript.txt", "hello " * 100)
        archive.writestr("pictures/one.bin", bytes(range(256)) * 4)
        archive.comment = comment
    return file.getvalue()


def mail(*, attachments: int = 1) -> bytes:
    message = EmailMessage()
    message["From"] = "agent@example.com"
    message["To"] = "customer@example.com"
    message["Date"] = "Wed, 14 May 2025 10:00:00 +0000"
    message["Subject"] = "Grüße"
    message.set_content("plain\n-- \nsignature\n--not a boundary\n")
    if attachments:
        message.add_alternative("<p>html</p>", subtype="html")
    for number in range(attachments):
        message.add_attachment(bytes(200), maintype="application", subtype="pdf", filename=f"{number}.pdf")
    return message.as_bytes()


def transcript() -> bytes:
    return json.dumps({"id": "x", "transcript": [{"body": "grüß dich"}]}, ensure_ascii=False).encode()
