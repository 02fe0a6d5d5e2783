#!/bin/sh
# `strongroom` for an operator: a command with the settings and secrets of the units. Root's, as the secrets are:
#   install -m 0755 deploy/systemd/command.sh /usr/local/sbin/strongroom
set -ea
. /etc/strongroom/settings.env
STRONGROOM_DATABASE_URL_FILE=/etc/strongroom/secrets/database_url
STRONGROOM_REDIS_URL_FILE=/etc/strongroom/secrets/redis_url
STRONGROOM_GENESYS_CLIENTS_FILE=/etc/strongroom/secrets/genesys_clients
STRONGROOM_LOG_KEY_FILE=/etc/strongroom/secrets/log_key
cd /opt/strongroom
exec .venv/bin/strongroom "$@"
