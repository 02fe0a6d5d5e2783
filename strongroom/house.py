"""The composition root: everything a process of the archive works with, built once and passed down."""

import os
import socket
import uuid
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from config.clients import OAuthClient
from config.settings import Settings
from strongroom.actor import Actor
from strongroom.genesys.allowance import Allowances, Rate, room_of
from strongroom.genesys.allowance import connect as connect_redis
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.media import MediaSession
from strongroom.genesys.names import Names
from strongroom.genesys.pool import ClientPool, PooledClient
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.leases import Holder
from strongroom.ledger.revision import require_current_schema
from strongroom.retention.policy import Policy, load_policy
from strongroom.vault.blueprint import Blueprint
from strongroom.vault.fitness import require_fit, require_there
from strongroom.vault.lock import LockMode
from strongroom.vault.spool import Spool
from strongroom.vault.store import Store
from strongroom.vault.store import connect as connect_store
from strongroom.vault.tiers import ClassPromise, Tiers, lifecycle_rules, load_tiers

DEFAULT_PATIENCE_S = 20.0
ROOM_PATIENCE_S = 5.0
"""How long a request waits for room in the allowance before it gives its worker back."""
WINDOW_PATIENCE_S = 300.0


@dataclass(frozen=True)
class House:
    """What the pipeline's steps are given. `region` is the Genesys region's domain, e.g. mypurecloud.ie.

    `pool` is the OAuth clients one by one, for what its submitter alone may read; `genesys` takes of them for each
    request the one with most room; `patient_genesys` does too, and waits out a closed rate-limit window: a long
    reading must not begin again for one.
    """

    settings: Settings
    policy: Policy
    tiers: Tiers
    engine: Engine
    holder: Holder
    store: Store
    spool: Spool
    pool: ClientPool
    genesys: PooledClient
    patient_genesys: PooledClient
    media: MediaSession
    names: Names
    region: str

    @property
    def actor(self) -> Actor:
        """Who the custody chain names for what this process does to a record by itself."""
        return self.holder.actor

    def in_background(self) -> "House":
        """The same house, keeping out of the priority share of Genesys's rate limit: for what nobody waits for.

        The names behind ids, a few requests in hours, are asked for as ever.
        """
        pool = self.pool.in_background()
        return replace(self, pool=pool, genesys=PooledClient(pool), patient_genesys=_patient(pool))


def new_instance() -> str:
    """A name for one running fleet process and its children: what it held can be handed back when it stops."""
    return f"{socket.gethostname()}/{uuid.uuid4().hex[:12]}"


def open_house(settings: Settings, instance: str) -> House:
    """Build everything; connects to nothing yet, but reads policy and tiers as a whole and makes the spool's folder.

    Raises Misconfigured, and SpoolUnusable when that folder can't be made.
    """
    policy = load_policy(settings.policy_file)
    allowances = open_allowances(settings)
    pool = ClientPool([genesys_client(settings, one, allowances) for one in settings.genesys_clients])
    genesys = PooledClient(pool)
    return House(
        settings=settings,
        policy=policy,
        tiers=load_tiers(settings.tiers_file),
        engine=connect(settings.database_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s),
        holder=Holder(f"{instance}/{os.getpid()}", settings.lease_s),
        store=open_store(settings),
        spool=Spool(settings.spool_dir),
        pool=pool,
        genesys=genesys,
        patient_genesys=_patient(pool),
        media=MediaSession(connect_timeout_s=settings.connect_timeout_s, read_timeout_s=settings.read_timeout_s),
        names=Names(genesys),
        region=region_of(settings.genesys_api_url),
    )


def _patient(pool: ClientPool) -> PooledClient:
    return PooledClient(pool.patient(WINDOW_PATIENCE_S))


def open_allowances(settings: Settings) -> Allowances:
    """The fleet's rate limits, in Redis; connects to nothing yet. Raises Misconfigured."""
    rate = Rate(
        settings.requests_per_minute,
        settings.priority_share,
        lost_after_s=settings.connect_timeout_s + settings.read_timeout_s,
    )
    server = connect_redis(settings.redis_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s)
    return Allowances(server, settings.genesys_api_url, rate)


def allowance_used(settings: Settings) -> list[float]:
    """How much of each OAuth client's allowance is used just now, from 0 to 1, in the order of the settings.

    Raises AllowanceUnknown, Misconfigured.
    """
    book = open_allowances(settings)
    room = room_of([book.of(one.client_id) for one in settings.genesys_clients])
    # no room is told as the wait for some, in negative milliseconds
    return [1 - min(max(each, 0) / settings.requests_per_minute, 1.0) for each in room]


def requests_counted(settings: Settings) -> dict[tuple[str, str], int]:
    """How many requests the whole fleet has sent to Genesys, by endpoint and HTTP status ("none": no answer).

    Since Redis, which counts them with the allowance, was last emptied. Raises AllowanceUnknown, Misconfigured.
    """
    return open_allowances(settings).requests_counted()


def genesys_client(
    settings: Settings,
    oauth_client: OAuthClient,
    allowances: Allowances | None,
    patience_s: float = DEFAULT_PATIENCE_S,
) -> GenesysClient:
    """The Genesys API through one OAuth client; `patience_s` is how long one request may wait and be repeated.

    Its requests are counted with the fleet's where `allowances` are given: by everything but a check without Redis.
    """
    return GenesysClient(
        settings.genesys_api_url,
        settings.genesys_login_url,
        oauth_client.client_id,
        oauth_client.client_secret,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        patience_s=patience_s,
        room_s=min(ROOM_PATIENCE_S, patience_s),
        allowance=None if allowances is None else allowances.of(oauth_client.client_id),
    )


def open_store(settings: Settings) -> Store:
    """The bucket, as the settings name it."""
    return open_bucket(settings, settings.bucket)


def open_bucket(settings: Settings, bucket: str, profile: str | None = None) -> Store:
    """A bucket where the vault is: with the same endpoint and patience, and credentials unless a profile has others."""
    return connect_store(
        bucket,
        settings.s3_endpoint_url,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        part_size_bytes=settings.multipart_part_mib * 1024 * 1024,
        profile=profile,
    )


def bucket_blueprint(settings: Settings, policy: Policy) -> Blueprint:
    """How the bucket must be, by the settings, the policy's classes and the tiers file. Raises Misconfigured."""
    return Blueprint(
        trial=settings.trial,
        endpoint_url=settings.s3_endpoint_url,
        kms_key_id=settings.kms_key_id,
        break_glass_role_arn=settings.break_glass_role_arn,
        lifecycle=lifecycle_rules(load_tiers(settings.tiers_file), class_promises(policy)),
    )


def class_promises(policy: Policy) -> dict[str, ClassPromise]:
    """What the policy promises of each class, as the vault's tiers are held against it."""
    return {
        one.name: ClassPromise(one.retrieval_promise_hours, one.retained_years, LockMode(one.lock_mode.value))
        for one in policy.classes
    }


def require_ready(house: House) -> None:
    """What must hold before a worker takes its first message: nothing is ever written unlocked or half recorded.

    Raises Misconfigured for a bucket or schema that won't do, Unreachable when Postgres or S3 don't answer.
    """
    require_current_schema(house.engine)
    require_fit(
        house.store,
        accept_without_conditional_puts=house.settings.accept_store_without_conditional_puts,
        trial=house.settings.trial,
    )


def require_ready_without_putting(house: House) -> None:
    """What must hold before a worker that restores or holds takes a message; its role can't put the others' probe.

    Raises Misconfigured for a bucket that isn't there or a schema that won't do, Unreachable when one doesn't answer.
    """
    require_current_schema(house.engine)
    require_there(house.store)


def region_of(api_url: str) -> str:
    """The region's domain: the API's host without its `api.`; behind a gateway the gateway's host."""
    host = urlsplit(api_url).hostname or api_url
    return host.removeprefix("api.")
