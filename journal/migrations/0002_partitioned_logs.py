"""The two logs, partitioned by day from the start (decision 11): Django cannot say this in models."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import migrations

from journal.partitions import ensure_partitions

# Lanes read `sublane, id`; superseding and waiting events are found by `object_key, id`.
EVENTS = """
CREATE SEQUENCE journal_event_id_seq;
CREATE TABLE journal_event (
    id             bigint      NOT NULL DEFAULT nextval('journal_event_id_seq'),
    at             timestamptz NOT NULL,
    module         text        NOT NULL,
    method         text        NOT NULL,
    path           text        NOT NULL,
    query          text        NOT NULL DEFAULT '',
    body           text        NOT NULL DEFAULT '',
    object_key     text        NOT NULL,
    sublane        smallint    NOT NULL,
    sender         text        NOT NULL DEFAULT '',
    sender_role    text        NOT NULL DEFAULT '',
    origin         bigint,
    receiver       text        NOT NULL DEFAULT '',
    supersedes     boolean     NOT NULL DEFAULT false,
    correlation_id text        NOT NULL DEFAULT '',
    version        text        NOT NULL DEFAULT '2.2.1',
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE journal_event_id_seq OWNED BY journal_event.id;
ALTER TABLE journal_event ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX journal_event_sublane ON journal_event (sublane, id);
CREATE INDEX journal_event_object ON journal_event (object_key, id);
CREATE TABLE journal_event_default PARTITION OF journal_event DEFAULT;
"""

# Text without limits: the writer shortens what peers sent. The primary key serves "newest first" too; BRIN serves
# long spans of time; the partial indexes leave out the many rows that have nothing to find.
CALL_LOG = """
CREATE SEQUENCE journal_calllog_id_seq;
CREATE TABLE journal_calllog (
    id             bigint      NOT NULL DEFAULT nextval('journal_calllog_id_seq'),
    at             timestamptz NOT NULL,
    leg            text        NOT NULL,
    platform       bigint,
    module         text        NOT NULL,
    interface      text        NOT NULL,
    method         text        NOT NULL,
    object_id      text        NOT NULL DEFAULT '',
    sender         text        NOT NULL DEFAULT '',
    receiver       text        NOT NULL DEFAULT '',
    request_id     text        NOT NULL DEFAULT '',
    correlation_id text        NOT NULL DEFAULT '',
    decision       text        NOT NULL DEFAULT '',
    http_status    smallint,
    status_code    integer,
    message        text        NOT NULL DEFAULT '',
    duration_ms    integer,
    attempt        smallint    NOT NULL DEFAULT 1,
    repeat         boolean     NOT NULL DEFAULT false,
    event          bigint,
    size           integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
ALTER SEQUENCE journal_calllog_id_seq OWNED BY journal_calllog.id;
CREATE INDEX journal_calllog_at ON journal_calllog USING brin (at);
CREATE INDEX journal_calllog_object ON journal_calllog (object_id) WHERE object_id <> '';
CREATE INDEX journal_calllog_request ON journal_calllog (request_id) WHERE request_id <> '';
CREATE INDEX journal_calllog_correlation ON journal_calllog (correlation_id) WHERE correlation_id <> '';
CREATE INDEX journal_calllog_sender ON journal_calllog (sender, at);
CREATE INDEX journal_calllog_receiver ON journal_calllog (receiver, at);
CREATE TABLE journal_calllog_default PARTITION OF journal_calllog DEFAULT;
"""


def make_first_days(apps, schema_editor):
    ensure_partitions(
        datetime.now(UTC), parents=("journal_event", "journal_calllog"), using=schema_editor.connection.alias
    )


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]

    operations = [
        migrations.RunSQL(EVENTS, reverse_sql="DROP TABLE journal_event"),
        migrations.RunSQL(CALL_LOG, reverse_sql="DROP TABLE journal_calllog"),
        migrations.RunPython(make_first_days, migrations.RunPython.noop),
    ]
