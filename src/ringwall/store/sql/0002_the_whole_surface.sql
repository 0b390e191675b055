-- What the whole surface of security groups needs: blocks of VPCs and attachments of interfaces that come and go, rules
-- that name groups of other VPCs, prefix lists, peering connections, client tokens.
--
-- Tables whose columns change are made anew and filled from the old ones, so that a store that was brought forward has
-- the schema of a new one. `migrate` has the foreign keys off meanwhile, and checks them before it commits.

CREATE TABLE new_vpcs (
    number INTEGER PRIMARY KEY,
    vpc_id TEXT NOT NULL CONSTRAINT a_vpc_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    dhcp_options_id TEXT NOT NULL,
    instance_tenancy TEXT NOT NULL,
    enable_dns_support INTEGER NOT NULL,
    enable_dns_hostnames INTEGER NOT NULL,
    enable_network_address_usage_metrics INTEGER NOT NULL
);
-- In EC2 the default VPC is the one that is made with DNS host names.
INSERT INTO new_vpcs
    SELECT number, vpc_id, owner_id, region, is_default, dhcp_options_id, instance_tenancy, 1, is_default, 0 FROM vpcs;

CREATE TABLE vpc_cidr_blocks (
    association_id TEXT NOT NULL CONSTRAINT a_block_is_associated_under_an_id_of_its_own UNIQUE,
    vpc_id TEXT NOT NULL CONSTRAINT a_block_is_of_a_vpc REFERENCES vpcs (vpc_id),
    family INTEGER NOT NULL,
    position INTEGER NOT NULL,
    cidr_block TEXT NOT NULL,
    PRIMARY KEY (vpc_id, family, position)
) WITHOUT ROWID;
INSERT INTO vpc_cidr_blocks SELECT cidr_association_id, vpc_id, 4, 0, cidr_block FROM vpcs;
INSERT INTO vpc_cidr_blocks
    SELECT ipv6_association_id, vpc_id, 6, 0, ipv6_cidr_block FROM vpcs WHERE ipv6_cidr_block IS NOT NULL;

DROP TABLE vpcs;
ALTER TABLE new_vpcs RENAME TO vpcs;
CREATE INDEX vpcs_by_owner ON vpcs (owner_id, region);
CREATE UNIQUE INDEX a_region_has_one_default_vpc ON vpcs (owner_id, region) WHERE is_default;

-- Pages of groups go by id; so do those of rules. It is unique, so that a rule can refer to all three.
CREATE UNIQUE INDEX groups_by_id_in_a_region ON security_groups (owner_id, region, group_id);

-- Groups that can be used in a second VPC.
CREATE TABLE vpc_associations (
    number INTEGER PRIMARY KEY,
    group_id TEXT NOT NULL CONSTRAINT an_associated_group_exists REFERENCES security_groups (group_id),
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    vpc_id TEXT NOT NULL CONSTRAINT a_group_is_associated_with_a_vpc_that_exists REFERENCES vpcs (vpc_id),
    CONSTRAINT a_group_is_associated_with_a_vpc_once UNIQUE (group_id, vpc_id)
);
CREATE INDEX associations_by_owner ON vpc_associations (owner_id, region);
CREATE INDEX associations_by_vpc ON vpc_associations (vpc_id);

-- owner_id and region are the group's. They are here so that one index both finds a rule and gives a page of those of
-- one region, whatever the other regions hold: a join would walk the rules of all.
-- peer_owner_id, peer_vpc_id, peering_id: of a rule whose peer is a group of another VPC. They outlive what they name.
CREATE TABLE new_security_group_rules (
    number INTEGER PRIMARY KEY,
    rule_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    direction TEXT NOT NULL,
    protocol TEXT NOT NULL,
    from_port INTEGER NOT NULL,
    to_port INTEGER NOT NULL,
    peer_kind TEXT NOT NULL,
    peer TEXT NOT NULL,
    description TEXT,
    peer_owner_id TEXT,
    peer_vpc_id TEXT,
    peering_id TEXT,
    CONSTRAINT a_rule_id_is_unique_in_its_region UNIQUE (owner_id, region, rule_id),
    CONSTRAINT a_rule_is_unique_in_its_group UNIQUE (group_id, direction, protocol, from_port, to_port, peer_kind, peer),
    CONSTRAINT a_reference_names_owner_and_vpc CHECK ((peer_owner_id IS NULL) = (peer_vpc_id IS NULL)),
    CONSTRAINT a_peering_is_part_of_a_reference CHECK (peering_id IS NULL OR peer_vpc_id IS NOT NULL),
    CONSTRAINT a_rule_belongs_to_a_group
        FOREIGN KEY (owner_id, region, group_id) REFERENCES security_groups (owner_id, region, group_id)
);
INSERT INTO new_security_group_rules
    SELECT r.number, rule_id, group_id, owner_id, region, direction, protocol, from_port, to_port, peer_kind, peer,
        r.description, NULL, NULL, NULL
    FROM security_group_rules AS r JOIN security_groups USING (group_id);
DROP TABLE security_group_rules;
ALTER TABLE new_security_group_rules RENAME TO security_group_rules;
-- IS, not =, as in the first schema: an index on `peer_kind = '…'` has statements compiled anew for each value bound.
CREATE INDEX rules_that_reference_a_group ON security_group_rules (peer) WHERE peer_kind IS 'referenced_group_id';
CREATE INDEX rules_that_name_a_prefix_list ON security_group_rules (peer) WHERE peer_kind IS 'prefix_list_id';
CREATE INDEX rules_across_a_peering ON security_group_rules (peering_id) WHERE peering_id IS NOT NULL;

-- source_dest_check: whether the client wants packets of foreign addresses dropped. No host did until now.
CREATE TABLE new_interfaces (
    number INTEGER PRIMARY KEY,
    interface_id TEXT NOT NULL CONSTRAINT an_interface_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    subnet_id TEXT NOT NULL CONSTRAINT an_interface_is_in_a_subnet REFERENCES subnets (subnet_id),
    vpc_id TEXT NOT NULL,
    availability_zone TEXT NOT NULL,
    attachment_id TEXT,
    instance_id TEXT CONSTRAINT an_interface_is_attached_to_a_host REFERENCES hosts (instance_id),
    device TEXT,
    mac_address TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    source_dest_check INTEGER NOT NULL,
    CONSTRAINT an_attachment_has_a_host CHECK ((attachment_id IS NULL) = (instance_id IS NULL)),
    CONSTRAINT an_attachment_has_a_device CHECK ((attachment_id IS NULL) = (device IS NULL))
);
INSERT INTO new_interfaces
    SELECT number, interface_id, owner_id, region, subnet_id, vpc_id, availability_zone, attachment_id, instance_id,
        device, mac_address, description, created_at, FALSE
    FROM interfaces;
DROP TABLE interfaces;
ALTER TABLE new_interfaces RENAME TO interfaces;
CREATE INDEX interfaces_by_owner ON interfaces (owner_id, region);
CREATE INDEX interfaces_by_host ON interfaces (instance_id);
CREATE INDEX interfaces_by_subnet ON interfaces (subnet_id);
CREATE INDEX hosts_by_subnet ON hosts (subnet_id);

CREATE TABLE prefix_lists (
    number INTEGER PRIMARY KEY,
    prefix_list_id TEXT NOT NULL CONSTRAINT a_prefix_list_id_is_unique UNIQUE,
    owner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    address_family TEXT NOT NULL,
    weight INTEGER NOT NULL,
    max_entries INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_message TEXT
);
CREATE INDEX prefix_lists_by_owner ON prefix_lists (owner_id, region);

-- entries: JSON, [[block, description], …]. A version is written once and read whole, and nobody looks for an entry
-- across versions; as rows, a list of 1,000 entries and 1,000 versions would be a million of them.
CREATE TABLE prefix_list_versions (
    prefix_list_id TEXT NOT NULL CONSTRAINT a_version_is_of_a_prefix_list REFERENCES prefix_lists (prefix_list_id),
    version INTEGER NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (prefix_list_id, version)
);

-- The VPCs need not exist, nor be of this store's accounts alone, so nothing refers to them.
CREATE TABLE peerings (
    number INTEGER PRIMARY KEY,
    peering_id TEXT NOT NULL CONSTRAINT a_peering_id_is_unique UNIQUE,
    requester_owner_id TEXT NOT NULL,
    requester_region TEXT NOT NULL,
    requester_vpc_id TEXT NOT NULL,
    accepter_owner_id TEXT NOT NULL,
    accepter_region TEXT NOT NULL,
    accepter_vpc_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by TEXT
);
CREATE INDEX peerings_by_requester ON peerings (requester_owner_id, requester_region);
CREATE INDEX peerings_by_accepter ON peerings (accepter_owner_id, accepter_region);
CREATE INDEX peerings_by_requester_vpc ON peerings (requester_vpc_id, status);
CREATE INDEX peerings_by_accepter_vpc ON peerings (accepter_vpc_id, status);

CREATE TABLE token_uses (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    operation TEXT NOT NULL,
    client_token TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, region, operation, client_token)
) WITHOUT ROWID;
CREATE INDEX token_uses_by_time ON token_uses (used_at);
