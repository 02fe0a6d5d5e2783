"""The composition root: everything a process of the archive works with, built once and passed down."""

import os
import random
import socket
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.clients import OAuthClient
from config.settings import Settings
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.media import MediaSession
from strongroom.genesys.names import Names
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.leases import Holder
from strongroom.ledger.migrate import require_current_schema
from strongroom.retention.policy import Policy, load_policy
from strongroom.vault.fitness import require_fit
from strongroom.vault.spool import Spool
from strongroom.vault.store import Store
from strongroom.vault.store import connect as connect_store

DEFAULT_PATIENCE_S = 20.0
WINDOW_PATIENCE_S = 300.0


@dataclass(frozen=True)
class House:
    """What the pipeline's steps are given. `region` is the Genesys region's domain, e.g. mypurecloud.ie.

    `patient_genesys` waits out a closed rate-limit window: a long reading must not begin again for one.
    """

    settings: Settings
    policy: Policy
    engine: Engine
    holder: Holder
    store: Store
    spool: Spool
    genesys: GenesysClient
    patient_genesys: GenesysClient
    media: MediaSession
    names: Names
    region: str


def new_instance() -> str:
    """A name for one running fleet process and its children: what it held can be handed back when it stops."""
    return f"{socket.gethostname()}/{uuid.uuid4().hex[:12]}"


def open_house(settings: Settings, instance: str) -> House:
    """Build everything; connects to nothing yet, but reads the whole policy and makes the spool's folder.

    Raises Misconfigured, and SpoolUnusable when that folder can't be made.

    Of the pool of OAuth clients each process takes one, at random: process ids repeat from container to container.
    """
    policy = load_policy(settings.policy_file)
    oauth_client = random.choice(settings.genesys_clients)
    genesys = genesys_client(settings, oauth_client)
    return House(
        settings=settings,
        policy=policy,
        engine=connect(settings.database_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s),
        holder=Holder(f"{instance}/{os.getpid()}", settings.lease_s),
        store=open_store(settings),
        spool=Spool(settings.spool_dir),
        genesys=genesys,
        patient_genesys=genesys_client(settings, oauth_client, patience_s=WINDOW_PATIENCE_S),
        media=MediaSession(connect_timeout_s=settings.connect_timeout_s, read_timeout_s=settings.read_timeout_s),
        names=Names(genesys),
        region=region_of(settings.genesys_api_url),
    )


def genesys_client(
    settings: Settings, oauth_client: OAuthClient, patience_s: float = DEFAULT_PATIENCE_S
) -> GenesysClient:
    """The Genesys API through one OAuth client; `patience_s` is how long one request may wait and be repeated."""
    return GenesysClient(
        settings.genesys_api_url,
        settings.genesys_login_url,
        oauth_client.client_id,
        oauth_client.client_secret,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        patience_s=patience_s,
    )


def open_store(settings: Settings) -> Store:
    """The bucket, as the settings name it."""
    return connect_store(
        settings.bucket,
        settings.s3_endpoint_url,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        part_size_bytes=settings.multipart_part_mib * 1024 * 1024,
    )


def require_ready(house: House) -> None:
    """What must hold before a worker takes its first message: nothing is ever written unlocked or half recorded.

    Raises Misconfigured for a bucket or schema that won't do, Unreachable when Postgres or S3 don't answer.
    """
    require_current_schema(house.engine)
    require_fit(house.store, accept_without_conditional_puts=house.settings.accept_store_without_conditional_puts)


def region_of(api_url: str) -> str:
    """The region's domain: the API's host without its `api.`; behind a gateway the gateway's host."""
    host = urlsplit(api_url).hostname or api_url
    return host.removeprefix("api.")
