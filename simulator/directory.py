"""The organisation's configuration: queues, wrap-up codes, divisions, users. Names are fixed, ids are seeded."""

from dataclasses import dataclass
from typing import Any

from simulator.draws import generator, identifier
from simulator.people import FIRST_NAMES, LAST_NAMES

HOME, PRIVATE_CLIENTS, HEALTHCARE = "Home", "Private Clients", "Healthcare"

QUEUE_DIVISIONS = {
    "Financial Advice – Equities": PRIVATE_CLIENTS,
    "Order Desk EU": PRIVATE_CLIENTS,
    "Complaints UK": HOME,
    "Patient Line": HEALTHCARE,
    "Customer Email": HOME,
    "Billing": HOME,
    "Sales": HOME,
}
WRAP_UP_CODES = ("Resolved", "Order Confirmed", "Complaint", "Follow-up Needed", "Wrong Number", "Advice Given")
USERS = 24


@dataclass(frozen=True)
class Directory:
    """Ids by name, and the entities as the API lists them.

    With `id_named_queue` there is a queue whose name is the id of another.
    """

    seed: int
    id_named_queue: bool = False

    def division_id(self, name: str) -> str:
        """The id of a division."""
        return identifier(self.seed, "division", name)

    def queue_id(self, name: str) -> str:
        """The id of a queue."""
        return identifier(self.seed, "queue", name)

    def id_named_queue_id(self) -> str:
        """The id of the queue that is named like the id of another."""
        return self.queue_id(self._id_as_name())

    def wrap_up_code_id(self, name: str) -> str:
        """The id of a wrap-up code."""
        return identifier(self.seed, "wrap-up code", name)

    def user_id(self, number: int) -> str:
        """The id of the `number`-th user (agent)."""
        return identifier(self.seed, "user", number)

    def user_name(self, number: int) -> str:
        """The name of the `number`-th user (agent)."""
        draw = generator(self.seed, "user name", number)
        return f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}"

    def queues(self) -> list[dict[str, Any]]:
        """All queues, by name."""
        divisions = QUEUE_DIVISIONS | ({self._id_as_name(): HOME} if self.id_named_queue else {})
        return [
            {
                "id": self.queue_id(name),
                "name": name,
                "division": self._division_reference(division),
                "selfUri": f"/api/v2/routing/queues/{self.queue_id(name)}",
            }
            for name, division in sorted(divisions.items())
        ]

    def wrap_up_codes(self) -> list[dict[str, Any]]:
        """All wrap-up codes, by name."""
        return [
            {
                "id": self.wrap_up_code_id(name),
                "name": name,
                "division": self._division_reference(HOME),
                "selfUri": f"/api/v2/routing/wrapupcodes/{self.wrap_up_code_id(name)}",
            }
            for name in sorted(WRAP_UP_CODES)
        ]

    def divisions(self) -> list[dict[str, Any]]:
        """All divisions; one of them is the home division."""
        return [
            {**self._division_reference(name), "description": "", "homeDivision": name == HOME}
            for name in (HOME, PRIVATE_CLIENTS, HEALTHCARE)
        ]

    def users(self) -> list[dict[str, Any]]:
        """All users."""
        return [
            {
                "id": self.user_id(number),
                "name": self.user_name(number),
                "division": self._division_reference(HOME),
                "email": f"agent{number}@strongroom.example",
                "username": f"agent{number}@strongroom.example",
                "state": "active",
                "version": 1,
                "acdAutoAnswer": False,
                "selfUri": f"/api/v2/users/{self.user_id(number)}",
            }
            for number in range(USERS)
        ]

    def organization(self) -> dict[str, Any]:
        """The organisation itself."""
        organization_id = identifier(self.seed, "organization")
        return {
            "id": organization_id,
            "name": "Example Wealth",
            "defaultLanguage": "en-GB",
            "defaultCountryCode": "GB",
            "domain": "example-wealth",
            "version": 1,
            "state": "active",
            "voicemailEnabled": True,
            "productPlatform": "GenesysCloud",
            "selfUri": f"/api/v2/organizations/{organization_id}",
        }

    def _id_as_name(self) -> str:
        return self.queue_id("Complaints UK")

    def _division_reference(self, name: str) -> dict[str, Any]:
        division_id = self.division_id(name)
        return {"id": division_id, "name": name, "selfUri": f"/api/v2/authorization/divisions/{division_id}"}
