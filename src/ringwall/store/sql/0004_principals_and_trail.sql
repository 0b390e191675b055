-- Accounts, their users, roles, keys and policy documents; and the trail of what was done and refused.

CREATE TABLE accounts (
    account_id TEXT NOT NULL CONSTRAINT an_account_is_made_once PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- kind: user or role. trust, session_seconds_max: of roles.
CREATE TABLE principals (
    account_id TEXT NOT NULL CONSTRAINT a_principal_is_of_an_account REFERENCES accounts (account_id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    principal_id TEXT NOT NULL CONSTRAINT a_principal_id_is_unique UNIQUE,
    created_at INTEGER NOT NULL,
    trust TEXT,
    session_seconds_max INTEGER NOT NULL,
    CONSTRAINT a_principals_name_is_unique_in_its_account PRIMARY KEY (account_id, kind, name),
    CONSTRAINT a_role_says_who_may_take_it CHECK ((kind = 'role') = (trust IS NOT NULL))
) WITHOUT ROWID;

-- user_name: none for keys of the account's root. secret: sealed with the server's key file.
CREATE TABLE access_keys (
    access_key_id TEXT NOT NULL CONSTRAINT an_access_key_id_is_unique PRIMARY KEY,
    account_id TEXT NOT NULL CONSTRAINT an_access_key_is_of_an_account REFERENCES accounts (account_id),
    user_name TEXT COLLATE NOCASE,
    secret TEXT NOT NULL,
    active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_from TEXT
) WITHOUT ROWID;
CREATE INDEX access_keys_by_user ON access_keys (account_id, user_name);

CREATE TABLE policies (
    account_id TEXT NOT NULL CONSTRAINT a_policy_is_of_an_account REFERENCES accounts (account_id),
    name TEXT NOT NULL COLLATE NOCASE,
    document TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT a_policys_name_is_unique_in_its_account PRIMARY KEY (account_id, name)
) WITHOUT ROWID;

-- policy: a name in `policies`, or of a document that ringwall ships.
CREATE TABLE attached_policies (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    principal TEXT NOT NULL COLLATE NOCASE,
    position INTEGER NOT NULL,
    policy TEXT NOT NULL COLLATE NOCASE,
    CONSTRAINT a_policy_is_attached_once PRIMARY KEY (account_id, kind, principal, policy),
    CONSTRAINT a_policy_is_attached_to_a_principal
        FOREIGN KEY (account_id, kind, principal) REFERENCES principals (account_id, kind, name)
) WITHOUT ROWID;
CREATE INDEX attached_policies_by_policy ON attached_policies (account_id, policy);

-- event: JSON as it was when its code was made. mac: HMAC over the one before and the event, by the server's key file.
-- at: Unix seconds. resources: the ids that the event is about, each between blanks, for a search.
CREATE TABLE trail (
    number INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    at REAL NOT NULL,
    resources TEXT NOT NULL,
    event TEXT NOT NULL,
    mac BLOB NOT NULL
);
CREATE INDEX trail_by_account ON trail (account_id, number);

-- The event before the oldest that is kept, so that the chain can be followed from there.
CREATE TABLE trail_start (
    only_row INTEGER PRIMARY KEY CONSTRAINT a_trail_starts_once CHECK (only_row = 1),
    number INTEGER NOT NULL,
    mac BLOB NOT NULL
);
INSERT INTO trail_start VALUES (1, 0, X'');
