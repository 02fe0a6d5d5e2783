"""The next version of Strongroom: this one's code with another version number, and a migration of its own."""

import re
import shutil
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from embedded.fleet import REPOSITORY

_CODE = ("strongroom", "tasks", "workers", "config", "cli", "web", "migrations")
_VERSION = "0.1.0+next"
_MIGRATION = '''"""A column that only the next version knows: the version before it does not mind what is added."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("of_the_next_version", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "of_the_next_version")
'''


def make_next_version(folder: Path) -> Path:
    """Write it into a folder that isn't there yet, and return that."""
    for name in _CODE:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "Procfile", folder / "Procfile")
    package = folder / "strongroom" / "__init__.py"
    package.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{_VERSION}"', package.read_text()))
    (folder / "migrations" / "versions" / "9999_next.py").write_text(_MIGRATION.format(head=_head()))
    return folder


def _head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()
