package sqldb

import "fmt"

// Schema says which tables hold the users.
type Schema uint8

const (
	// SchemaFairlead is made by Prepare: keys in both forms and hashed names.
	SchemaFairlead Schema = iota
	// SchemaCoturn is coturn's: MD5 keys, and names that have no hash.
	SchemaCoturn
)

// statements are what a Schema is asked by. Users have the columns realm, name,
// MD5 key and SHA-256 key in this order, keys in hexadecimal.
type statements struct {
	create []string

	user, userByHash, users, usersOf    string
	insertUser, updateUser, deleteUser  string
	secrets, insertSecret, deleteSecret string
	withoutSHA256, hasSecret            string
}

// The columns of names compare byte by byte in every dialect; a length of 508 is
// what RFC 8489 section 14.3 allows.
const (
	createUsers = `CREATE TABLE IF NOT EXISTS fairlead_users (
	realm %[1]s NOT NULL,
	name %[2]s NOT NULL,
	key_md5 CHAR(32) NOT NULL,
	key_sha256 CHAR(64),
	name_hash CHAR(64) NOT NULL,
	PRIMARY KEY (realm, name),
	UNIQUE (realm, name_hash)
)`
	createSecrets = `CREATE TABLE IF NOT EXISTS fairlead_secrets (
	realm %[1]s NOT NULL,
	name %[1]s NOT NULL,
	value %[2]s NOT NULL,
	PRIMARY KEY (realm, name)
)`
	createCoturnUsers = `CREATE TABLE IF NOT EXISTS turnusers_lt (
	realm VARCHAR(127) DEFAULT '',
	name VARCHAR(512),
	hmackey CHAR(128),
	PRIMARY KEY (realm, name)
)`
	createCoturnSecrets = `CREATE TABLE IF NOT EXISTS turn_secret (
	realm VARCHAR(127) DEFAULT '',
	value VARCHAR(256),
	PRIMARY KEY (realm, value)
)`
)

// of returns the statements for a dialect.
func (s Schema) of(d Dialect) statements {
	all := s.statements(d)
	for _, statement := range []*string{
		&all.user, &all.userByHash, &all.users, &all.usersOf, &all.insertUser, &all.updateUser, &all.deleteUser,
		&all.secrets, &all.insertSecret, &all.deleteSecret, &all.withoutSHA256, &all.hasSecret,
	} {
		*statement = d.place(*statement)
	}
	return all
}

func (s Schema) statements(d Dialect) statements {
	if s == SchemaCoturn {
		return statements{
			create:       []string{createCoturnUsers, createCoturnSecrets},
			user:         `SELECT realm, name, hmackey, NULL FROM turnusers_lt WHERE realm = ? AND name = ?`,
			users:        `SELECT realm, name, hmackey, NULL FROM turnusers_lt ORDER BY realm, name`,
			usersOf:      `SELECT realm, name, hmackey, NULL FROM turnusers_lt WHERE realm = ? ORDER BY name`,
			insertUser:   `INSERT INTO turnusers_lt (realm, name, hmackey) VALUES (?, ?, ?)`,
			updateUser:   `UPDATE turnusers_lt SET hmackey = ? WHERE realm = ? AND name = ?`,
			deleteUser:   `DELETE FROM turnusers_lt WHERE realm = ? AND name = ?`,
			secrets:      `SELECT '', value FROM turn_secret WHERE realm = ? ORDER BY value`,
			insertSecret: `INSERT INTO turn_secret (realm, value) VALUES (?, ?)`,
			deleteSecret: `DELETE FROM turn_secret WHERE realm = ? AND value = ?`,
		}
	}
	short, long := "VARCHAR(127)", "VARCHAR(508)"
	if d == MySQL {
		short, long = short+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", long+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	}
	return statements{
		create:        []string{fmt.Sprintf(createUsers, short, long), fmt.Sprintf(createSecrets, short, long)},
		user:          `SELECT realm, name, key_md5, key_sha256 FROM fairlead_users WHERE realm = ? AND name = ?`,
		userByHash:    `SELECT realm, name, key_md5, key_sha256 FROM fairlead_users WHERE realm = ? AND name_hash = ?`,
		users:         `SELECT realm, name, key_md5, key_sha256 FROM fairlead_users ORDER BY realm, name`,
		usersOf:       `SELECT realm, name, key_md5, key_sha256 FROM fairlead_users WHERE realm = ? ORDER BY name`,
		insertUser:    `INSERT INTO fairlead_users (realm, name, key_md5, key_sha256, name_hash) VALUES (?, ?, ?, ?, ?)`,
		updateUser:    `UPDATE fairlead_users SET key_md5 = ?, key_sha256 = ? WHERE realm = ? AND name = ?`,
		deleteUser:    `DELETE FROM fairlead_users WHERE realm = ? AND name = ?`,
		secrets:       `SELECT name, value FROM fairlead_secrets WHERE realm = ? ORDER BY name`,
		insertSecret:  `INSERT INTO fairlead_secrets (realm, name, value) VALUES (?, ?, ?)`,
		deleteSecret:  `DELETE FROM fairlead_secrets WHERE realm = ? AND name = ?`,
		withoutSHA256: `SELECT COUNT(*) FROM fairlead_users WHERE realm = ? AND key_sha256 IS NULL`,
		hasSecret:     `SELECT COUNT(*) FROM fairlead_secrets WHERE realm = ?`,
	}
}
