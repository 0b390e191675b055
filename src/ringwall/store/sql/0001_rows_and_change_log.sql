-- The first schema: one row for each thing that EC2's API names, one for each atomic rule, and the change log.
-- Rows of a kind were made in the order of `number`.

CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CONSTRAINT a_store_has_one_identity CHECK (only_row = 1),
    store_id TEXT NOT NULL,
    epoch INTEGER NOT NULL
);
INSERT INTO store VALUES (1, lower(hex(randomblob(16))), 1);

-- One row for each request that changed something. Its last row is never dropped: it holds the revision.
CREATE TABLE change_log (
    revision INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    committed_at REAL NOT NULL,
    changes TEXT NOT NULL
);

CREATE TABLE regions (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    CONSTRAINT a_region_gets_its_default_vpc_once PRIMARY KEY (account_id, region)
) WITHOUT ROWID;

CREATE TABLE vpcs (
    number INTEGER PRIMARY KEY,
    vpc_id TEXT NOT NULL CONSTRAINT a_vpc_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    cidr_block TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    dhcp_options_id TEXT NOT NULL,
    cidr_association_id TEXT NOT NULL,
    instance_tenancy TEXT NOT NULL,
    ipv6_cidr_block TEXT,
    ipv6_association_id TEXT
);
CREATE INDEX vpcs_by_owner ON vpcs (owner_id, region);
CREATE UNIQUE INDEX a_region_has_one_default_vpc ON vpcs (owner_id, region) WHERE is_default;

CREATE TABLE subnets (
    number INTEGER PRIMARY KEY,
    subnet_id TEXT NOT NULL CONSTRAINT a_subnet_id_is_unique UNIQUE,
    vpc_id TEXT NOT NULL CONSTRAINT a_subnet_lies_in_a_vpc REFERENCES vpcs (vpc_id),
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    cidr_block TEXT NOT NULL,
    availability_zone TEXT NOT NULL,
    default_for_az INTEGER NOT NULL,
    ipv6_cidr_block TEXT,
    ipv6_association_id TEXT
);
CREATE INDEX subnets_by_owner ON subnets (owner_id, region);
CREATE INDEX subnets_by_vpc ON subnets (vpc_id);

CREATE TABLE security_groups (
    number INTEGER PRIMARY KEY,
    group_id TEXT NOT NULL CONSTRAINT a_group_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    vpc_id TEXT NOT NULL CONSTRAINT a_group_belongs_to_a_vpc REFERENCES vpcs (vpc_id),
    name TEXT NOT NULL COLLATE NOCASE,
    description TEXT NOT NULL,
    CONSTRAINT a_group_name_is_unique_in_its_vpc UNIQUE (vpc_id, name)
);
CREATE INDEX groups_by_owner ON security_groups (owner_id, region);

CREATE TABLE security_group_rules (
    number INTEGER PRIMARY KEY,
    rule_id TEXT NOT NULL CONSTRAINT a_rule_id_is_unique UNIQUE,
    group_id TEXT NOT NULL CONSTRAINT a_rule_belongs_to_a_group REFERENCES security_groups (group_id),
    direction TEXT NOT NULL,
    protocol TEXT NOT NULL,
    from_port INTEGER NOT NULL,
    to_port INTEGER NOT NULL,
    peer_kind TEXT NOT NULL,
    peer TEXT NOT NULL,
    description TEXT,
    CONSTRAINT a_rule_is_unique_in_its_group UNIQUE (group_id, direction, protocol, from_port, to_port, peer_kind, peer)
);
-- IS, not =: where a query binds a value to `peer_kind = ?`, an index on `peer_kind = '…'` has SQLite compile the query
-- anew for each value, because the value decides whether the index would do. That is several times the query's own cost.
CREATE INDEX rules_that_reference_a_group ON security_group_rules (peer) WHERE peer_kind IS 'referenced_group_id';

CREATE TABLE hosts (
    number INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL CONSTRAINT an_instance_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    subnet_id TEXT NOT NULL CONSTRAINT a_host_is_in_a_subnet REFERENCES subnets (subnet_id),
    vpc_id TEXT NOT NULL,
    hostname TEXT NOT NULL,
    mode TEXT NOT NULL,
    access_key_id TEXT NOT NULL CONSTRAINT an_access_key_id_is_unique UNIQUE,
    secret TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL
);
CREATE INDEX hosts_by_owner ON hosts (owner_id, region);

CREATE TABLE interfaces (
    number INTEGER PRIMARY KEY,
    interface_id TEXT NOT NULL CONSTRAINT an_interface_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    subnet_id TEXT NOT NULL CONSTRAINT an_interface_is_in_a_subnet REFERENCES subnets (subnet_id),
    vpc_id TEXT NOT NULL,
    availability_zone TEXT NOT NULL,
    instance_id TEXT NOT NULL CONSTRAINT an_interface_belongs_to_a_host REFERENCES hosts (instance_id),
    attachment_id TEXT NOT NULL,
    device TEXT NOT NULL,
    mac_address TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX interfaces_by_owner ON interfaces (owner_id, region);
CREATE INDEX interfaces_by_host ON interfaces (instance_id);

CREATE TABLE interface_addresses (
    interface_id TEXT NOT NULL CONSTRAINT an_address_is_of_an_interface REFERENCES interfaces (interface_id),
    family INTEGER NOT NULL,
    position INTEGER NOT NULL,
    vpc_id TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (interface_id, family, position),
    CONSTRAINT an_address_has_one_holder_in_a_vpc UNIQUE (vpc_id, address)
) WITHOUT ROWID;

CREATE TABLE interface_groups (
    interface_id TEXT NOT NULL CONSTRAINT a_group_is_carried_by_an_interface REFERENCES interfaces (interface_id),
    position INTEGER NOT NULL,
    group_id TEXT NOT NULL CONSTRAINT an_interface_carries_groups_that_exist REFERENCES security_groups (group_id),
    PRIMARY KEY (interface_id, position),
    CONSTRAINT an_interface_carries_a_group_once UNIQUE (group_id, interface_id)
) WITHOUT ROWID;

CREATE TABLE enrolment_tokens (
    token_hash TEXT NOT NULL CONSTRAINT a_token_is_unique PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    subnet_id TEXT NOT NULL,
    device TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tags (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT a_resource_has_a_tag_key_once PRIMARY KEY (account_id, region, resource_id, key)
) WITHOUT ROWID;
