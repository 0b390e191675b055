-- Interfaces that are attached to a host and detached again, and rules whose flows go on after them.

-- device: empty where the host itself says by which device an interface is reached (a container's, a virtual machine's).
-- device_index: 0 for the interface that came with the host. attached_at: Unix seconds.
-- delete_on_termination: whether the interface goes with its host. No host had more than one interface until now.
ALTER TABLE interfaces ADD COLUMN device_index INTEGER NOT NULL DEFAULT 0;
ALTER TABLE interfaces ADD COLUMN attached_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE interfaces ADD COLUMN delete_on_termination INTEGER NOT NULL DEFAULT TRUE;
UPDATE interfaces SET attached_at = created_at WHERE attachment_id IS NOT NULL;
DROP INDEX interfaces_by_host;
CREATE UNIQUE INDEX interfaces_by_host ON interfaces (instance_id, device_index);
CREATE UNIQUE INDEX interfaces_by_attachment ON interfaces (attachment_id);

-- Rules that were revoked with `keep`: flows that only they admitted go on until they end, or until the row goes.
-- rule: as it was, as JSON, so that people can be shown whose flows these are.
CREATE TABLE draining_rules (
    rule_id TEXT NOT NULL,
    group_id TEXT NOT NULL CONSTRAINT a_draining_rule_was_a_group_s REFERENCES security_groups (group_id),
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    rule TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    CONSTRAINT a_rule_drains_once PRIMARY KEY (owner_id, region, rule_id)
) WITHOUT ROWID;
CREATE INDEX draining_rules_by_group ON draining_rules (group_id);
