"""Task: check the vault's configuration and a sample of its objects."""

from celery import Task, shared_task

from config.celery import READING_TIME_LIMIT_S
from strongroom.house import bucket_blueprint
from strongroom.pipeline.vault_check import check_vault_nightly


@shared_task(  # type: ignore[untyped-decorator]
    bind=True, name="check_vault", time_limit=READING_TIME_LIMIT_S, soft_time_limit=READING_TIME_LIMIT_S - 300
)
def check_vault(self: Task) -> None:
    """Check the vault; what is found is in the ledger and the log."""
    house = self.app.house
    blueprint = bucket_blueprint(house.settings, house.policy)
    check_vault_nightly(house.engine, house.store, blueprint, house.settings.vault_check_sample)
