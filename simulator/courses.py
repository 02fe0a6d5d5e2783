"""The course each kind of conversation takes."""

from collections.abc import Callable

from simulator.kinds import Kind
from simulator.stage import Stage
from simulator.story import Segment

VOICE_QUEUES = ("Financial Advice – Equities", "Order Desk EU", "Patient Line", "Complaints UK", "Billing", "Sales")
CHAT_QUEUES = ("Complaints UK", "Billing", "Sales")
EMAIL_QUEUES = ("Customer Email", "Order Desk EU", "Complaints UK")


def _voice(stage: Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.ivr(0.1)
    stage.wait("voice", queue_id, 0.1, 0.2)
    stage.record(stage.agent("voice", queue_id, 0.2, 1), "audio", 0.2, 1, "Trunk")


def _voice_split(stage: Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.wait("voice", queue_id, 0, 0.2)
    session = stage.agent("voice", queue_id, 0.2, 1)
    stage.record(session, "audio", 0.2, 0.6, "Trunk")
    stage.record(session, "audio", 0.6, 1, "Trunk")


def _transfer(stage: Stage) -> None:
    first, second = stage.queue(VOICE_QUEUES), stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.ivr(0.1)
    stage.wait("voice", first, 0.1, 0.2)
    stage.record(stage.agent("voice", first, 0.2, 0.55), "audio", 0.2, 0.55, "Trunk")
    stage.wait("voice", second, 0.55, 0.6)
    stage.record(stage.agent("voice", second, 0.6, 1), "audio", 0.6, 1, "Trunk")


def _consult(stage: Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.wait("voice", queue_id, 0, 0.15)
    stage.record(stage.agent("voice", queue_id, 0.15, 1), "audio", 0.15, 1, "Trunk")
    stage.record(stage.agent("voice", None, 0.4, 0.6), "audio", 0.4, 0.6, "Consult")


def _outbound(stage: Stage) -> None:
    stage.direction = "outbound"
    stage.record(stage.agent("voice", stage.queue(VOICE_QUEUES), 0, 1), "audio", 0, 1, "Trunk")
    stage.customer_on("voice")


def _abandoned(stage: Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.ivr(0.3)
    stage.wait("voice", queue_id, 0.3, 1, disconnect_type="peer")


def _ivr_only(stage: Stage) -> None:
    stage.division_ids.add(stage.directory.division_id("Home"))
    stage.customer_on("voice")
    stage.record(stage.ivr(1, recorded=True), "audio", 0, 1, "Trunk")


def _callback(stage: Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice", "callback")
    stage.wait("callback", queue_id, 0, 0.95)
    prepared = stage.session("callback", Segment("interact", stage.at(0.95), stage.at(1), queue_id))
    stage.record(stage.agent("voice", queue_id, 0.96, 1, prepared), "audio", 0.96, 1, "Trunk")


def _text(media_type: str, queues: tuple[str, ...]) -> Callable[[Stage], None]:
    def course(stage: Stage) -> None:
        queue_id = stage.queue(queues)
        stage.customer_on(media_type)
        stage.wait(media_type, queue_id, 0, 0.1)
        stage.record(stage.agent(media_type, queue_id, 0.1, 1), media_type, 0, 1)

    return course


COURSES: dict[Kind, Callable[[Stage], None]] = {
    Kind.VOICE: _voice,
    Kind.VOICE_SPLIT: _voice_split,
    Kind.TRANSFER: _transfer,
    Kind.CONSULT: _consult,
    Kind.OUTBOUND: _outbound,
    Kind.ABANDONED: _abandoned,
    Kind.IVR_ONLY: _ivr_only,
    Kind.CALLBACK: _callback,
    Kind.CHAT: _text("chat", CHAT_QUEUES),
    Kind.MESSAGE: _text("message", CHAT_QUEUES),
    Kind.MESSAGE_ATTACHMENTS: _text("message", CHAT_QUEUES),
    Kind.EMAIL: _text("email", EMAIL_QUEUES),
    Kind.EMAIL_ATTACHMENTS: _text("email", EMAIL_QUEUES),
    Kind.EMAIL_DAYS: _text("email", EMAIL_QUEUES),
}
